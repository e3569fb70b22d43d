#include "services/ecs/service_events.h"

#include "control/service_event.h"
#include "loop/rng.h"

namespace berth::ecs {

void add_event(ServiceRow& service, Rng& rng, Time now, std::string message) {
  ServiceEvent event;
  event.id = random_uuid(rng);
  event.created_at = now;
  event.message = std::move(message);
  service.events.insert(service.events.begin(), std::move(event));
  if (service.events.size() > service_events_kept) service.events.resize(service_events_kept);
}

bool event_due(const ServiceRow& service, Time now, const std::string& message) {
  const auto said = service.muted_events.find(message);
  return said == service.muted_events.end() || control::service_event::due(said->second, now);
}

bool add_event_once(ServiceRow& service, Rng& rng, Time now, const std::string& message) {
  if (!event_due(service, now, message)) return false;
  service.muted_events[message] = now;
  add_event(service, rng, now, message);
  return true;
}

}  // namespace berth::ecs
