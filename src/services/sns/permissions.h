// A topic's policy: who may do what with it. berth enforces it where a service publishes by itself (EventBridge); the
// account's own calls are judged by their roles' policies alone.
#pragma once

#include <string>

#include "base/result.h"
#include "services/context.h"

namespace berth::sns {

// Of a topic that was given none.
std::string default_policy(const Settings& settings, const std::string& topic_arn);

struct PublishingService {
  std::string name;        // "events.amazonaws.com"
  std::string source_arn;  // what makes it publish
};
// Allowed, or why not: the topic is gone, or its policy does not name the service.
Result<> check_service_may_publish(const Store& store, const Settings& settings, const std::string& topic_arn,
                                   const PublishingService& service);

}  // namespace berth::sns
