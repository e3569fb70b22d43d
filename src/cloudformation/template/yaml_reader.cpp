#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

#include "cloudformation/template/document_builder.h"
#include "cloudformation/template/document_readers.h"
#include "cloudformation/template/template_reader.h"

namespace berth::cfn {
namespace {

constexpr std::string_view core_tag_prefix = "tag:yaml.org,2002:";

SyntaxError at(const YAML::Mark& mark, std::string message = {}) {
  return {std::max(0, mark.line) + 1, std::max(0, mark.column) + 1, std::move(message)};
}

// `!Sub` -> `Fn::Sub`; empty when the tag is none of CloudFormation's.
std::string long_name(std::string_view tag) {
  static constexpr std::array functions = {
      "And",  "Base64", "Cidr", "Equals", "FindInMap", "GetAtt", "GetAZs", "If",           "ImportValue",
      "Join", "Length", "Not",  "Or",     "Select",    "Split",  "Sub",    "ToJsonString", "Transform"};
  if (tag.empty() || tag.front() != '!') return {};
  const std::string_view name = tag.substr(1);
  if (name == "Ref" || name == "Condition") return std::string(name);
  const bool known = std::find(functions.begin(), functions.end(), name) != functions.end();
  return known ? "Fn::" + std::string(name) : std::string();
}

// YAML 1.1's booleans, which CloudFormation turns into `true` and `false` (AllowedValues [yes, no] are its
// well-known victims). All other plain scalars keep their text.
std::string plain_text(const std::string& value) {
  static constexpr std::array yes = {"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"};
  static constexpr std::array no = {"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"};
  if (std::find(yes.begin(), yes.end(), value) != yes.end()) return "true";
  if (std::find(no.begin(), no.end(), value) != no.end()) return "false";
  return value;
}

json::value get_att_argument(const std::string& text) {
  const auto dot = text.find('.');
  json::array parts{json::value(json::string(text.substr(0, dot)))};
  if (dot != std::string::npos) parts.emplace_back(text.substr(dot + 1));
  return parts;
}

class YamlEvents final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (std::exchange(started_, true)) throw at(mark);
  }
  void OnDocumentEnd() override {}

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    SyntaxError error = at(mark, "Template error: YAML aliases are not allowed in CloudFormation templates");
    error.with_place = false;
    throw error;
  }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    if (builder_.wants_key()) throw at(mark);
    builder_.add(nullptr);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& value) override {
    const bool plain = tag == "?";
    const std::string function = function_of(tag, mark);
    if (builder_.wants_key()) {
      if (!function.empty()) throw at(mark);
      if (!builder_.set_key(value)) throw at(mark, "Template format error: Duplicate key '" + value + "'.");
    } else if (function == "Fn::GetAtt") {
      builder_.add(function_call(function, get_att_argument(value)));
    } else if (!function.empty()) {
      builder_.add(function_call(function, json::value(json::string(value))));
    } else {
      builder_.add(json::string(plain ? plain_text(value) : value));
    }
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    begin(mark);
    builder_.begin_list(function_of(tag, mark));
  }
  void OnSequenceEnd() override { builder_.end(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    begin(mark);
    builder_.begin_map(function_of(tag, mark));
  }
  void OnMapEnd() override { builder_.end(); }

  json::value take_document() { return builder_.take_document(); }

 private:
  void begin(const YAML::Mark& mark) const {
    if (builder_.wants_key()) throw at(mark);  // a map or list as a key
    if (builder_.depth() >= template_depth_max) throw at(mark);
  }

  static std::string function_of(const std::string& tag, const YAML::Mark& mark) {
    static constexpr std::array untagged = {"", "?", "!"};
    static constexpr std::array core = {"str", "int", "float", "bool", "seq", "map"};
    if (std::find(untagged.begin(), untagged.end(), tag) != untagged.end()) return {};
    if (tag.starts_with(core_tag_prefix)) {
      const auto name = std::string_view(tag).substr(core_tag_prefix.size());
      if (std::find(core.begin(), core.end(), name) != core.end()) return {};
    }
    std::string function = long_name(tag);
    if (function.empty()) throw at(mark);
    return function;
  }

  DocumentBuilder builder_;
  bool started_ = false;
};

json::value parse_yaml(std::string_view text) {
  std::istringstream stream{std::string(text)};
  YAML::Parser parser(stream);
  YamlEvents events;
  while (parser.HandleNextDocument(events)) {
  }
  return events.take_document();
}

}  // namespace

std::optional<SyntaxError> read_yaml(std::string_view text, json::value& document) try {
  document = parse_yaml(text);
  // yaml-cpp takes the end of the text for the end of a quoted scalar when a line end stands before it.
  const auto end = text.find_last_not_of("\r\n") + 1;
  if (end < text.size()) document = parse_yaml(text.substr(0, end));
  return std::nullopt;
} catch (const SyntaxError& error) {
  return error;
} catch (const YAML::Exception& error) {
  return at(error.mark);
}

}  // namespace berth::cfn
