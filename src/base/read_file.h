// The whole text of a small file: of /proc, a pid file, a configuration.
#pragma once

#include <fstream>
#include <sstream>
#include <string>

namespace berth {

// Empty when there is none, and what could be read of one that cannot be read to its end: a process that ends
// takes its files in /proc away. (A stream's buffer read directly, by its iterators, throws then.)
inline std::string read_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace berth
