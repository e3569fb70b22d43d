#include "control/event_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace berth::control {
namespace {

constexpr std::size_t variables_max = 100;
constexpr std::string_view own_prefix = "aws.events.";  // of EventBridge's own variables

// "$.detail.containers[0].name": names and indices.
struct Step {
  std::string name{};
  std::optional<std::size_t> index{};
};

std::optional<std::vector<Step>> parse_path(std::string_view text) {
  if (!text.starts_with('$')) return std::nullopt;
  text.remove_prefix(1);
  std::vector<Step> steps;
  while (!text.empty()) {
    const bool by_name = text.front() == '.';
    if (!by_name && text.front() != '[') return std::nullopt;
    text.remove_prefix(1);
    const auto end = by_name ? std::min(text.find_first_of(".["), text.size()) : text.find(']');
    if (end == text.npos || end == 0) return std::nullopt;
    const auto word = text.substr(0, end);
    text.remove_prefix(by_name ? end : end + 1);
    if (by_name) {
      steps.push_back({.name = std::string(word)});
      continue;
    }
    const auto index = parse_integer(word);
    if (!index || *index < 0) return std::nullopt;
    steps.push_back({.index = static_cast<std::size_t>(*index)});
  }
  return steps;
}

// Null where the event has nothing there.
const json::value* look_up(const json::value& event, std::string_view path) {
  const auto steps = parse_path(path);
  if (!steps) return nullptr;
  const json::value* at = &event;
  for (const auto& step : *steps) {
    if (step.index) {
      const auto* list = at->if_array();
      at = list && *step.index < list->size() ? &(*list)[*step.index] : nullptr;
    } else {
      at = find(*at, step.name);
    }
    if (!at) return nullptr;
  }
  return at;
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '-' || c == '.';
  });
}

bool is_own_variable(std::string_view name) {
  for (const char* known : {"rule-arn", "rule-name", "event", "event.json", "event.ingestion-time"}) {
    if (name == std::string(own_prefix) + known) return true;
  }
  return false;
}

// The parts of a template in turn: literal text and variables, and whether each stands inside quotes.
template <class OnText, class OnVariable>
void walk(std::string_view text, OnText on_text, OnVariable on_variable) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto end = text[i] == '<' ? text.find('>', i) : text.npos;
    if (end != text.npos && is_variable_name(text.substr(i + 1, end - i - 1))) {
      on_variable(text.substr(i + 1, end - i - 1), quoted);
      i = end;
      continue;
    }
    if (text[i] == '\\' && i + 1 < text.size()) {
      on_text(text.substr(i++, 2));
      continue;
    }
    if (text[i] == '"') quoted = !quoted;
    on_text(text.substr(i, 1));
  }
}

// As the template's place wants it: JSON, or inside quotes the bare text.
std::string written(const json::value& value, bool quoted) {
  if (!quoted) return json::serialize(value);
  const auto* text = value.if_string();
  const std::string escaped =
      json::serialize(text ? value : json::value(json::string(json::serialize(value))));
  return escaped.substr(1, escaped.size() - 2);
}

json::value own_variable(std::string_view name, const json::value& event, const TriggeringRule& by,
                         Time ingested) {
  name.remove_prefix(own_prefix.size());
  if (name == "rule-arn") return json::string(by.arn);
  if (name == "rule-name") return json::string(by.name);
  if (name == "event.ingestion-time") return json::string(iso_s(ingested));
  return event;
}

Error not_valid(std::string_view what, std::string_view why) {
  return {"ValidationException", fmt::format("Parameter {} is not valid. Reason: {}", what, why)};
}

}  // namespace

Result<> check_input(const InputRule& rule) {
  const int kinds = (rule.input ? 1 : 0) + (rule.path ? 1 : 0) + (rule.template_ ? 1 : 0);
  if (kinds > 1)
    return not_valid("Target", "Only one of Input, InputPath, or InputTransformer must be provided.");
  json::value document;
  JsonError error;
  if (rule.input && !parse_json(*rule.input, document, error))
    return not_valid("Input", "Input must be valid JSON.");
  if (rule.path && !parse_path(*rule.path)) return not_valid("InputPath", "Invalid JSON path.");
  if (rule.paths.size() > variables_max)
    return not_valid("InputTransformer", "Too many InputPathsMap entries.");
  for (const auto& [name, path] : rule.paths) {
    if (!is_variable_name(name) || name.starts_with("AWS"))
      return not_valid("InputPathsMap", "Invalid key " + name + ".");
    if (!parse_path(path)) return not_valid("InputPathsMap", "Invalid JSON path " + path + ".");
  }
  std::string unknown;
  if (rule.template_) {
    walk(
        *rule.template_, [](std::string_view) {},
        [&](std::string_view name, bool) {
          if (unknown.empty() && !is_own_variable(name) && !rule.paths.contains(std::string(name)))
            unknown = name;
        });
  }
  if (unknown.empty()) return {};
  return not_valid("InputTransformer", "InputTemplate for target contains placeholder(s) " + unknown +
                                           " that are not in InputPathsMap.");
}

std::string target_input(const InputRule& rule, const json::value& event, const TriggeringRule& by,
                         Time ingested) {
  if (rule.input) return *rule.input;
  if (rule.path) {
    const auto* found = look_up(event, *rule.path);
    return found ? json::serialize(*found) : "null";
  }
  if (!rule.template_) return json::serialize(event);
  std::string out;
  walk(
      *rule.template_, [&](std::string_view text) { out += text; },
      [&](std::string_view name, bool quoted) {
        if (is_own_variable(name))
          return static_cast<void>(out += written(own_variable(name, event, by, ingested), quoted));
        const auto path = rule.paths.find(std::string(name));
        const auto* value = path == rule.paths.end() ? nullptr : look_up(event, path->second);
        if (value) out += written(*value, quoted);  // what the event lacks is left out
      });
  return out;
}

}  // namespace berth::control
