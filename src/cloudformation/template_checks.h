// What berth asks of a template beyond its form: known resource types, policies that they support, and the
// capabilities that the caller has to acknowledge.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cloudformation/template/template.h"

namespace berth::cloudformation {

// Sorted, each once.
std::vector<std::string> unrecognized_types(const cfn::Template& of);
// `Template format error: Unrecognized resource types: [X]`, and deletion policies no type here supports.
Result<> check_types(const cfn::Template& of);

struct RequiredCapabilities {
  std::vector<std::string> capabilities;
  std::string reason;  // as GetTemplateSummary words it
};
RequiredCapabilities required_capabilities(const cfn::Template& of);

enum class Acceptance { change_set, directly };
// InsufficientCapabilities. A change set shows what a transform makes, so it needs no leave for one.
Result<> check_capabilities(const cfn::Template& of, const std::vector<std::string>& given,
                            Acceptance acceptance);

}  // namespace berth::cloudformation
