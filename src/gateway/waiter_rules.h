// The calls of client-side waiters whose answer may be held back: who makes them, and which answers would
// only make the client sleep and ask again.
#pragma once

#include <string_view>

#include "wire/wire.h"

namespace berth::gateway {

// Whether a waiter of the CLI or of an SDK sent the request, by its User-Agent.
bool is_waiter_call(const wire::Request& request);

// Whether the output of this operation says that something is still under way.
using Unsettled = bool (*)(const void* output);
// Null for operations whose answers are never held.
Unsettled find_waiter_rule(std::string_view service, std::string_view operation);

}  // namespace berth::gateway
