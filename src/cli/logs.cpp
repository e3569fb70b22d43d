#include <fmt/format.h>

#include <chrono>
#include <iostream>
#include <thread>

#include "base/digest.h"
#include "cli/commands.h"
#include "loop/time.h"

namespace berth::cli {

int show_logs(const Where& where, const LogsOptions& options) {
  // `berth status` names a service with its cluster.
  const std::string service = options.service.substr(options.service.rfind('/') + 1);
  std::string after;
  for (;;) {
    const auto page =
        get_json(where, fmt::format("/_berth/logs?service={}{}", percent_encode(service), after));
    if (!page) return explain(where, page.error());
    const auto* events = find(*page, "events");
    for (const auto& event : events && events->is_array() ? events->get_array() : json::array{}) {
      after = fmt::format("&after_us={}&after={}", event.at("time_us").to_number<std::int64_t>(),
                          event.at("sequence").to_number<std::int64_t>());
      if (options.json) {
        std::cout << json::serialize(event) << "\n";
      } else {
        const Time time{event.at("time_us").to_number<std::int64_t>()};
        std::cout << iso_ms(time) << " " << string_or(event, "stream") << " " << string_or(event, "message")
                  << "\n";
      }
    }
    std::cout << std::flush;
    if (!options.follow) return 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
}

}  // namespace berth::cli
