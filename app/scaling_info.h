// GET /api/scalinginfo: asks ECS about the article's service on a thread of its own, so that a slow ECS holds
// up no other request. All requests that wait when a call starts share its answer; there is never more than
// one call.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "ecs_client.h"
#include "http_message.h"

namespace learner {

// Names a request that is answered later.
using Ticket = std::uint64_t;

struct Answer {
  Ticket ticket;
  Response response;
};

// The article's body for what DescribeServices said; errors are logged.
Response scaling_info_response(const std::variant<Value, EcsClient::Failure>& described);

class ScalingInfo {
 public:
  // `wake_fd` is an eventfd, written to when an answer is ready. Without a region there is no client, as in
  // boto3.
  ScalingInfo(EcsClient client, int wake_fd);
  ~ScalingInfo();

  // The response at once when there is no client; else it comes under `ticket`.
  std::optional<Response> ask(Ticket ticket);
  std::vector<Answer> take_ready();

 private:
  void work();

  const EcsClient client_;
  const int wake_fd_;
  std::mutex mutex_;
  std::condition_variable asked_;
  bool stopping_ = false;
  std::vector<Ticket> waiting_;
  std::vector<Answer> ready_;
  std::thread thread_;  // started by the first request
};

}  // namespace learner
