// The credentials of a role as a container finds them at /v2/credentials/<id>: the same for tasks and builds.
// Whose the request is, is not its matter.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "loop/loop.h"
#include "services/iam/rows.h"
#include "store/store.h"
#include "wire/wire.h"

namespace berth::gateway {

inline constexpr std::string_view credentials_path = "/v2/credentials/";

wire::Response json_response(int status, const json::value& body);
wire::Response credentials_refusal(int status, std::string_view code, std::string_view message);

// Those that the session has, while they last long enough; else new ones.
wire::Response role_credentials(Store& store, Loop& loop, const iam::RoleRow& role,
                                const std::string& session);

}  // namespace berth::gateway
