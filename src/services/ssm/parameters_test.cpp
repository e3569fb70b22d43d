// What Parameter Store refuses, in AWS's words, and what filters find.
#include <gtest/gtest.h>

#include "handlers/ssm.h"
#include "services/ssm/rows.h"
#include "services/testing.h"

namespace berth::ssm {
namespace {

class ParametersTest : public testing::Test, protected services::HandlerTest {
 protected:
  ParametersTest() { add_tables(store); }

  static PutParameterRequest parameter(const std::string& name, const std::string& type = "String") {
    PutParameterRequest input;
    input.name = name;
    input.type = type;
    input.value = "v";
    input.overwrite = true;
    return input;
  }
  static ParameterStringFilter filter(const std::string& key, std::vector<std::string> values) {
    ParameterStringFilter one;
    one.key = key;
    one.values = std::move(values);
    return one;
  }
  // Names, or the error.
  std::string below(const std::string& path, std::vector<ParameterStringFilter> filters) {
    GetParametersByPathRequest input;
    input.path = path;
    input.recursive = true;
    input.parameter_filters = std::move(filters);
    auto found = call(get_parameters_by_path, input);
    if (!found) return found.error().code + ": " + found.error().message;
    std::string names;
    for (const auto& one : *found->parameters) names += *one.name + "=" + *one.value + " ";
    return names;
  }
  std::string described(std::vector<ParameterStringFilter> filters) {
    DescribeParametersRequest input;
    input.parameter_filters = std::move(filters);
    return names_of(input);
  }
  std::string names_of(const DescribeParametersRequest& input) {
    auto found = call(describe_parameters, input);
    if (!found) return found.error().code + ": " + found.error().message;
    std::string names;
    for (const auto& one : *found->parameters) names += *one.name + " ";
    return names;
  }
};

TEST_F(ParametersTest, a_secret_stays_one) {
  ASSERT_EQ(code_of(put_parameter, parameter("/a", "SecureString")), "");
  EXPECT_EQ(code_of(put_parameter, parameter("/a", "String")), "HierarchyTypeMismatchException");
  EXPECT_EQ(code_of(put_parameter, parameter("/a", "SecureString")), "");
  auto untyped = parameter("/a");
  untyped.type.reset();
  EXPECT_EQ(code_of(put_parameter, untyped), "");
  EXPECT_EQ(store.find<ParameterRow>("/a")->latest().type, "SecureString");
  ASSERT_EQ(code_of(put_parameter, parameter("/b", "String")), "");
  EXPECT_EQ(
      message_of(put_parameter, parameter("/b", "SecureString")),
      "Parameter Store doesn't support changing a parameter type in a hierarchy. For example, you can't "
      "change a parameter from a String type to a SecureString type. You must create a new, unique "
      "parameter.");
  EXPECT_EQ(code_of(put_parameter, parameter("/b", "StringList")), "");
}

TEST_F(ParametersTest, keys_have_to_exist) {
  auto input = parameter("/a", "SecureString");
  input.key_id = "alias/mine";
  EXPECT_EQ(code_of(put_parameter, input), "InvalidKeyId");
  EXPECT_TRUE(message_of(put_parameter, input).starts_with("Key 'alias/mine' does not exist"));
  input.key_id = "alias/aws/ssm";
  EXPECT_EQ(code_of(put_parameter, input), "");
  input = parameter("/b", "String");
  input.key_id = "alias/aws/ssm";
  EXPECT_EQ(message_of(put_parameter, input), "KeyId is required for SecureString type parameter only.");
}

TEST_F(ParametersTest, filters_of_a_path) {
  ASSERT_EQ(code_of(put_parameter, parameter("/a/b")), "");
  ASSERT_EQ(code_of(put_parameter, parameter("/a/c/d", "StringList")), "");
  EXPECT_EQ(below("/a", {}), "/a/b=v /a/c/d=v ");
  EXPECT_EQ(below("/a", {filter("Type", {"String"})}), "/a/b=v ");
  EXPECT_EQ(
      below("/a", {filter("Name", {"x"})}),
      "InvalidFilterKey: The following filter key is not valid: Name. Valid filter keys include: [Type, "
      "KeyId].");
  LabelParameterVersionRequest label;
  label.name = "/a/b";
  label.labels = {"good"};
  ASSERT_EQ(code_of(label_parameter_version, label), "");
  auto next = parameter("/a/b");
  next.value = "w";
  ASSERT_EQ(code_of(put_parameter, next), "");
  EXPECT_EQ(below("/a", {filter("Label", {"good"})}), "/a/b=v ");
}

TEST_F(ParametersTest, filters_of_a_description) {
  ASSERT_EQ(code_of(put_parameter, parameter("/a/b")), "");
  ASSERT_EQ(code_of(put_parameter, parameter("c")), "");
  EXPECT_EQ(described({filter("Path", {"/a"})}), "/a/b ");
  EXPECT_EQ(described({filter("Colour", {"red"})}),
            "ValidationException: 1 validation error detected: Value 'Colour' at "
            "'parameterFilters.1.member.key' failed to satisfy constraint: Member must satisfy regular "
            "expression pattern: tag:.+|Name|Type|KeyId|Path|Label|Tier|DataType");
  EXPECT_EQ(
      described({filter("Label", {"x"})}),
      "InvalidFilterKey: The following filter key is not valid: Label. Valid filter keys include: [Path, "
      "Name, Type, KeyId, Tier].");
  EXPECT_EQ(described({filter("Name", {})}),
            "InvalidFilterValue: The following filter values are missing : null for filter key Name.");
  EXPECT_EQ(
      described({filter("Name", {"c"}), filter("Name", {"d"})}),
      "InvalidFilterKey: The following filter is duplicated in the request: Name. A request can contain "
      "only one occurrence of a specific filter.");
  auto odd = filter("Path", {"/a"});
  odd.option = "Equals";
  EXPECT_EQ(described({odd}),
            "InvalidFilterOption: The following filter option is not valid: Equals. Valid options include: "
            "[Recursive, OneLevel].");
}

TEST_F(ParametersTest, filters_of_old) {
  ASSERT_EQ(code_of(put_parameter, parameter("/a/b")), "");
  ASSERT_EQ(code_of(put_parameter, parameter("c")), "");
  DescribeParametersRequest input;
  ParametersFilter older;
  older.key = "Name";
  older.values = {"/a"};
  input.filters = {older};
  EXPECT_EQ(names_of(input), "/a/b ");
  input.parameter_filters = {filter("Name", {"c"})};
  EXPECT_EQ(names_of(input),
            "ValidationException: You can use either Filters or ParameterFilters in a single request.");
}

}  // namespace
}  // namespace berth::ssm
