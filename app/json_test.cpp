#include "json.h"

#include <gtest/gtest.h>

#include <string>

namespace learner {
namespace {

// What CPython 3.11 gives for the same document: json.dumps(...), or the error's message and position.
std::string outcome(std::string_view document) {
  auto parsed = parse_json(document);
  if (const auto* error = std::get_if<DecodeError>(&parsed)) {
    return error->message + " " + std::to_string(error->position);
  }
  const Value* value = std::get_if<Value>(&parsed);
  if (value == nullptr) return "unreadable";
  return is_sendable(*value) ? to_json(*value) : "not sendable";
}

struct Case {
  std::string_view document;
  std::string_view outcome;
};

TEST(Json, WritesWhatItReadAsPythonDoes) {
  const Case cases[] = {
      {R"( { "k" : [ 1 , "é😀" ] } )", R"({"k":[1,"é😀"]})"},
      {R"({"a":1,"b":2,"a":3})", R"({"a":3,"b":2})"},
      {R"("\u00e9\ud83d\ude00\u0007\b\f\/")", "\"é😀\\u0007\\b\\f/\""},
      {"[-0,-0.0,1.0,1e15,1e16,0.0001,0.00001,123456789.125,1E+2]",
       "[0,-0.0,1.0,1000000000000000.0,1e+16,0.0001,1e-05,123456789.125,100.0]"},
      {"123456789012345678901234567890", "123456789012345678901234567890"},
      {"\xEF\xBB\xBFtrue", "true"},
      {"[NaN]", "not sendable"},
      {"-Infinity", "not sendable"},
      {"1e400", "not sendable"},
      {R"("\ud800")", "not sendable"},
      {R"({"\udc00":1})", "not sendable"},
      {"\"\xff\"", "unreadable"},
      {"\"\xc0\x80\"", "unreadable"},
  };
  for (const Case& c : cases) EXPECT_EQ(outcome(c.document), c.outcome) << c.document;
}

TEST(Json, FailsWithPythonsMessageAtPythonsPosition) {
  const Case cases[] = {
      {"", "Expecting value 0"},
      {"nul", "Expecting value 0"},
      {"-", "Expecting value 0"},
      {"1.", "Extra data 1"},
      {"{}x", "Extra data 2"},
      {"[", "Expecting value 1"},
      {"[1,]", "Expecting value 3"},
      {"[1 2]", "Expecting ',' delimiter 3"},
      {"{", "Expecting property name enclosed in double quotes 1"},
      {R"({"a":1,})", "Expecting property name enclosed in double quotes 7"},
      {R"({"a" 1})", "Expecting ':' delimiter 5"},
      {R"({"name":)", "Expecting value 8"},
      {R"({"a":1 "b":2})", "Expecting ',' delimiter 7"},
      {R"("abc)", "Unterminated string starting at 0"},
      {"{\"a\":\"\n\"}", "Invalid control character at 6"},
      {R"({"a":"\x"})", "Invalid \\escape 6"},
      {R"(["\u12"])", "Invalid \\uXXXX escape 3"},
      {R"("é😀" x)", "Extra data 5"},  // characters, not bytes
  };
  for (const Case& c : cases) EXPECT_EQ(outcome(c.document), c.outcome) << c.document;
}

TEST(Json, RefusesWhatPythonCannotHold) {
  EXPECT_EQ(outcome(std::string(4301, '1')), "unreadable");
  EXPECT_EQ(outcome(std::string(4300, '1')), std::string(4300, '1'));
  EXPECT_EQ(outcome(std::string(depth_max + 1, '[')), "unreadable");
  std::string deepest = std::string(depth_max, '[') + std::string(depth_max, ']');
  EXPECT_EQ(outcome(deepest), deepest);
}

TEST(Json, ReprIsPythons) {
  EXPECT_EQ(repr(Object{{"name", "User"}}), "{'name': 'User'}");
  EXPECT_EQ(repr("it's"), "\"it's\"");
  EXPECT_EQ(repr("it's \"so\""), R"('it\'s "so"')");
  EXPECT_EQ(repr("a\nb\t\x01\x7f\\ é\u00a0\u2028"), R"('a\nb\t\x01\x7f\\ é\xa0\u2028')");
  EXPECT_EQ(repr(Array{nullptr, true, 1.5, 7}), "[None, True, 1.5, 7]");
}

}  // namespace
}  // namespace learner
