// What a target of a rule gets of an event: all of it, a part of it, a constant, or a text made by an input
// transformer. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "loop/time.h"

namespace berth::control {

struct InputRule {
  std::optional<std::string> input{};          // Input
  std::optional<std::string> path{};           // InputPath
  std::optional<std::string> template_{};      // InputTransformer's InputTemplate ...
  std::map<std::string, std::string> paths{};  // ... and InputPathsMap
};

// ValidationException where a path is none, or a template names a variable that has no path.
Result<> check_input(const InputRule& rule);

struct TriggeringRule {
  std::string name;
  std::string arn;
};

// The text for the target; `ingested` is when the event came.
std::string target_input(const InputRule& rule, const json::value& event, const TriggeringRule& by,
                         Time ingested);

}  // namespace berth::control
