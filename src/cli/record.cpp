#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

#include "base/digest.h"
#include "cli/commands.h"

namespace berth::cli {

int record(const Where& where, const RecordOptions& options) {
  const auto text = get(where, "/_berth/record?service=" + percent_encode(options.service));
  if (!text) return explain(where, text.error());
  if (options.file.empty()) {
    std::cout << *text << std::flush;
    return 0;
  }
  std::ofstream file(options.file, std::ios::binary);
  file << *text;
  file.close();
  if (file) return 0;
  std::cerr << fmt::format("berth: {}: {}\n", options.file, std::strerror(errno));
  return 1;
}

}  // namespace berth::cli
