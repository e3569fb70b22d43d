#include "services/sns/filter_policy.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "services/sns/errors.h"

namespace berth::sns {
namespace {

constexpr std::size_t keys_max = 5;
constexpr std::size_t combinations_max = 150;

std::string text_of(const json::value& value) {
  return std::string(value.get_string());
}

// --- reading a policy

std::string check_numeric(const json::value& rule) {
  const auto* parts = rule.if_array();
  if (!parts || parts->empty() || parts->size() % 2 != 0) return "Value of numeric must be an array of pairs";
  for (std::size_t i = 0; i < parts->size(); i += 2) {
    const auto* comparison = (*parts)[i].if_string();
    static const std::vector<std::string> known{"=", "<", "<=", ">", ">="};
    if (!comparison || std::find(known.begin(), known.end(), *comparison) == known.end()) {
      return "Unrecognized numeric range operator";
    }
    if (!(*parts)[i + 1].is_number()) return "Value of " + std::string(*comparison) + " must be numeric";
  }
  return {};
}

std::string check_anything_but(const json::value& rule) {
  if (const auto* nested = rule.if_object()) {
    if (nested->size() == 1 && (nested->begin()->key() == "prefix" || nested->begin()->key() == "suffix") &&
        nested->begin()->value().is_string()) {
      return {};
    }
    return "Value of anything-but must be a literal, a list, or one prefix or suffix";
  }
  if (const auto* list = rule.if_array()) {
    const bool literals =
        !list->empty() && std::all_of(list->begin(), list->end(), [](const json::value& each) {
          return each.is_string() || each.is_number();
        });
    return literals ? "" : "Value of anything-but must be a list of strings or numbers";
  }
  return rule.is_string() || rule.is_number() ? "" : "Value of anything-but must be a string or a number";
}

std::string check_rule(const json::value& rule) {
  if (!rule.is_object()) {
    return rule.is_array() ? "Match value must be String, number, true, false, or null" : "";
  }
  const auto& object = rule.get_object();
  if (object.size() != 1) return "Only one key allowed in match expression";
  const std::string name(object.begin()->key());
  const auto& value = object.begin()->value();
  if (name == "prefix" || name == "suffix" || name == "equals-ignore-case") {
    return value.is_string() ? "" : name + " match pattern must be a string";
  }
  if (name == "exists") return value.is_bool() ? "" : "exists match pattern must be either true or false.";
  if (name == "numeric") return check_numeric(value);
  if (name == "anything-but") return check_anything_but(value);
  if (name == "cidr" || name == "wildcard") return "berth does not match by " + name;
  return "Unrecognized match type " + name;
}

struct Size {
  std::size_t keys = 0;
  std::size_t combinations = 1;
};

std::string check_node(const json::object& node, bool may_nest, std::size_t depth, Size& size) {
  for (const auto& entry : node) {
    const std::string key(entry.key());
    if (key == "$or") return "berth does not match by $or";
    if (const auto* nested = entry.value().if_object()) {
      if (!may_nest) return "Filter policy scope MessageAttributes does not support nested filter policy";
      if (auto problem = check_node(*nested, may_nest, depth + 1, size); !problem.empty()) return problem;
      continue;
    }
    const auto* rules = entry.value().if_array();
    if (!rules) return "\"" + key + "\" must be an object or an array";
    if (rules->empty()) return "Empty arrays are not allowed";
    ++size.keys;
    size.combinations = std::min(size.combinations * rules->size() * depth, combinations_max + 1);
    for (const auto& rule : *rules) {
      if (auto problem = check_rule(rule); !problem.empty()) return problem;
    }
  }
  return {};
}

// --- matching

bool compare(const std::string& comparison, double value, double bound) {
  if (comparison == "=") return value == bound;
  if (comparison == "<") return value < bound;
  if (comparison == "<=") return value <= bound;
  if (comparison == ">") return value > bound;
  return value >= bound;
}

bool in_range(const json::array& parts, double value) {
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
    if (!compare(text_of(parts[i]), value, parts[i + 1].to_number<double>())) return false;
  }
  return true;
}

bool equal(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) return a.to_number<double>() == b.to_number<double>();
  return a == b;
}

