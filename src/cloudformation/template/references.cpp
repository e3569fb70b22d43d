#include "cloudformation/template/references.h"

#include <algorithm>
#include <array>

#include "cloudformation/template/template_sections.h"

namespace berth::cfn {
namespace {

class Walk {
 public:
  explicit Walk(const Conditions* conditions) : conditions_(conditions) {}

  void visit(const json::value& value) {
    if (is_function(value)) {
      const auto& call = *value.get_object().begin();
      visit_call(call.key(), call.value());
    } else if (const auto* object = value.if_object()) {
      for (const auto& member : *object) visit(member.value());
    } else if (const auto* list = value.if_array()) {
      for (const auto& item : *list) visit(item);
    }
  }

  std::vector<Reference> found;

 private:
  void visit_call(std::string_view function, const json::value& argument) {
    if (function == "Ref") {
      add(argument.is_string() ? std::string(argument.get_string()) : "", "", function);
    } else if (function == "Fn::GetAtt") {
      const auto target = get_att_argument(argument);
      if (!target) return add("", "", function);
      const auto* attribute = target->attribute.if_string();
      add(target->logical_id, attribute ? std::string(*attribute) : "", function);
      visit(target->attribute);
    } else if (function == "Fn::Sub") {
      visit_sub(argument);
    } else if (function == "Fn::If" && conditions_) {
      visit_taken_branch(argument);
    } else {
      visit(argument);
    }
  }

  void visit_sub(const json::value& argument) {
    const auto sub = sub_argument(argument);
    if (!sub) return;
    for (const auto& piece : sub_pieces(sub->text)) {
      if (!piece.is_variable || (sub->variables && sub->variables->contains(piece.text))) continue;
      const auto dot = piece.text.find('.');
      add(piece.text.substr(0, dot), dot == std::string::npos ? "" : piece.text.substr(dot + 1), "Fn::Sub");
    }
    if (sub->variables) visit(*sub->variables);
  }

  void visit_taken_branch(const json::value& argument) {
    const auto* parts = argument.if_array();
    if (!parts || parts->size() != 3 || !(*parts)[0].is_string()) return;
    const auto condition = conditions_->find(std::string_view((*parts)[0].get_string()));
    if (condition != conditions_->end()) visit((*parts)[condition->second ? 1 : 2]);
  }

  void add(std::string name, std::string attribute, std::string_view function) {
    if (is_pseudo_parameter(name)) return;
    found.push_back({std::move(name), std::move(attribute), std::string(function)});
  }

  const Conditions* conditions_;
};

void collect_conditions(const json::value& value, bool is_condition, std::vector<std::string>& out) {
  if (const auto* object = value.if_object()) {
    for (const auto& member : *object) {
      const auto* parts = member.value().if_array();
      if (member.key() == "Fn::If" && parts && !parts->empty() && (*parts)[0].is_string()) {
        out.emplace_back((*parts)[0].get_string());
      }
      if (is_condition && member.key() == "Condition" && member.value().is_string()) {
        out.emplace_back(member.value().get_string());
      }
      collect_conditions(member.value(), is_condition, out);
    }
  } else if (const auto* list = value.if_array()) {
    for (const auto& item : *list) collect_conditions(item, is_condition, out);
  }
}

}  // namespace

std::vector<Reference> references_of(const json::value& value, const Conditions* conditions) {
  Walk walk(conditions);
  walk.visit(value);
  return std::move(walk.found);
}

std::vector<std::string> conditions_used_by(const json::value& value, bool is_condition) {
  std::vector<std::string> out;
  collect_conditions(value, is_condition, out);
  return out;
}

bool is_pseudo_parameter(std::string_view name) {
  static constexpr std::array names = {"AWS::AccountId", "AWS::NotificationARNs", "AWS::NoValue",
                                       "AWS::Partition", "AWS::Region",           "AWS::StackId",
                                       "AWS::StackName", "AWS::URLSuffix"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<SubPiece> sub_pieces(std::string_view text) {
  std::vector<SubPiece> pieces;
  std::string literal;
  while (!text.empty()) {
    const auto open = text.find("${");
    const auto close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) break;
    literal += text.substr(0, open);
    const auto name = text.substr(open + 2, close - open - 2);
    if (name.starts_with('!')) {
      literal += "${" + std::string(name.substr(1)) + "}";
    } else {
      if (!literal.empty()) pieces.push_back({false, std::exchange(literal, {})});
      pieces.push_back({true, std::string(name)});
    }
    text.remove_prefix(close + 1);
  }
  literal += text;
  if (!literal.empty()) pieces.push_back({false, std::move(literal)});
  return pieces;
}

std::optional<SubArgument> sub_argument(const json::value& argument) {
  if (const auto* text = argument.if_string()) return SubArgument{*text, nullptr};
  const auto* parts = argument.if_array();
  if (!parts || parts->size() != 2 || !(*parts)[0].is_string() || !(*parts)[1].is_object())
    return std::nullopt;
  return SubArgument{(*parts)[0].get_string(), &(*parts)[1].get_object()};
}

std::optional<GetAttArgument> get_att_argument(const json::value& argument) {
  if (const auto* text = argument.if_string()) {  // the YAML long form may be one string
    const auto dot = text->find('.');
    if (dot == json::string::npos || dot == 0 || dot + 1 == text->size()) return std::nullopt;
    return GetAttArgument{std::string(text->subview(0, dot)),
                          json::value(json::string(text->subview(dot + 1)))};
  }
  const auto* parts = argument.if_array();
  if (!parts || parts->size() != 2 || !(*parts)[0].is_string() || (*parts)[0].get_string().empty())
    return std::nullopt;
  const auto& attribute = (*parts)[1];
  const bool usable = attribute.is_string() ? !attribute.get_string().empty() : is_function(attribute);
  if (!usable) return std::nullopt;
  return GetAttArgument{std::string((*parts)[0].get_string()), attribute};
}

}  // namespace berth::cfn
