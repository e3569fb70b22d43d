#include "sim/app_model.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <type_traits>
#include <variant>

namespace berth::sim {
namespace {

struct Key {
  const char* name;
  std::variant<double AppModel::*, int AppModel::*> member;
  double least;
  double most;
};

constexpr Key keys[] = {{"threads", &AppModel::threads, 1, 10'000},
                        {"cpu_ms", &AppModel::cpu_ms, 0.001, 600'000},
                        {"cpu_variation", &AppModel::cpu_variation, 0, 100},
                        {"cores", &AppModel::cores, 0, 10'000},
                        {"core_misses", &AppModel::core_misses, 0, 1},
                        {"overhead_ms", &AppModel::overhead_ms, 0, 600'000},
                        {"base_cpu_vcpu", &AppModel::base_cpu_vcpu, 0, 256},
                        {"memory_mib", &AppModel::memory_mib, 0, 1'000'000},
                        {"timeout_s", &AppModel::timeout_s, 0.1, 4000},  // AWS: an ALB's longest idle timeout
                        {"objective_ms", &AppModel::objective_ms, 0.1, 4'000'000}};

}  // namespace

Result<AppModel> parse_app_model(const std::string& toml_text, const std::string& name) {
  const auto wrong = [&](const std::string& problem) { return Error{"UsageError", name + ": " + problem}; };
  toml::table table;
  try {
    table = toml::parse(toml_text);
  } catch (const toml::parse_error& error) {
    return wrong(fmt::format("line {}: {}", error.source().begin.line, error.description()));
  }
  AppModel app;
  for (const auto& [key, node] : table) {
    const auto number = node.value<double>();
    if (!number) return wrong(fmt::format("{} must be a number", key.str()));
    const Key* known = nullptr;
    for (const auto& one : keys) {
      if (key.str() == one.name) known = &one;
    }
    if (!known) return wrong(fmt::format("unknown key {}", key.str()));
    if (!(*number >= known->least && *number <= known->most)) {  // so that nan is refused as well
      return wrong(fmt::format("{} must be {} to {}", known->name, known->least, known->most));
    }
    std::visit(
        [&](auto member) {
          app.*member = static_cast<std::remove_reference_t<decltype(app.*member)>>(*number);
        },
        known->member);
  }
  return app;
}

std::string write_app_model(const AppModel& app) {
  std::string text;
  for (const auto& key : keys)
    std::visit([&](auto member) { text += fmt::format("{} = {}\n", key.name, app.*member); }, key.member);
  return text;
}

}  // namespace berth::sim
