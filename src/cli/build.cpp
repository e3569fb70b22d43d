#include <fmt/format.h>

#include <chrono>
#include <iostream>
#include <thread>

#include "base/digest.h"
#include "cli/commands.h"

namespace berth::cli {
namespace {

constexpr auto look_interval = std::chrono::milliseconds(200);

int exit_code_of(const std::string& status) {
  if (status == "SUCCEEDED") return 0;
  if (status == "STOPPED") return 3;
  if (status == "TIMED_OUT") return 4;
  if (status == "FAULT") return 5;
  return 1;
}

// Until the build is over; Ctrl-C ends the watching, not the build.
int follow(const Where& where, const std::string& id) {
  long long after_us = 0, after = -1;
  for (;;) {
    const auto progress = get_json(
        where, fmt::format("/_berth/build?id={}&after_us={}&after={}", percent_encode(id), after_us, after));
    if (!progress) return explain(where, progress.error());
    for (const auto& event : progress->at("events").as_array()) {
      after_us = event.at("time_us").to_number<long long>();
      after = event.at("sequence").to_number<long long>();
      std::cout << string_or(event, "message") << "\n";
    }
    std::cout << std::flush;
    if (progress->at("complete").as_bool()) {
      const std::string status = string_or(*progress, "status");
      const std::string reason = string_or(*progress, "reason");
      std::cerr << id << " " << status << (reason.empty() ? "" : ": " + reason) << "\n";
      return exit_code_of(status);
    }
    std::this_thread::sleep_for(look_interval);
  }
}

}  // namespace

int build(const Where& where, const BuildOptions& options) {
  const auto started = post(where, "/_berth/build?project=" + percent_encode(options.project));
  if (!started) return explain(where, started.error());
  json::value answer;
  JsonError error;
  if (!parse_json(*started, answer, error)) return explain(where, {"Failed", "berthd's answer is not JSON"});
  const std::string id = string_or(answer, "id");
  if (options.follow) return follow(where, id);
  std::cout << id << "\n";
  return 0;
}

}  // namespace berth::cli
