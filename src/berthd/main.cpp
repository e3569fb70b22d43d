#include <sys/resource.h>

#include <algorithm>
#include <iostream>

#include "base/log.h"
#include "berthd/daemon.h"

namespace {

// The usual soft limit of 1024 descriptors is what connections alone may take (limits::connections_max).
void raise_descriptor_limit() {
  constexpr rlim_t wanted = 16384;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  auto parsed = berth::parse_options(argc, argv);
  if (parsed.exit_code) return *parsed.exit_code;
  spdlog::set_level(spdlog::level::from_str(parsed.options.log_level));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
  raise_descriptor_limit();
  const std::string taken_down = parsed.options.take_down ? parsed.options.data_dir : "";
  berth::Daemon daemon(std::move(parsed.options));
  if (auto started = daemon.start(); !started) {
    std::cerr << "berthd: " << started.error().message << "\n";
    return 1;
  }
  if (const auto ran = daemon.run(); !ran) {
    std::cerr << "berthd: " << ran.error().message << "\n";
    return 1;
  }
  if (!taken_down.empty()) {
    std::cout << "Stacks, tasks, load balancers and networks are gone. The key, logs and mails in "
              << taken_down << " stay.\n";
  }
  return 0;
}
