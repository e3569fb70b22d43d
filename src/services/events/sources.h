// The events that AWS's services send of themselves, read from how rows change: ECS's tasks, services and
// deployments, CloudWatch's alarms, CodeBuild's builds.
#pragma once

#include <vector>

#include "services/context.h"
#include "services/events/publish.h"

namespace berth::events {

// In the order in which they happened, as far as one commit tells. Their ids and times are left to the
// caller.
std::vector<NewEvent> events_of(const Store& store, const Settings& settings, const Changes& changes);

}  // namespace berth::events
