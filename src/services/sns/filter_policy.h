// Filter policies: which messages a subscription wants. Reads a policy, refuses what AWS refuses and what
// berth cannot match, and decides for one message. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "model/sns.h"

namespace berth::sns {

// `in_subscribe`: AWS words the error differently when the policy comes with Subscribe.
Result<> check_filter_policy(std::string_view policy, std::string_view scope, bool in_subscribe);

// `scope` is MessageAttributes or MessageBody; the policy has passed the check. An empty policy wants
// everything.
bool filter_policy_accepts(std::string_view policy, std::string_view scope,
                           const std::map<std::string, MessageAttributeValue>& attributes,
                           std::string_view body);

}  // namespace berth::sns
