// Publishing to a topic from inside berth and from the API: one delivery per confirmed subscription is queued in the
// store, in the caller's transaction; the notification reconciler sends it.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "loop/rng.h"
#include "model/sns.h"
#include "services/context.h"

namespace berth::sns {

struct Publication {
  std::string topic_arn;
  std::string subject;  // may be empty
  std::string message;
  std::map<std::string, std::string> by_protocol;  // other texts for a protocol: "email" -> ...
  std::map<std::string, MessageAttributeValue> attributes;
};

// The message's id, or NotFoundException `Topic does not exist`.
Result<std::string> publish(Store& store, Rng& ids, const Settings& settings, const Publication& publication,
                            Time now);

}  // namespace berth::sns
