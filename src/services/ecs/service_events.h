// The events of a service: newest first, 100 kept, repeats muted.
#pragma once

#include <string>

#include "loop/rng.h"
#include "services/ecs/rows.h"

namespace berth::ecs {

inline constexpr std::size_t service_events_kept = 100;

void add_event(ServiceRow& service, Rng& rng, Time now, std::string message);
// Whether add_event_once() would add it.
bool event_due(const ServiceRow& service, Time now, const std::string& message);
// Only when the same message has not been said since it was resolved, or lately; true when it was added.
bool add_event_once(ServiceRow& service, Rng& rng, Time now, const std::string& message);

}  // namespace berth::ecs
