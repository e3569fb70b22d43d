// How a task's row changes: one status further, told to stop, and what the runtime reports of it. All of it
// inside a transaction, and each change harmless when it is made again.
#pragma once

#include "control/task_state.h"
#include "services/ecs/rows.h"
#include "world/runtime.h"

namespace berth::reconcile {

control::TaskStatus status_of(const ecs::TaskRow& task);
// One status further, with the times that go with it.
void move_to(ecs::TaskRow& task, control::TaskStatus status, Time now);
void order_stop(ecs::TaskRow& task, const control::StopReason& reason);
// It never ran: nothing of it is left in the runtime.
void fail_to_start(ecs::TaskRow& task, const Error& error, Time now);
// Nothing of it is left in the runtime, whatever the reason was.
void end_execution(ecs::TaskRow& task, const control::StopReason& reason, Time now);

// True when the event says something new.
bool apply_event(ecs::TaskRow& task, const world::TaskEvent& event, Time now);
// The same from a listing: what was missed while nobody listened.
bool apply_state(ecs::TaskRow& task, const world::TaskState& state, Time now);

bool essential_container_exited(const ecs::TaskRow& task);

}  // namespace berth::reconcile
