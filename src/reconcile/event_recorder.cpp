#include "reconcile/event_recorder.h"

#include "services/events/publish.h"
#include "services/events/sources.h"

namespace berth::reconcile {

EventRecorder::EventRecorder(Store& store, Loop& loop, const Settings& settings)
    : store_(store), loop_(loop), settings_(settings) {
  amendment_ = store_.amend([this](const Changes& changes) { record(changes); });
}

EventRecorder::~EventRecorder() {
  store_.stop_amending(amendment_);
}

void EventRecorder::record(const Changes& changes) {
  if (!events::any_pattern(store_)) return;
  for (auto& event : events::events_of(store_, settings_, changes)) {
    event.id = random_uuid(loop_.rng("event ids"));
    event.time = loop_.now();
    events::publish(store_, events::event_document(settings_, event), loop_.now());
  }
}

}  // namespace berth::reconcile
