// The last minutes of a service's scaling in the form of a simulated run's timeline, so that `berth explain`
// tells of both in the same words.
#pragma once

#include "berthd/status.h"
#include "services/ecs/rows.h"

namespace berth {

json::object scaling_of(const StatusSources& from, const ecs::ServiceRow& service);

}  // namespace berth
