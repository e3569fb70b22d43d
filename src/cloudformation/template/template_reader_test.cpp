#include "cloudformation/template/template_reader.h"

#include "cloudformation/template/template_test_support.h"

namespace berth::cfn {
namespace {

std::string read(const std::string& text) {
  const auto document = read_template(text);
  return document ? json::serialize(*document) : document.error().message;
}

TEST(TemplateReader, keeps_the_text_of_scalars_and_the_order_of_members) {
  EXPECT_EQ(read("b: 40.0\na: 010\nd: 2010-09-09\nc: 'yes'\ne: 1e3\nf: ''\n"),
            R"({"b":"40.0","a":"010","d":"2010-09-09","c":"yes","e":"1e3","f":""})");
  EXPECT_EQ(read(R"({"b": 40.0, "a": -1e3, "c": true, "d": 12345678901234567890123, "e": null})"),
            R"({"b":"40.0","a":"-1e3","c":"true","d":"12345678901234567890123","e":null})");
}

TEST(TemplateReader, yaml_booleans_and_nulls) {
  EXPECT_EQ(read("a: yes\nb: Off\nc: True\nd: ~\ne:\nf: null\nyes: k\n"),
            R"({"a":"true","b":"false","c":"true","d":null,"e":null,"f":null,"yes":"k"})");
}

TEST(TemplateReader, short_tags) {
  EXPECT_EQ(read("a: !Ref X\nb: !GetAtt A.B.C\nc: !Sub '${A}'\nd: !Split [',', !Ref P]\ne: !Condition C\n"),
            R"({"a":{"Ref":"X"},"b":{"Fn::GetAtt":["A","B.C"]},"c":{"Fn::Sub":"${A}"},)"
            R"("d":{"Fn::Split":[",",{"Ref":"P"}]},"e":{"Condition":"C"}})");
  EXPECT_EQ(
      read("a: !GetAtt [A, B]\nb: !GetAZs ''\nc: !Base64\n  Fn::Sub: x\nd: !If [C, !Ref yes, !!str 5]\n"),
      R"({"a":{"Fn::GetAtt":["A","B"]},"b":{"Fn::GetAZs":""},"c":{"Fn::Base64":{"Fn::Sub":"x"}},)"
      R"("d":{"Fn::If":["C",{"Ref":"yes"},"5"]}})");
  EXPECT_EQ(read("a: !GetAtt A\n"), R"({"a":{"Fn::GetAtt":["A"]}})");
}

TEST(TemplateReader, says_where_yaml_is_wrong) {
  EXPECT_EQ(read("Resources:\n  A: [1, 2\n  B: 3\n"),
            "Template format error: YAML not well-formed. (line 3, column 4)");
  EXPECT_EQ(read("a: !Nonsense x\n"), "Template format error: YAML not well-formed. (line 1, column 4)");
  EXPECT_EQ(read("a: 1\n---\nb: 2\n"), "Template format error: YAML not well-formed. (line 2, column 1)");
  EXPECT_EQ(read("? [a, b]\n: c\n"), "Template format error: YAML not well-formed. (line 1, column 3)");
  EXPECT_EQ(read("a: \"b\nc: 1\n"), "Template format error: YAML not well-formed. (line 2, column 5)");
  EXPECT_EQ(read("a: !!binary x\n"), "Template format error: YAML not well-formed. (line 1, column 4)");
}

TEST(TemplateReader, says_where_json_is_wrong) {
  EXPECT_EQ(read(R"({"Resources": {"A": {}},})"),
            "Template format error: JSON not well-formed. (line 1, column 25)");
  EXPECT_EQ(read("{\n \"a\": 1} x"), "Template format error: JSON not well-formed. (line 2, column 10)");
  EXPECT_EQ(read("{\"a\": "), "Template format error: JSON not well-formed. (line 1, column 7)");
}

TEST(TemplateReader, refuses_duplicate_keys) {
  EXPECT_EQ(read("a: 1\nb:\n  c: 1\n  c: 2\n"),
            "Template format error: Duplicate key 'c'. (line 4, column 3)");
  EXPECT_EQ(read("{\"a\": 1,\n\"a\": 2}"), "Template format error: Duplicate key 'a'. (line 2, column 3)");
}

TEST(TemplateReader, refuses_aliases_and_so_every_bomb) {
  EXPECT_EQ(read("a: &x [1]\nb: *x\n"),
            "Template error: YAML aliases are not allowed in CloudFormation templates");
  EXPECT_EQ(read("a: &x [1]\nb: 2\n"), R"({"a":["1"],"b":"2"})");
}

TEST(TemplateReader, refuses_what_is_no_map) {
  EXPECT_EQ(read("hello"), "Template format error: unsupported structure.");
  EXPECT_EQ(read("- a\n"), "Template format error: unsupported structure.");
  EXPECT_EQ(read("# nothing\n"), "Template format error: unsupported structure.");
  EXPECT_EQ(read(" \n"),
            "1 validation error detected: Value '' at 'templateBody' failed to satisfy constraint: Member "
            "must have "
            "length greater than or equal to 1");
}

TEST(TemplateReader, limits_size_and_depth) {
  EXPECT_EQ(
      read("a: " + std::string(template_body_bytes_max, 'x')),
      "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have "
      "length less than or equal to 51200");
  const std::string body = "a: " + std::string(template_body_bytes_max, 'x');
  EXPECT_TRUE(read_template(body, template_url_bytes_max));
  const std::string deep(2000, '[');
  EXPECT_TRUE(read("a: " + deep).starts_with("Template format error: YAML not well-formed."));
  EXPECT_TRUE(read("{\"a\": " + deep).starts_with("Template format error: JSON not well-formed."));
  const std::string nested = std::string(99, '[') + std::string(99, ']');
  EXPECT_TRUE(read_template("a: " + nested)) << read("a: " + nested);
  EXPECT_TRUE(read_template("{\"a\": " + nested + "}"));
  EXPECT_FALSE(read_template("a: [" + nested + "]"));
  EXPECT_FALSE(read_template("{\"a\": [" + nested + "]}"));
}

TEST(TemplateReader, refuses_what_is_not_utf8) {
  EXPECT_EQ(read("a: b\nc: \xC3\x28"), "Template format error: YAML not well-formed. (line 2, column 4)");
  EXPECT_EQ(read(std::string("a: \x01", 4)),
            "Template format error: YAML not well-formed. (line 1, column 4)");
  EXPECT_EQ(read("\xEF\xBB\xBF{\"a\": \"\xE2\x82\xAC\"}"), "{\"a\":\"\xE2\x82\xAC\"}");
}

}  // namespace
}  // namespace berth::cfn
