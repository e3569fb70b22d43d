#include "cloudformation/template/property_diff.h"

#include "cloudformation/template/template_test_support.h"

namespace berth::cfn {
namespace {

json::object object(const std::string& text) {
  auto document = read_template("---\n" + text);  // a leading brace would be JSON
  EXPECT_TRUE(document) << message_of(document);
  return document->as_object();
}

std::string summary(const std::vector<PropertyChange>& changes) {
  std::string out;
  for (const auto& change : changes) {
    out += change.attribute + ":" + change.name + " " + std::string(text_of(change.requires_recreation)) +
           (change.is_static ? " Static " : " Dynamic ") + std::string(text_of(change.source)) + " " +
           change.causing_entity + "\n";
  }
  return out;
}

const RecreationTable table = {{"Family", RequiresRecreation::always},
                               {"Role", RequiresRecreation::conditionally}};

TEST(PropertyDiff, a_literal_that_was_rewritten) {
  const auto before = object("{Family: a, Cpu: '256', Gone: x}");
  const auto after = object("{Family: a, Cpu: '512', New: [y]}");
  const auto changes = diff_properties({before, after, before, after}, table, {});
  EXPECT_EQ(summary(changes),
            "Properties:Cpu Never Static DirectModification \n"
            "Properties:Gone Never Static DirectModification \n"
            "Properties:New Never Static DirectModification \n");
  EXPECT_EQ(changes[0].path, "/Properties/Cpu");
  EXPECT_EQ(changes[0].before, "256");
  EXPECT_EQ(changes[0].after, "512");
  EXPECT_FALSE(changes[1].after);
  EXPECT_FALSE(changes[2].before);
  EXPECT_EQ(changes[2].after, R"(["y"])");
  EXPECT_EQ(replacement_of(changes), Replacement::no);
}

TEST(PropertyDiff, a_parameter_that_changed) {
  const auto written = object("Family: !Ref P\nOther: !Ref Q\n");
  const auto before = object("{Family: a, Other: q}");
  const auto after = object("{Family: b, Other: q}");
  const auto changes = diff_properties({written, written, before, after}, table, {{"P"}, {}, {}});
  EXPECT_EQ(summary(changes),
            "Properties:Family Always Static ParameterReference P\n"
            "Properties:Family Always Dynamic DirectModification \n");
  EXPECT_EQ(replacement_of(changes), Replacement::yes);
}

TEST(PropertyDiff, a_resource_that_is_replaced) {
  const auto written = object("Family: !Ref Task\nRole: !GetAtt Task.Arn\nCpu: !Sub '${Same.Arn}'\n");
  const auto resolved = object("{Family: t1, Role: r1, Cpu: s}");
  const auto changes =
      diff_properties({written, written, resolved, resolved}, table, {{}, {"Task"}, {"Task"}});
  EXPECT_EQ(summary(changes),
            "Properties:Family Always Dynamic ResourceReference Task\n"
            "Properties:Role Conditionally Dynamic ResourceAttribute Task.Arn\n");
  EXPECT_EQ(changes[0].path, "/Properties/Family");
  EXPECT_EQ(replacement_of(changes), Replacement::conditional);
}

TEST(PropertyDiff, tags_are_an_attribute_of_their_own) {
  const auto before = object("{Tags: [{Key: a, Value: b}]}");
  const auto after = object("{Tags: [{Key: a, Value: c}]}");
  const auto changes =
      diff_properties({before, after, before, after}, {{"Tags", RequiresRecreation::always}}, {});
  EXPECT_EQ(summary(changes), "Tags: Never Static DirectModification \n");
  EXPECT_EQ(changes[0].path, "/Properties/Tags/0/Value");
}

TEST(PropertyDiff, nothing_changed) {
  const auto written = object("Family: !Ref P\n");
  const auto resolved = object("{Family: a}");
  EXPECT_TRUE(diff_properties({written, written, resolved, resolved}, table, {{"P"}, {}, {}}).empty());
  EXPECT_EQ(replacement_of({}), Replacement::no);
}

TEST(PropertyDiff, paths) {
  const auto before = object("{A: {B: [x, {C: y}]}, D: e, F/G: h}");
  const auto after = object("{A: {B: [x, {C: z}, w]}, D: e, F/G: i}");
  EXPECT_EQ(changed_paths(before, after), (std::vector<std::string>{"/A/B/1/C", "/A/B/2", "/F~1G"}));
}

}  // namespace
}  // namespace berth::cfn
