#include "reconcile/agenda.h"

#include <gtest/gtest.h>

namespace berth::reconcile {
namespace {

Time at(int second) {
  return from_unix_seconds(second);
}

TEST(Agenda, GivesBackWhatIsDueOnce) {
  Agenda agenda;
  EXPECT_FALSE(agenda.first());
  agenda.set("late", at(30));
  agenda.set("early", at(10));
  agenda.set("also early", at(10));
  agenda.set("gone", at(5));
  agenda.set("gone", std::nullopt);
  agenda.set("never there", std::nullopt);
  EXPECT_EQ(agenda.first(), at(10));
  std::set<std::string> due{"asked for otherwise"};
  agenda.take_due(at(9), due);
  EXPECT_EQ(due.size(), 1u);
  agenda.take_due(at(10), due);
  EXPECT_EQ(due, (std::set<std::string>{"also early", "asked for otherwise", "early"}));
  EXPECT_EQ(agenda.first(), at(30));
}

TEST(Agenda, AKeyHasOneTime) {
  Agenda agenda;
  agenda.set("a", at(10));
  agenda.set("a", at(20));
  std::set<std::string> due;
  agenda.take_due(at(15), due);
  EXPECT_TRUE(due.empty());
  agenda.set("a", at(12));
  EXPECT_EQ(agenda.first(), at(12));
  agenda.take_due(at(15), due);
  EXPECT_EQ(due, std::set<std::string>{"a"});
  EXPECT_FALSE(agenda.first());
}

}  // namespace
}  // namespace berth::reconcile
