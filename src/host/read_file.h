// The whole text of a small file: of /proc, a pid file, a configuration.
#pragma once

#include <fstream>
#include <iterator>
#include <string>

namespace berth::host {

// Empty when there is none.
inline std::string read_file(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace berth::host
