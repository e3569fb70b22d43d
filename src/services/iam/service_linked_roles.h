// The roles that AWS's services make for themselves when they are first used; the operations on them are
// handlers like any other.
#pragma once

#include <string>

#include "services/context.h"

namespace berth::iam {

// The ARN of the role of `service` ("ecs.amazonaws.com"), which is made if there is none.
Result<std::string> service_linked_role(Context& context, const std::string& service);

}  // namespace berth::iam
