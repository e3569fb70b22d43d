// The whole text of a small file: of /proc, a pid file, a configuration.
#pragma once

#include <fstream>
#include <sstream>
#include <string>

namespace berth::host {

// Empty when there is none.
inline std::string read_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace berth::host
