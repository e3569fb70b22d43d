// The transform AWS::LanguageExtensions: Fn::ForEach is unrolled and functions in DeletionPolicy and
// UpdateReplacePolicy are evaluated, which leaves the template that GetTemplate calls Processed. The other
// extensions (Fn::Length, Fn::ToJsonString, FindInMap with a default) are ordinary functions, see
// functions.h.
#pragma once

#include "cloudformation/template/functions.h"

namespace berth::cfn {

// `document` is what `of` was parsed from; without the transform it comes back unchanged. The caller parses
// the result again with parse_template().
Result<json::value> expand_language_extensions(const json::value& document, const Template& of,
                                               const ParameterValues& parameters,
                                               const Environment& environment);

}  // namespace berth::cfn
