#include "cloudformation/template/dependency_order.h"

#include "base/read_file.h"
#include "cloudformation/template/references.h"
#include "cloudformation/template/template_test_support.h"

namespace berth::cfn {
namespace {

using Names = std::vector<std::string>;

std::string check(const std::string& text) {
  const Template of = good(text);
  return message_of(check_references(of));
}

DependencyOrder order_of(const std::string& text, const Conditions& conditions = {}) {
  auto out = DependencyOrder::build(good(text), conditions);
  EXPECT_TRUE(out) << message_of(out);
  return out ? *out : DependencyOrder();
}

std::string order_error(const std::string& text, const Conditions& conditions = {}) {
  return message_of(DependencyOrder::build(good(text), conditions));
}

std::string resource_b(const std::string& properties) {
  return "Resources:\n  B: {Type: T, Properties: {N: " + properties + "}}\n";
}

TEST(References, are_found_in_every_form) {
  const auto document = read_template(
      "a: !Ref A\nb: [!GetAtt B.X.Y, !Ref AWS::Region]\nc: !Sub '${C}-${!No}-${D.Arn}-${AWS::StackName}'\n"
      "d: !Sub ['${local} ${E}', {local: !Ref F}]\ne: !Join ['', [!Ref G]]\nf: {Ref: H, Other: I}\n");
  ASSERT_TRUE(document);
  std::string found;
  for (const auto& reference : references_of(*document, nullptr)) {
    found += reference.function + ":" + reference.name + "." + reference.attribute + " ";
  }
  EXPECT_EQ(found, "Ref:A. Fn::GetAtt:B.X.Y Fn::Sub:C. Fn::Sub:D.Arn Fn::Sub:E. Ref:F. Ref:G. ");
}

TEST(CheckReferences, in_resources) {
  const std::string unresolved =
      "Template format error: Unresolved resource dependencies [Nope] in the Resources block of the template";
  EXPECT_EQ(check(resource_b("!Ref Nope")), unresolved);
  EXPECT_EQ(check(resource_b("!Sub '${Nope}-x'")), unresolved);
  EXPECT_EQ(check(resource_b("!Sub ['${L}-x', {L: y}]")), "");
  EXPECT_EQ(check("Resources:\n  B: {Type: T, DependsOn: [Nope]}\n"), unresolved);
  EXPECT_EQ(check(resource_b("!GetAtt Nope.Arn")),
            "Template error: instance of Fn::GetAtt references undefined resource Nope");
  EXPECT_EQ(check(resource_b("!Sub '${Nope.Arn}'")),
            "Template error: instance of Fn::Sub references invalid resource attribute Nope.Arn");
  EXPECT_EQ(
      check(resource_b("!GetAtt B")),
      "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the "
      "resource attribute");
  EXPECT_EQ(check(resource_b("!If [C, a, b]")),
            "Template error: unresolved condition dependency C in Fn::If");
  EXPECT_EQ(
      check("Resources:\n  B: {Type: T, Condition: Nope}\n"),
      "Template format error: Unresolved condition dependency Nope in the Resources block of the template");
  EXPECT_EQ(check("Resources:\n  B: {Type: T, Properties: {X: !Ref P, Y: !Ref Q, Z: !Ref P}}\n"),
            "Template format error: Unresolved resource dependencies [P, Q] in the Resources block of the "
            "template");
}

TEST(CheckReferences, in_outputs) {
  const auto with = [](const std::string& output) {
    return check("Resources:\n  B: {Type: T}\nOutputs:\n  O: " + output + "\n");
  };
  EXPECT_EQ(with("{Value: !GetAtt Y.Arn}"),
            "Unresolved resource dependencies [Y] in the Outputs block of the template");
  EXPECT_EQ(with("{Value: !Ref Y}"),
            "Unresolved resource dependencies [Y] in the Outputs block of the template");
  EXPECT_EQ(
      with("{Value: x, Condition: Nope}"),
      "Template format error: Unresolved condition dependency Nope in the Outputs block of the template");
}

TEST(DependencyOrder, of_the_articles_template) {
  const std::string text = read_file(BERTH_SOURCE_DIR "/examples/learner/ecs_service.yaml");
  ASSERT_EQ(check(text), "");
  const DependencyOrder order = order_of(text);
  EXPECT_EQ(order.in_order(),
            (Names{"ECSLogGroup", "TaskDefinition", "ECSService", "AutoScalingTarget", "AutoScalingPolicy",
                   "AlertTopic", "AlertSubscription", "CriticalCPUAlarm", "MaxCapacityAlarm"}));
  EXPECT_EQ(order.creatable({}), (Names{"ECSLogGroup", "AlertTopic"}));
  EXPECT_EQ(order.creatable({"ECSLogGroup", "AlertTopic"}),
            (Names{"TaskDefinition", "AlertSubscription", "CriticalCPUAlarm", "MaxCapacityAlarm"}));
  EXPECT_EQ(order.dependencies("AutoScalingTarget"), LogicalIds{"ECSService"});
  EXPECT_EQ(order.dependencies("TaskDefinition"), LogicalIds{"ECSLogGroup"});
  LogicalIds present(order.in_order().begin(), order.in_order().end());
  EXPECT_EQ(order.deletable(present),
            (Names{"MaxCapacityAlarm", "CriticalCPUAlarm", "AlertSubscription", "AutoScalingPolicy"}));
  EXPECT_EQ(order.deletable({"ECSService", "TaskDefinition", "AlertTopic"}),
            (Names{"AlertTopic", "ECSService"}));
}

TEST(DependencyOrder, circles) {
  const std::string text =
      "Resources:\n"
      "  A: {Type: T, Properties: {P: !Ref B}}\n"
      "  B: {Type: T, DependsOn: A}\n"
      "  Behind: {Type: T, DependsOn: A}\n"
      "  Before: {Type: T}\n";
  EXPECT_EQ(order_error(text), "Circular dependency between resources: [A, B]");
  EXPECT_EQ(order_error("Resources:\n  A: {Type: T, Properties: {P: !GetAtt A.Arn}}\n"),
            "Circular dependency between resources: [A]");
}

TEST(DependencyOrder, conditions_switch_resources_and_branches) {
  const std::string text =
      "Conditions:\n  C: !Equals [a, b]\n"
      "Resources:\n"
      "  Prod: {Type: T, Condition: C}\n"
      "  Q: {Type: T, DependsOn: Prod, Properties: {N: !If [C, !Ref Prod, !Ref AWS::NoValue]}}\n";
  EXPECT_EQ(order_of(text, {{"C", false}}).in_order(), Names{"Q"});
  EXPECT_EQ(order_of(text, {{"C", true}}).in_order(), (Names{"Prod", "Q"}));
  const std::string bad =
      "Conditions:\n  C: !Equals [a, b]\n"
      "Resources:\n  Prod: {Type: T, Condition: C}\n  Q: {Type: T, Properties: {N: !Ref Prod}}\n";
  EXPECT_EQ(order_error(bad, {{"C", false}}),
            "Template format error: Unresolved resource dependencies [Prod] in the Resources block of the "
            "template");
  const std::string output =
      "Conditions:\n  C: !Equals [a, b]\n"
      "Resources:\n  Prod: {Type: T, Condition: C}\n  Q: {Type: T}\nOutputs:\n  O: {Value: !Ref Prod}\n";
  EXPECT_EQ(order_error(output, {{"C", false}}),
            "Unresolved resource dependencies [Prod] in the Outputs block of the template");
}

}  // namespace
}  // namespace berth::cfn
