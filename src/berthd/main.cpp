#include <iostream>

#include "base/log.h"
#include "berthd/daemon.h"

int main(int argc, char** argv) {
  auto parsed = berth::parse_options(argc, argv);
  if (parsed.exit_code) return *parsed.exit_code;
  spdlog::set_level(spdlog::level::from_str(parsed.options.log_level));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
  berth::Daemon daemon(std::move(parsed.options));
  if (auto started = daemon.start(); !started) {
    std::cerr << "berthd: " << started.error().message << "\n";
    return 1;
  }
  daemon.run();
  return 0;
}
