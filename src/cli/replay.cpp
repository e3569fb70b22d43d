#include "study/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/simulate_input.h"

namespace berth::cli {
namespace {

std::string cell(const std::vector<study::Decision>& decisions, std::size_t i) {
  return i < decisions.size() ? iso_ms(decisions[i].time) + "  " + decisions[i].what : "-";
}

json::array list_of(const std::vector<study::Decision>& decisions) {
  json::array list;
  for (const auto& decision : decisions)
    list.push_back({{"time", iso_ms(decision.time)}, {"what", decision.what}});
  return list;
}

std::string verdict_of(const study::ReplayResult& result) {
  if (result.first_difference) {
    return fmt::format("different from decision {} on: recorded {}, replayed {}",
                       *result.first_difference + 1, cell(result.recorded, *result.first_difference),
                       cell(result.replayed, *result.first_difference));
  }
  return fmt::format("identical: {} decisions", result.recorded.size());
}

}  // namespace

int replay_record(const std::string& file, bool as_json) {
  const auto text = read_input(file);
  if (!text) return refuse(text.error());
  spdlog::set_level(spdlog::level::err);
  const auto result = study::replay(*text);
  if (!result) return refuse({"UsageError", file + ": " + result.error().message});
  const int code = result->first_difference ? 1 : 0;
  if (as_json) {
    std::cout << json::serialize(json::object{{"service", result->service},
                                              {"identical", code == 0},
                                              {"recorded", list_of(result->recorded)},
                                              {"replayed", list_of(result->replayed)}})
              << "\n";
    return code;
  }
  std::cout << fmt::format("{} from {} on, time scale {}\n", result->service, iso_s(result->begins),
                           result->time_scale);
  for (std::size_t i = 0; i < std::max(result->recorded.size(), result->replayed.size()); ++i) {
    const bool here = result->first_difference && i >= *result->first_difference;
    std::cout << fmt::format("{} recorded  {}\n  replayed  {}\n", here ? "!" : " ", cell(result->recorded, i),
                             cell(result->replayed, i));
  }
  std::cout << verdict_of(*result) << "\n";
  return code;
}

}  // namespace berth::cli
