// How a service's error reads in a stack event: AWS's resource handlers put it into a sentence with an error
// code of CloudFormation's own.
#pragma once

#include <string_view>

#include "base/result.h"
#include "loop/rng.h"

namespace berth::cloudformation {

// The code of what is said of a nested stack, which needs no words around it.
inline constexpr const char* embedded_stack_failure = "EmbeddedStackFailure";

// NotFound, AlreadyExists, InvalidRequest, ... for an error code of any service.
std::string_view handler_error_code(std::string_view service_code);
// `Resource handler returned message: "..." (RequestToken: <uuid>, HandlerErrorCode: <Code>)`; the code
// stays.
Error handler_error(Rng& ids, const Error& error);
// The resource cannot go while something else uses it, which may end by itself.
bool is_still_in_use(const Error& error);

}  // namespace berth::cloudformation
