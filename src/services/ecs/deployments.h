// Beginning and ending a service's deployments: the PRIMARY one in the service's row, and the two records
// that tell of it afterwards, its service revision and its service deployment. When each is due is decided
// elsewhere.
#pragma once

#include <string>

#include "services/context.h"
#include "services/ecs/rows.h"

namespace berth::ecs {

// What the service is now becomes a new PRIMARY deployment; the former ones become ACTIVE. Inside a
// transaction; the service's row must be put by the caller.
void begin_deployment(Store& store, Loop& loop, const Settings& settings, ServiceRow& service);

// PRIMARY has rolled out: the others leave the list.
void complete_deployment(Store& store, ServiceRow& service, Time now);

// PRIMARY has failed. With `rollback_to` (the index of a completed deployment) that one becomes PRIMARY
// again.
void fail_deployment(Store& store, ServiceRow& service, std::optional<std::size_t> rollback_to, Time now);

// Closes the records of a service that is being deleted.
void stop_deployments(Store& store, ServiceRow& service, Time now);

}  // namespace berth::ecs