bool text_rule_matches(const std::string& name, const std::string& wanted, const json::value& value) {
  if (!value.is_string()) return false;
  const std::string text = text_of(value);
  if (name == "prefix") return text.starts_with(wanted);
  if (name == "suffix") return text.ends_with(wanted);
  return equal_ignoring_case(text, wanted);
}

bool anything_but(const json::value& rule, const json::value& value) {
  if (const auto* nested = rule.if_object()) {
    return !text_rule_matches(std::string(nested->begin()->key()), text_of(nested->begin()->value()), value);
  }
  if (const auto* list = rule.if_array()) {
    return std::none_of(list->begin(), list->end(),
                        [&](const json::value& each) { return equal(each, value); });
  }
  return !equal(rule, value);
}

// `values` are those that the message has under the key: several for an array, none when it lacks the key.
bool rule_matches(const json::value& rule, const std::vector<json::value>& values) {
  const auto any = [&](auto matches) { return std::any_of(values.begin(), values.end(), matches); };
  const auto* object = rule.if_object();
  if (!object) return any([&](const json::value& value) { return equal(rule, value); });
  const std::string name(object->begin()->key());
  const auto& wanted = object->begin()->value();
  if (name == "exists") return wanted.get_bool() == !values.empty();
  if (name == "numeric") {
    return any([&](const json::value& value) {
      return value.is_number() && in_range(wanted.get_array(), value.to_number<double>());
    });
  }
  if (name == "anything-but")
    return any([&](const json::value& value) { return anything_but(wanted, value); });
  return any([&](const json::value& value) { return text_rule_matches(name, text_of(wanted), value); });
}

std::vector<json::value> values_of(const json::value* value) {
  if (!value) return {};
  if (const auto* list = value->if_array()) return {list->begin(), list->end()};
  return {*value};
}

bool node_accepts(const json::object& policy, const json::value& message) {
  return std::all_of(policy.begin(), policy.end(), [&](const auto& entry) {
    const std::string key(entry.key());
    const auto* found = find(message, key);
    if (const auto* nested = entry.value().if_object()) {
      return node_accepts(*nested, found ? *found : json::value(json::object{}));
    }
    const auto values = values_of(found);
    const auto& rules = entry.value().get_array();
    return std::any_of(rules.begin(), rules.end(),
                       [&](const json::value& rule) { return rule_matches(rule, values); });
  });
}

json::value attributes_as_document(const std::map<std::string, MessageAttributeValue>& attributes) {
  json::object document;
  for (const auto& [name, attribute] : attributes) {
    const std::string type = attribute.data_type.value_or("");
    const std::string text = attribute.string_value.value_or("");
    if (type == "Number") {
      if (const auto number = parse_number(text)) document[name] = *number;
    } else if (type == "String.Array") {
      json::value list;
      JsonError error;
      if (parse_json(text, list, error)) document[name] = std::move(list);
    } else if (!type.starts_with("Binary")) {
      document[name] = text;
    }
  }
  return document;
}

}  // namespace

Result<> check_filter_policy(std::string_view policy, std::string_view scope, bool in_subscribe) {
  const auto refused = [&](const std::string& why) {
    return invalid_parameter((in_subscribe ? "Attributes Reason: FilterPolicy: " : "FilterPolicy: ") + why);
  };
  json::value document;
  JsonError error;
  if (!parse_json(policy, document, error)) return refused("failed to parse JSON. " + error.message);
  const auto* node = document.if_object();
  if (!node) return refused("failed to parse JSON. Filter is not an object");
  Size size;
  if (auto problem = check_node(*node, scope == "MessageBody", 1, size); !problem.empty())
    return refused(problem);
  if (size.keys > keys_max) return refused("Filter policy can not have more than 5 keys");
  if (size.combinations > combinations_max) return refused("Filter policy is too complex");
  return {};
}

bool filter_policy_accepts(std::string_view policy, std::string_view scope,
                           const std::map<std::string, MessageAttributeValue>& attributes,
                           std::string_view body) {
  json::value document;
  JsonError error;
  if (policy.empty() || !parse_json(policy, document, error) || !document.is_object()) return true;
  if (document.get_object().empty()) return true;
  if (scope != "MessageBody") return node_accepts(document.get_object(), attributes_as_document(attributes));
  json::value message;
  if (!parse_json(body, message, error) || !message.is_object()) return false;
  return node_accepts(document.get_object(), message);
}

}  // namespace berth::sns
