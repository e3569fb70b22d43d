// What is needed of roles beside their own operations. Handlers are declared elsewhere, rows in rows.h.
#pragma once

#include "model/iam.h"
#include "services/context.h"
#include "services/iam/rows.h"

namespace berth::iam {

// With name, id, ARN and time; nothing of it is stored yet.
RoleRow new_role(Context& context, const std::string& name, const std::string& path);
// As answers show it, without tags.
Role describe(const RoleRow& row);
bool is_in_instance_profile(const Store& store, const std::string& role);

}  // namespace berth::iam
