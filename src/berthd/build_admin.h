// What `berth build` asks: to start a build, and how far it has come with what it has written meanwhile.
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "services/context.h"

namespace berth {

// {"id": ...}
Result<json::value> start_build_for(Context& context, const std::string& project);

// {"status", "phase", "complete", "reason", "events"}; events behind (after_us, after_sequence).
Result<json::value> build_progress(Context& context, const std::string& id, long long after_us,
                                   long long after_sequence);

}  // namespace berth
