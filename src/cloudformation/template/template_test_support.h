// Shorthands of this folder's tests.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "cloudformation/template/functions.h"
#include "cloudformation/template/parameters.h"
#include "cloudformation/template/template.h"
#include "cloudformation/template/template_reader.h"

namespace berth::cfn {

template <class T>
std::string message_of(const Result<T>& result) {
  return result ? "" : result.error().message;
}

inline Result<Template> parsed(const std::string& text) {
  auto document = read_template(text, template_url_bytes_max);
  if (!document) return document.error();
  return parse_template(*document);
}

// A template that has to be good.
inline Template good(const std::string& text) {
  auto out = parsed(text);
  EXPECT_TRUE(out) << message_of(out);
  return out ? *out : Template{};
}

inline Result<std::string> no_ssm(std::string_view, std::string_view name) {
  return Error{"ParameterNotFound", std::string(name)};
}

}  // namespace berth::cfn
