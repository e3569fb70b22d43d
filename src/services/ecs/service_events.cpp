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

bool add_event_once(ServiceRow& service, Rng& rng, Time now, const std::string& message) {
  const auto said = service.muted_events.find(message);
  if (said != service.muted_events.end() && !control::service_event::due(said->second, now)) return false;
  service.muted_events[message] = now;
  add_event(service, rng, now, message);
  return true;
}

void resolve_event(ServiceRow& service, const std::string& message) {
  service.muted_events.erase(message);
}

}  // namespace berth::ecs
