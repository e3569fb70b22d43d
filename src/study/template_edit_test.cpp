#include "study/template_edit.h"

#include <gtest/gtest.h>

#include "cloudformation/template/template_reader.h"

namespace berth::study {
namespace {

json::value policy_template() {
  auto document = cfn::read_template(R"(
Resources:
  Policy:
    Type: AWS::ApplicationAutoScaling::ScalingPolicy
    Properties:
      Name: cpu
      Config: {TargetValue: 40.0, ScaleInCooldown: 60}
      Steps: [{Lower: 0, Change: 1}, {Lower: 20, Change: 2}]
  Bare: {Type: AWS::SNS::Topic}
)");
  EXPECT_TRUE(document);
  return *document;
}

std::string problem_of(const std::string& setting) {
  auto document = policy_template();
  const auto done = set_property(document, setting);
  return done ? "none" : done.error().message;
}

std::string at(const json::value& document, const char* pointer) {
  boost::system::error_code missing;
  const auto* value = document.find_pointer(pointer, missing);
  return value && value->is_string() ? std::string(value->get_string()) : "not there";
}

TEST(SetProperty, AddsElementsToLists) {
  auto document = policy_template();
  ASSERT_TRUE(set_property(document, "Policy.Made.0.Names.0=first"));
  ASSERT_TRUE(set_property(document, "Policy.Made.0.Names.1=second"));
  EXPECT_EQ(at(document, "/Resources/Policy/Properties/Made/0/Names/0"), "first");
  EXPECT_EQ(at(document, "/Resources/Policy/Properties/Made/0/Names/1"), "second");
}

TEST(SetProperty, ChangesWhatIsThere) {
  auto document = policy_template();
  ASSERT_TRUE(set_property(document, "Policy.Config.TargetValue=60"));
  EXPECT_EQ(at(document, "/Resources/Policy/Properties/Config/TargetValue"), "60");
  EXPECT_EQ(at(document, "/Resources/Policy/Properties/Config/ScaleInCooldown"), "60");
  EXPECT_EQ(at(document, "/Resources/Policy/Properties/Name"), "cpu");
}

TEST(SetProperty, MakesWhatIsNotThere) {
  auto document = policy_template();
  ASSERT_TRUE(set_property(document, "Policy.Other.Deep=a=b"));
  ASSERT_TRUE(set_property(document, "Bare.TopicName=alerts"));
  ASSERT_TRUE(set_property(document, "Policy.Name="));
  EXPECT_EQ(at(document, "/Resources/Policy/Properties/Other/Deep"), "a=b");
  EXPECT_EQ(at(document, "/Resources/Bare/Properties/TopicName"), "alerts");
  EXPECT_EQ(at(document, "/Resources/Policy/Properties/Name"), "");
}

TEST(SetProperty, NumbersAreElementsOfLists) {
  auto document = policy_template();
  ASSERT_TRUE(set_property(document, "Policy.Steps.1.Change=4"));
  EXPECT_EQ(at(document, "/Resources/Policy/Properties/Steps/1/Change"), "4");
  EXPECT_EQ(at(document, "/Resources/Policy/Properties/Steps/0/Change"), "1");
}

TEST(SetProperty, SaysWhatIsWrong) {
  EXPECT_EQ(problem_of("Policy.Name"), "--set Policy.Name: write it as Resource.Property.Path=VALUE");
  EXPECT_EQ(problem_of("Policy=1"), "--set Policy=1: name a resource and a property of it");
  EXPECT_EQ(problem_of("Polcy.Name=1"), "--set Polcy.Name=1: the template has no resource Polcy");
  EXPECT_EQ(problem_of("Policy.Steps.3.Change=1"),
            "--set Policy.Steps.3.Change=1: 3 is no element of the list");
  EXPECT_EQ(problem_of("Policy.Steps.x=1"), "--set Policy.Steps.x=1: x is no element of the list");
}

}  // namespace
}  // namespace berth::study
