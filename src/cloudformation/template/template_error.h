// The two ways in which a template is wrong, worded as CloudFormation words them. Every failure of this
// folder is a ValidationError; which operation reports it, and how, is the stack engine's business.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/result.h"

namespace berth::cfn {

inline Error validation_error(std::string message) {
  return Error{"ValidationError", std::move(message)};
}

// The template's form is wrong: it can be seen without evaluating anything.
template <class... Args>
Error format_error(fmt::format_string<Args...> text, Args&&... args) {
  return validation_error("Template format error: " + fmt::format(text, std::forward<Args>(args)...));
}

// A function or condition cannot be evaluated.
template <class... Args>
Error template_error(fmt::format_string<Args...> text, Args&&... args) {
  return validation_error("Template error: " + fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace berth::cfn
