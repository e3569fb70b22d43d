// Slots: the places of a target group's backend that targets are put into while HAProxy runs, and the small
// state machine of each. Everything here is a pure function over tables: which target gets which slot, what
// HAProxy's statistics say about it, and which commands make HAProxy equal to the table. It talks to nobody.
//
// A slot N is two servers of the backend. `tN` takes the traffic and is checked as the target group says.
// `oN` is a backup: HAProxy uses backups when no active server is left, which is the ALB's fail-open. While a
// target is fresh its `oN` runs the same check at a quicker pace, so that the first success is seen soon; no
// traffic before it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/haproxy_runtime.h"
#include "world/balancer.h"

namespace berth::host::haproxy {

enum class SlotPhase { free, fresh, healthy, unhealthy, draining };

struct Slot {
  SlotPhase phase = SlotPhase::free;
  std::string address;
  int port = 0;
  bool idle_told = false;  // of a draining target

  std::string id() const { return address + ":" + std::to_string(port); }
};

using SlotTable = std::map<std::string, std::vector<Slot>>;  // by target group ARN

// Gives every target of the group a slot, in order; frees those of targets that are gone. More slots are made
// when there are not twice as many as targets, so that a reload is rare.
void assign_slots(const world::TargetGroupSpec& group, std::vector<Slot>& slots);

// The slots as a running HAProxy has them, after a restart of our own.
std::vector<Slot> adopt_slots(const std::string& backend, const Statistics& rows);

// Brings the phases up to what HAProxy's checks have found. Returns the ids of draining targets whose last
// request in flight has ended; each is told once. `drains_certain` is false while an older HAProxy process
// may still hold requests to the same targets.
std::vector<std::string> observe_slots(const std::string& backend, const Statistics& rows,
                                       bool drains_certain, std::vector<Slot>& slots);

// The health of a slot's target in AWS's words, for one that is not draining.
world::TargetHealthEvent health_event(const world::TargetGroupSpec& group, const std::string& backend,
                                      const Statistics& rows, const std::vector<Slot>& slots,
                                      std::size_t index);

// Commands of the Runtime API that make the backend's servers what the slots say; none when they are already.
std::vector<std::string> slot_commands(const world::TargetGroupSpec& group, const std::string& backend,
                                       const Statistics& rows, const std::vector<Slot>& slots);

}  // namespace berth::host::haproxy
