// Cloud Map answers with operations, whose outcome is asked for. Here they are over at once.
#pragma once

#include <map>
#include <string>

#include "services/context.h"
#include "services/servicediscovery/rows.h"

namespace berth::servicediscovery {

// Its id. `failure`: {CANNOT_CREATE_HOSTED_ZONE, why}, or no error. Old ones are forgotten.
std::string record_operation(Context& context, const char* type, std::map<std::string, std::string> targets,
                             const Result<>& outcome = {});

}  // namespace berth::servicediscovery
