// Scalable targets: what of them the reconcilers need beside the handlers.
#pragma once

#include <string>

#include "loop/time.h"
#include "store/store.h"

namespace berth::autoscaling {

// Removes the target with its policies, their alarms and its scheduled actions; activities stay. Inside a
// transaction.
void remove_target(Store& store, const std::string& resource_id, Time now);

}  // namespace berth::autoscaling
