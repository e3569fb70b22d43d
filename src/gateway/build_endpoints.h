// BuildEndpoints: what a build finds at 169.254.170.2 in its own network: the credentials of its project's
// service role, and AWS's API itself. A network has one build in it, so that its requests need no other mark.
#pragma once

#include <string>

#include "gateway/gateway.h"
#include "services/context.h"

namespace berth::gateway {

class BuildEndpoints {
 public:
  BuildEndpoints(Store& store, Loop& loop, Gateway& api) : store_(store), loop_(loop), api_(api) {}

  // `build_id`: the part of its id that follows the project's name.
  void handle(const std::string& build_id, wire::Request request, const std::string& remote_address,
              net::Respond respond);
  Gateway& api() { return api_; }

 private:
  wire::Response credentials(const std::string& build_id, std::string_view asked_for) const;

  Store& store_;
  Loop& loop_;
  Gateway& api_;
};

}  // namespace berth::gateway
