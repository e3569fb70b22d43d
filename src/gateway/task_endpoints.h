// TaskEndpoints: what a task finds at 169.254.170.2 in its VPC: the credentials of its role and its metadata
// (version 4); and AWS's API where a VPC endpoint leads to it. Tasks are told apart by their address within
// the VPC that the request came through; the paths carry a secret besides, as on AWS.
#pragma once

#include <string>

#include "gateway/gateway.h"
#include "services/context.h"
#include "services/ecs/rows.h"

namespace berth::gateway {

class TaskEndpoints {
 public:
  TaskEndpoints(Store& store, Loop& loop, const Settings& settings, Gateway& api)
      : store_(store), loop_(loop), settings_(settings), api_(api) {}

  void handle(const std::string& vpc_id, wire::Request request, const std::string& remote_address,
              net::Respond respond);
  // A call to AWS's API by a VPC endpoint: refused unless there is one for the service, or another way to it.
  void handle_call(const std::string& vpc_id, wire::Request request, const std::string& remote_address,
                   net::Respond respond);

 private:
  const ecs::TaskRow* find_task(const std::string& vpc_id, const std::string& address) const;
  wire::Response credentials(const ecs::TaskRow* task, std::string_view id);
  wire::Response metadata(const ecs::TaskRow* task, std::string_view path) const;

  Store& store_;
  Loop& loop_;
  const Settings& settings_;
  Gateway& api_;
};

}  // namespace berth::gateway
