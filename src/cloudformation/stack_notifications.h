// Stack events for the topics that a stack was given as NotificationARNs.
#pragma once

#include "cloudformation/rows.h"
#include "services/context.h"

namespace berth::cloudformation {

// In an open transaction. A topic that is gone hears nothing, as on AWS.
void notify_topics(Context& context, const StackRow& stack, const StackEvent& event);

}  // namespace berth::cloudformation
