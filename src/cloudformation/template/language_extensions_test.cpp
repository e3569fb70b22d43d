#include "cloudformation/template/language_extensions.h"

#include "cloudformation/template/template_test_support.h"

namespace berth::cfn {
namespace {

const std::string head = "Transform: AWS::LanguageExtensions\n";

// The processed Resources as JSON, or the error.
std::string expand(const std::string& text) {
  const auto document = read_template(text, template_url_bytes_max);
  if (!document) return document.error().message;
  const auto of = parse_template(*document);
  if (!of) return of.error().message;
  const auto parameters = resolve_parameters(*of, {}, nullptr, no_ssm);
  if (!parameters) return parameters.error().message;
  const auto out = expand_language_extensions(*document, *of, *parameters, Environment());
  return out ? json::serialize(out->at("Resources")) : out.error().message;
}

TEST(LanguageExtensions, unrolls_loops) {
  EXPECT_EQ(expand(head + "Parameters:\n  Names: {Type: CommaDelimitedList, Default: 'a-1,b'}\n"
                          "Resources:\n"
                          "  First: {Type: T}\n"
                          "  Fn::ForEach::Topics:\n"
                          "    - Name\n"
                          "    - !Ref Names\n"
                          "    - 'Topic&{Name}':\n"
                          "        Type: T\n"
                          "        Properties: {N: !Ref Name, S: !Sub '${Name}-${AWS::Region}'}\n"),
            R"({"First":{"Type":"T"},)"
            R"("Topica1":{"Type":"T","Properties":{"N":"a-1","S":{"Fn::Sub":"a-1-${AWS::Region}"}}},)"
            R"("Topicb":{"Type":"T","Properties":{"N":"b","S":{"Fn::Sub":"b-${AWS::Region}"}}}})");
}

TEST(LanguageExtensions, loops_nest) {
  EXPECT_EQ(expand(head + "Resources:\n"
                          "  Fn::ForEach::Outer:\n"
                          "    - X\n"
                          "    - [A, B]\n"
                          "    - Fn::ForEach::Inner:\n"
                          "        - Y\n"
                          "        - ['1', '2']\n"
                          "        - 'R${X}${Y}': {Type: T}\n"),
            R"({"RA1":{"Type":"T"},"RA2":{"Type":"T"},"RB1":{"Type":"T"},"RB2":{"Type":"T"}})");
}

TEST(LanguageExtensions, evaluates_policies) {
  EXPECT_EQ(expand(head + "Parameters:\n  P: {Type: String, Default: Retain}\n"
                          "Resources:\n  A: {Type: T, DeletionPolicy: !Ref P}\n"),
            R"({"A":{"Type":"T","DeletionPolicy":"Retain"}})");
}

TEST(LanguageExtensions, errors) {
  EXPECT_EQ(expand(head + "Resources:\n  Fn::ForEach::L: [X, [a]]\n"),
            "Transform AWS::LanguageExtensions failed with: Fn::ForEach layout is incorrect");
  EXPECT_EQ(expand(head + "Resources:\n  Fn::ForEach::L: [X, a, {'R${X}': {Type: T}}]\n"),
            "Transform AWS::LanguageExtensions failed with: Fn::ForEach could not resolve a list of strings");
  EXPECT_EQ(expand(head + "Resources:\n  Fn::ForEach::L: [X, [a, b], {R: {Type: T}}]\n"),
            "Transform AWS::LanguageExtensions failed with: Duplicate key 'R'");
  EXPECT_EQ(expand("Resources:\n  Fn::ForEach::L: [X, [a], {'R${X}': {Type: T}}]\n"),
            "Template format error: Resource name Fn::ForEach::L is non alphanumeric.");
}

TEST(LanguageExtensions, nested_loops_cannot_fill_the_memory) {
  std::string loop = "{'R${X1}${X2}${X3}${X4}${X5}${X6}': {Type: T}}";
  for (int i = 1; i <= 6; ++i) {
    const std::string n = std::to_string(i);
    loop = "{Fn::ForEach::L" + n + ": [X" + n + ", [a, b, c, d, e, f, g, h, i, j, k, l], " + loop + "]}";
  }
  EXPECT_EQ(expand(head + "Resources: " + loop + "\n"),
            "Transform AWS::LanguageExtensions failed with: the processed template exceeds 4194304 bytes");
}

}  // namespace
}  // namespace berth::cfn
