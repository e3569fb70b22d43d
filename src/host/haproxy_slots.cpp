#include "host/haproxy_slots.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace berth::host::haproxy {
namespace {

constexpr std::size_t slots_min = 16;
constexpr int serving_weight = 100;
constexpr const char* nowhere = "0.0.0.0:1";  // the address of a free slot's servers

Slot* find_slot(std::vector<Slot>& slots, const world::TargetSpec& target) {
  for (auto& slot : slots) {
    if (slot.phase != SlotPhase::free && slot.address == target.address && slot.port == target.port)
      return &slot;
  }
  return nullptr;
}

Slot& take_free_slot(std::vector<Slot>& slots) {
  for (auto& slot : slots) {
    if (slot.phase == SlotPhase::free) return slot;
  }
  return slots.emplace_back();
}

std::string server_name(char kind, std::size_t index) {
  return fmt::format("{}{}", kind, index + 1);
}

// What one server should be like, beside what it is.
struct ServerCommands {
  const std::string& backend;
  std::vector<std::string>& out;
  std::string name;
  const StatRow* row;

  void set(const std::string& what) {
    out.push_back(fmt::format("set server {}/{} {}", backend, name, what));
  }

  void rest() {  // nothing new; what is in flight may finish
    if (!row->in_maintenance()) set("state maint");
  }
  void leave() {
    if (row->address == nowhere) return rest();
    rest();
    out.push_back(fmt::format("shutdown sessions server {}/{}", backend, name));
    set("addr 0.0.0.0 port 1");
  }
  void move_to(const Slot& slot) {
    if (row->address == slot.id()) return;
    rest();
    if (row->address != nowhere) out.push_back(fmt::format("shutdown sessions server {}/{}", backend, name));
    set(fmt::format("addr {} port {}", slot.address, slot.port));
  }
  bool must_enter(const Slot& slot) const { return row->in_maintenance() || row->address != slot.id(); }
  void weigh(int weight) {
    if (row->weight != weight) set(fmt::format("weight {}", weight));
  }
};

void command_traffic_server(const world::TargetGroupSpec& group, const Slot& slot, ServerCommands server) {
  if (slot.phase == SlotPhase::free) return server.leave();
  server.move_to(slot);
  if (slot.phase == SlotPhase::draining) return server.rest();
  const bool enters = server.must_enter(slot);
  const bool is_fresh = slot.phase == SlotPhase::fresh;
  // HAProxy's slow start begins when a server leaves maintenance, not when its weight rises.
  const bool warms_up =
      !enters && slot.phase == SlotPhase::healthy && server.row->weight == 0 && group.slow_start.us > 0;
  if (warms_up) server.set("state maint");
  server.weigh(is_fresh ? 0 : serving_weight);
  if (enters || warms_up) {
    server.set("state ready");
    // HAProxy would take one failure for a verdict; from full health it needs the group's threshold.
    server.set("health up");
  } else if (slot.phase == SlotPhase::healthy && server.row->weight == 0 && server.row->is_down()) {
    server.set("health up");
  }
}

void command_backup_server(const world::TargetGroupSpec& group, const Slot& slot, ServerCommands server) {
  if (slot.phase == SlotPhase::free) return server.leave();
  server.move_to(slot);
  if (slot.phase == SlotPhase::draining) return server.rest();
  const bool enters = server.must_enter(slot);
  if (slot.phase == SlotPhase::fresh) {
    server.weigh(0);
    if (!enters) return;
    server.out.push_back(fmt::format("enable health {}/{}", server.backend, server.name));
    server.set("state ready");
    return server.set("health down");  // up again with the first check that passes
  }
  if (enters) server.set("state ready");
  const bool is_checked = !server.row->check_status.empty();
  if (group.check_enabled && (enters || is_checked)) {
    server.out.push_back(fmt::format("disable health {}/{}", server.backend, server.name));
  }
  server.weigh(serving_weight);
  if (enters || server.row->is_down()) server.set("health up");
}

// The verdict that HAProxy's checks have come to, or the phase as it is.
SlotPhase judged(const Slot& slot, const StatRow& traffic, const StatRow& backup) {
  if (traffic.in_maintenance() || traffic.address != slot.id()) return slot.phase;  // not there yet
  if (slot.phase != SlotPhase::fresh) {
    if (traffic.weight == 0) return slot.phase;
    return traffic.is_down() ? SlotPhase::unhealthy : SlotPhase::healthy;
  }
  const bool passed_once = backup.status.starts_with("UP") && backup.check_status.starts_with("L7OK");
  if (passed_once || traffic.check_status.starts_with("L7OK")) return SlotPhase::healthy;
  return traffic.is_down() ? SlotPhase::unhealthy : SlotPhase::fresh;
}

}  // namespace

