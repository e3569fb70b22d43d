// Whether something can be subscribed: protocols, addresses and subscription attributes. Pure.
#pragma once

#include <map>
#include <string>

#include "base/result.h"

namespace berth::sns {

Result<> check_endpoint(const std::string& protocol, const std::string& endpoint);

// One attribute of a subscription; `all` are those that it has, with this one.
Result<> check_subscription_attribute(const std::string& protocol, const std::string& name,
                                      const std::map<std::string, std::string>& all, bool in_subscribe);

bool is_mail_address(const std::string& address);

}  // namespace berth::sns
