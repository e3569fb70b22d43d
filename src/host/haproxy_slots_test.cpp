#include "host/haproxy_slots.h"

#include <gtest/gtest.h>

namespace berth::host::haproxy {
namespace {

using world::TargetUse;
using Commands = std::vector<std::string>;

world::TargetGroupSpec group_of(std::vector<world::TargetSpec> targets) {
  world::TargetGroupSpec group;
  group.arn = "arn/web";
  group.targets = std::move(targets);
  return group;
}

StatRow server(const std::string& name, const std::string& status, const std::string& address, int weight,
               const std::string& check = "") {
  StatRow row;
  row.proxy = "tg";
  row.server = name;
  row.status = status;
  row.address = address;
  row.weight = weight;
  row.check_status = check;
  return row;
}

Statistics rows_of(std::vector<StatRow> rows) {
  Statistics statistics;
  for (auto& row : rows) statistics["tg/" + row.server] = std::move(row);
  return statistics;
}

TEST(HaproxySlots, ATargetKeepsItsSlot) {
  std::vector<Slot> slots;
  assign_slots(group_of({{"10.0.0.1", 80, {}}, {"10.0.0.2", 80, {}}}), slots);
  ASSERT_EQ(slots.size(), 16u);
  slots[1].phase = SlotPhase::healthy;
  assign_slots(group_of({{"10.0.0.2", 80, {}}, {"10.0.0.3", 80, {}}}), slots);
  EXPECT_EQ(slots[0].id(), "10.0.0.3:80");
  EXPECT_EQ(slots[0].phase, SlotPhase::fresh);
  EXPECT_EQ(slots[1].id(), "10.0.0.2:80");
  EXPECT_EQ(slots[1].phase, SlotPhase::healthy);

  assign_slots(group_of({{"10.0.0.2", 80, TargetUse::draining}}), slots);
  EXPECT_EQ(slots[0].phase, SlotPhase::free);
  EXPECT_EQ(slots[1].phase, SlotPhase::draining);
  assign_slots(group_of({{"10.0.0.2", 80, {}}}), slots);
  EXPECT_EQ(slots[1].phase, SlotPhase::fresh);
}

TEST(HaproxySlots, ThereAreMoreSlotsThanTargets) {
  std::vector<Slot> slots;
  auto group = group_of({});
  assign_slots(group, slots);
  for (int i = 0; i < 12; ++i) group.targets.push_back({"10.0.0.1", 80 + i, {}});
  assign_slots(group, slots);
  EXPECT_EQ(slots.size(), 16u);
  group.targets.push_back({"10.0.0.1", 99, {}});
  group.targets.push_back({"10.0.0.2", 80, {}});
  assign_slots(group, slots);
  EXPECT_EQ(slots.size(), 32u);
}

TEST(HaproxySlots, AFreshTargetEntersWithoutWeight) {
  const auto group = group_of({{"10.0.0.1", 80, {}}});
  const std::vector<Slot> slots{{SlotPhase::fresh, "10.0.0.1", 80, false}};
  const auto rows =
      rows_of({server("t1", "MAINT", "0.0.0.0:1", 100), server("o1", "MAINT", "0.0.0.0:1", 100)});
  EXPECT_EQ(
      slot_commands(group, "tg", rows, slots),
      (Commands{"set server tg/t1 addr 10.0.0.1 port 80", "set server tg/t1 weight 0",
                "set server tg/t1 state ready", "set server tg/t1 health up",
                "set server tg/o1 addr 10.0.0.1 port 80", "set server tg/o1 weight 0", "enable health tg/o1",
                "set server tg/o1 state ready", "set server tg/o1 health down"}));
  const auto entered =
      rows_of({server("t1", "UP", "10.0.0.1:80", 0, "INI"), server("o1", "DOWN", "10.0.0.1:80", 0, "INI")});
  EXPECT_EQ(slot_commands(group, "tg", entered, slots), Commands{});
}

TEST(HaproxySlots, TheFirstPassedCheckBringsTraffic) {
  const auto group = group_of({{"10.0.0.1", 80, {}}});
  std::vector<Slot> slots{{SlotPhase::fresh, "10.0.0.1", 80, false}};
  auto rows = rows_of(
      {server("t1", "UP 1/2", "10.0.0.1:80", 0, "L7STS"), server("o1", "DOWN", "10.0.0.1:80", 0, "L7STS")});
  observe_slots("tg", rows, true, slots);
  EXPECT_EQ(slots[0].phase, SlotPhase::fresh);
  rows = rows_of(
      {server("t1", "UP 1/2", "10.0.0.1:80", 0, "L7STS"), server("o1", "UP", "10.0.0.1:80", 0, "L7OK")});
  observe_slots("tg", rows, true, slots);
  EXPECT_EQ(slots[0].phase, SlotPhase::healthy);
  EXPECT_EQ(slot_commands(group, "tg", rows, slots),
            (Commands{"set server tg/t1 weight 100", "disable health tg/o1", "set server tg/o1 weight 100"}));
}

TEST(HaproxySlots, SlowStartBeginsWithTheFirstPassedCheck) {
  auto group = group_of({{"10.0.0.1", 80, {}}});
  group.slow_start = Duration::seconds(30);
  const std::vector<Slot> slots{{SlotPhase::healthy, "10.0.0.1", 80, false}};
  const auto rows =
      rows_of({server("t1", "UP", "10.0.0.1:80", 0, "L7OK"), server("o1", "no check", "10.0.0.1:80", 100)});
  EXPECT_EQ(slot_commands(group, "tg", rows, slots),
            (Commands{"set server tg/t1 state maint", "set server tg/t1 weight 100",
                      "set server tg/t1 state ready", "set server tg/t1 health up"}));
}

TEST(HaproxySlots, AFreshTargetThatKeepsFailingIsUnhealthy) {
  const auto group = group_of({{"10.0.0.1", 80, {}}});
  std::vector<Slot> slots{{SlotPhase::fresh, "10.0.0.1", 80, false}};
  auto down = server("t1", "DOWN", "10.0.0.1:80", 0, "L7STS");
  down.check_code = 503;
  const auto rows = rows_of({down, server("o1", "DOWN", "10.0.0.1:80", 0, "L7STS")});
  observe_slots("tg", rows, true, slots);
  ASSERT_EQ(slots[0].phase, SlotPhase::unhealthy);
  const auto event = health_event(group, "tg", rows, slots, 0);
  EXPECT_EQ(event.reason, "Target.ResponseCodeMismatch");
  EXPECT_EQ(event.description, "Health checks failed with these codes: [503]");
  // Its weight counts when it has recovered; until then it is the backup that serves if all fail.
  EXPECT_EQ(slot_commands(group, "tg", rows, slots),
            (Commands{"set server tg/t1 weight 100", "disable health tg/o1", "set server tg/o1 weight 100",
                      "set server tg/o1 health up"}));
}

TEST(HaproxySlots, ReasonsOfUnhealthyTargets) {
  const auto group = group_of({{"10.0.0.1", 80, {}}});
  const std::vector<Slot> slots{{SlotPhase::unhealthy, "10.0.0.1", 80, false}};
  const auto reason = [&](const std::string& check) {
    const auto event =
        health_event(group, "tg", rows_of({server("t1", "DOWN", "10.0.0.1:80", 100, check)}), slots, 0);
    return event.reason + "|" + event.description;
  };
  EXPECT_EQ(reason("L4TOUT"), "Target.Timeout|Request timed out");
  EXPECT_EQ(reason("L7TOUT"), "Target.Timeout|Request timed out");
  EXPECT_EQ(reason("L4CON"), "Target.FailedHealthChecks|Health checks failed");
  EXPECT_EQ(reason("L7RSP"), "Target.FailedHealthChecks|Health checks failed");
}

TEST(HaproxySlots, DrainingWaitsForTheLastRequest) {
  const auto group = group_of({{"10.0.0.1", 80, TargetUse::draining}});
  std::vector<Slot> slots{{SlotPhase::draining, "10.0.0.1", 80, false}};
  auto rows = rows_of({server("t1", "UP", "10.0.0.1:80", 100), server("o1", "no check", "10.0.0.1:80", 100)});
  EXPECT_EQ(slot_commands(group, "tg", rows, slots),
            (Commands{"set server tg/t1 state maint", "set server tg/o1 state maint"}));
  EXPECT_TRUE(observe_slots("tg", rows, true, slots).empty());  // not at rest yet
  for (auto& [name, row] : rows) row.status = "MAINT";
  rows["tg/t1"].current_sessions = 1;
  EXPECT_TRUE(observe_slots("tg", rows, true, slots).empty());
  rows["tg/t1"].current_sessions = 0;
  EXPECT_TRUE(observe_slots("tg", rows, false, slots).empty());  // an older process may hold one
  EXPECT_EQ(observe_slots("tg", rows, true, slots), std::vector<std::string>{"10.0.0.1:80"});
  EXPECT_TRUE(observe_slots("tg", rows, true, slots).empty());  // told once

  slots[0] = Slot{};
  EXPECT_EQ(slot_commands(group, "tg", rows, slots),
            (Commands{"shutdown sessions server tg/t1", "set server tg/t1 addr 0.0.0.0 port 1",
                      "shutdown sessions server tg/o1", "set server tg/o1 addr 0.0.0.0 port 1"}));
}

TEST(HaproxySlots, AnotherTargetInTheSlotCutsTheOldOneOff) {
  const auto group = group_of({{"10.0.0.2", 80, {}}});
  const std::vector<Slot> slots{{SlotPhase::fresh, "10.0.0.2", 80, false}};
  const auto rows =
      rows_of({server("t1", "UP", "10.0.0.1:80", 100, "L7OK"), server("o1", "MAINT", "0.0.0.0:1", 100)});
  const auto commands = slot_commands(group, "tg", rows, slots);
  EXPECT_EQ(Commands(commands.begin(), commands.begin() + 5),
            (Commands{"set server tg/t1 state maint", "shutdown sessions server tg/t1",
                      "set server tg/t1 addr 10.0.0.2 port 80", "set server tg/t1 weight 0",
                      "set server tg/t1 state ready"}));
}

TEST(HaproxySlots, ARunningHaproxyTellsItsSlots) {
  const auto rows =
      rows_of({server("t1", "UP", "10.0.0.1:80", 100), server("t2", "DOWN 1/5", "10.0.0.2:80", 100),
               server("t3", "MAINT", "10.0.0.3:80", 100), server("t4", "MAINT", "0.0.0.0:1", 100),
               server("t5", "UP", "10.0.0.5:80", 0)});
  const auto slots = adopt_slots("tg", rows);
  ASSERT_EQ(slots.size(), 5u);
  EXPECT_EQ(slots[0].phase, SlotPhase::healthy);
  EXPECT_EQ(slots[1].phase, SlotPhase::unhealthy);
  EXPECT_EQ(slots[2].phase, SlotPhase::draining);
  EXPECT_EQ(slots[3].phase, SlotPhase::free);
  EXPECT_EQ(slots[4].phase, SlotPhase::fresh);
  EXPECT_EQ(slots[4].port, 80);
}

}  // namespace
}  // namespace berth::host::haproxy
