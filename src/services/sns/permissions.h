// A topic's policy: who may do what with it. berth keeps it and shows it; it does not enforce it.
#pragma once

#include <string>

#include "services/context.h"

namespace berth::sns {

// Of a topic that was given none.
std::string default_policy(const Settings& settings, const std::string& topic_arn);

}  // namespace berth::sns