void assign_slots(const world::TargetGroupSpec& group, std::vector<Slot>& slots) {
  std::set<std::string> wanted;
  for (const auto& target : group.targets) wanted.insert(target.id());
  for (auto& slot : slots) {
    if (slot.phase != SlotPhase::free && !wanted.contains(slot.id())) slot = Slot{};
  }
  for (const auto& target : group.targets) {
    Slot* slot = find_slot(slots, target);
    if (!slot) {
      slot = &take_free_slot(slots);
      *slot = {SlotPhase::fresh, target.address, target.port, false};
    }
    if (target.use == world::TargetUse::draining) {
      slot->phase = SlotPhase::draining;
    } else if (slot->phase == SlotPhase::draining) {
      *slot = {SlotPhase::fresh, target.address, target.port, false};
    }
    if (!group.check_enabled && slot->phase == SlotPhase::fresh) slot->phase = SlotPhase::healthy;
  }
  std::size_t count = slots_min;
  while (count < group.targets.size() * 2) count *= 2;
  if (slots.size() < std::max(slots_min, group.targets.size() + group.targets.size() / 4))
    slots.resize(count);
}

std::vector<Slot> adopt_slots(const std::string& backend, const Statistics& rows) {
  std::vector<Slot> slots;
  for (std::size_t i = 0;; ++i) {
    const StatRow* row = find_row(rows, backend, server_name('t', i));
    if (!row) return slots;
    Slot& slot = slots.emplace_back();
    const auto colon = row->address.rfind(':');
    if (row->address == nowhere || colon == std::string::npos) continue;
    slot.address = row->address.substr(0, colon);
    slot.port = std::stoi(row->address.substr(colon + 1));
    slot.phase = row->in_maintenance() ? SlotPhase::draining
                 : row->weight == 0    ? SlotPhase::fresh
                 : row->is_down()      ? SlotPhase::unhealthy
                                       : SlotPhase::healthy;
  }
}

world::TargetHealthEvent health_event(const world::TargetGroupSpec& group, const std::string& backend,
                                      const Statistics& rows, const std::vector<Slot>& slots,
                                      std::size_t index) {
  const Slot& slot = slots[index];
  world::TargetHealthEvent event{group.arn, slot.id(), world::TargetHealth::initial, "", ""};
  if (slot.phase == SlotPhase::healthy) {
    event.health = world::TargetHealth::healthy;
  } else if (slot.phase == SlotPhase::fresh) {
    event.reason = "Elb.InitialHealthChecking";
    event.description = "Initial health checks in progress";
  } else {
    event.health = world::TargetHealth::unhealthy;
    const StatRow* row = find_row(rows, backend, server_name('t', index));
    const std::string check = row ? row->check_status : "";
    if (check == "L7STS") {
      event.reason = "Target.ResponseCodeMismatch";
      event.description = fmt::format("Health checks failed with these codes: [{}]", row->check_code);
    } else if (check.ends_with("TOUT")) {
      event.reason = "Target.Timeout";
      event.description = "Request timed out";
    } else {
      event.reason = "Target.FailedHealthChecks";
      event.description = "Health checks failed";
    }
  }
  return event;
}

std::vector<std::string> observe_slots(const std::string& backend, const Statistics& rows,
                                       bool drains_certain, std::vector<Slot>& slots) {
  std::vector<std::string> idle;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    Slot& slot = slots[i];
    if (slot.phase == SlotPhase::free) continue;
    const StatRow* traffic = find_row(rows, backend, server_name('t', i));
    const StatRow* backup = find_row(rows, backend, server_name('o', i));
    if (!traffic || !backup) continue;
    if (slot.phase != SlotPhase::draining) {
      slot.phase = judged(slot, *traffic, *backup);
      continue;
    }
    const bool at_rest = traffic->in_maintenance() && backup->in_maintenance();
    const bool in_flight = traffic->current_sessions + backup->current_sessions > 0;
    if (!at_rest || in_flight || !drains_certain || slot.idle_told) continue;
    slot.idle_told = true;
    idle.push_back(slot.id());
  }
  return idle;
}

std::vector<std::string> slot_commands(const world::TargetGroupSpec& group, const std::string& backend,
                                       const Statistics& rows, const std::vector<Slot>& slots) {
  std::vector<std::string> commands;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const std::string traffic = server_name('t', i);
    const std::string backup = server_name('o', i);
    const StatRow* traffic_row = find_row(rows, backend, traffic);
    const StatRow* backup_row = find_row(rows, backend, backup);
    if (!traffic_row || !backup_row) continue;
    command_traffic_server(group, slots[i], {backend, commands, traffic, traffic_row});
    command_backup_server(group, slots[i], {backend, commands, backup, backup_row});
  }
  return commands;
}

}  // namespace berth::host::haproxy
