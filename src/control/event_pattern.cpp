#include "control/event_pattern.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"

namespace berth::control {
namespace {

constexpr std::size_t depth_max = 64;

std::string_view text_of(const json::value& value) {
  return value.get_string();
}

bool is_operator(std::string_view name) {
  static constexpr std::array<std::string_view, 8> known{
      "prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "exists", "numeric", "cidr"};
  return std::find(known.begin(), known.end(), name) != known.end();
}

// `$or` is an ordinary field's name unless it lists alternatives, each a pattern of its own.
const json::array* alternatives_of(std::string_view name, const json::value& value) {
  const auto* list = value.if_array();
  if (name != "$or" || !list || list->size() < 2) return nullptr;
  const bool patterns = std::all_of(list->begin(), list->end(), [](const json::value& each) {
    const auto* object = each.if_object();
    return object && std::none_of(object->begin(), object->end(),
                                  [](const auto& member) { return is_operator(member.key()); });
  });
  return patterns ? list : nullptr;
}

// --- addresses

struct Address {
  std::array<std::uint8_t, 16> bytes{};
  int bits = 0;  // 32 or 128
};

std::optional<Address> parse_address(std::string_view text) {
  const std::string copy(text);
  Address address;
  if (inet_pton(AF_INET, copy.c_str(), address.bytes.data()) == 1) return address.bits = 32, address;
  if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) return address.bits = 128, address;
  return std::nullopt;
}

struct Block {
  Address base;
  int prefix = 0;

  bool contains(const Address& address) const {
    if (address.bits != base.bits) return false;
    for (int bit = 0; bit < prefix; ++bit) {
      const auto byte = static_cast<std::size_t>(bit / 8);
      if (((address.bytes[byte] ^ base.bytes[byte]) >> (7 - bit % 8)) & 1) return false;
    }
    return true;
  }
};

std::optional<Block> parse_block(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == text.npos) return std::nullopt;
  const auto base = parse_address(text.substr(0, slash));
  const auto prefix = parse_integer(text.substr(slash + 1));
  if (!base || !prefix || *prefix < 0 || *prefix > base->bits) return std::nullopt;
  return Block{*base, static_cast<int>(*prefix)};
}

// --- wildcards

// The literal pieces between the `*`s; `\*` and `\\` stand for themselves. Nullopt: two `*` in a row, or
// another escape.
std::optional<std::vector<std::string>> wildcard_pieces(std::string_view pattern) {
  std::vector<std::string> pieces{""};
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      if (++i == pattern.size() || (pattern[i] != '*' && pattern[i] != '\\')) return std::nullopt;
      pieces.back() += pattern[i];
    } else if (pattern[i] == '*') {
      if (i + 1 < pattern.size() && pattern[i + 1] == '*') return std::nullopt;
      pieces.emplace_back();
    } else {
      pieces.back() += pattern[i];
    }
  }
  return pieces;
}

bool matches_pieces(const std::vector<std::string>& pieces, std::string_view text) {
  if (pieces.size() == 1) return text == pieces.front();
  if (!text.starts_with(pieces.front())) return false;
  text.remove_prefix(pieces.front().size());
  for (std::size_t i = 1; i + 1 < pieces.size(); ++i) {
    const auto at = text.find(pieces[i]);
    if (at == text.npos) return false;
    text.remove_prefix(at + pieces[i].size());
  }
  return text.ends_with(pieces.back());
}

// --- reading a pattern

std::string check_texts(std::string_view name, const json::value& value, bool may_be_list) {
  const auto* list = value.if_array();
  const bool texts = list && may_be_list
                         ? !list->empty() && std::all_of(list->begin(), list->end(),
                                                         [](const auto& each) { return each.is_string(); })
                         : value.is_string();
  if (!texts) return fmt::format("{} match pattern must be a string", name);
  if (name != "wildcard") return {};
  const auto wrong = [](const json::value& each) { return !wildcard_pieces(text_of(each)); };
  const bool bad = list ? std::any_of(list->begin(), list->end(), wrong) : wrong(value);
  return bad ? "Consecutive wildcard characters or invalid escape character in wildcard pattern" : "";
}

std::string check_numeric(const json::value& rule) {
  const auto* parts = rule.if_array();
  if (!parts || parts->empty()) return "Value of numeric must be an array.";
  if (parts->size() % 2 != 0 || parts->size() > 4) return "Too many terms in numeric range expression";
  for (std::size_t i = 0; i < parts->size(); i += 2) {
    const auto* sign = (*parts)[i].if_string();
    static constexpr std::array<std::string_view, 5> known{"=", "<", "<=", ">", ">="};
    if (!sign || std::find(known.begin(), known.end(), std::string_view(*sign)) == known.end())
      return "Unrecognized numeric range operator";
    if (!(*parts)[i + 1].is_number()) return fmt::format("Value of {} must be numeric", text_of((*parts)[i]));
  }
  return {};
}

// {"prefix": "a"} or {"prefix": {"equals-ignore-case": "A"}}
std::string check_affix(std::string_view name, const json::value& value, bool may_be_list) {
  const auto* nested = value.if_object();
  if (!nested) return check_texts(name, value, may_be_list);
  if (nested->size() != 1 || nested->begin()->key() != "equals-ignore-case")
    return fmt::format("{} match pattern must be a string", name);
  return check_texts(name, nested->begin()->value(), false);
}

std::string check_anything_but(const json::value& rule) {
  if (const auto* nested = rule.if_object()) {
    if (nested->size() != 1) return "Only one key allowed in match expression";
    const std::string_view name = nested->begin()->key();
    const auto& value = nested->begin()->value();
    if (name == "prefix" || name == "suffix") return check_affix(name, value, true);
    if (name == "equals-ignore-case" || name == "wildcard") return check_texts(name, value, true);
    return fmt::format("Unsupported anything-but pattern: {}", name);
  }
  const auto is_literal = [](const json::value& each) { return each.is_string() || each.is_number(); };
  const auto* list = rule.if_array();
  const bool good =
      list ? !list->empty() && std::all_of(list->begin(), list->end(), is_literal) : is_literal(rule);
  return good ? "" : "Value of anything-but must be an array or single string/number value.";
}

std::string check_rule(const json::value& rule) {
  if (rule.is_array()) return "Match value must be String, number, true, false, or null";
  const auto* object = rule.if_object();
  if (!object) return {};
  if (object->size() != 1) return "Only one key allowed in match expression";
  const std::string_view name = object->begin()->key();
  const auto& value = object->begin()->value();
  if (name == "prefix" || name == "suffix") return check_affix(name, value, false);
  if (name == "equals-ignore-case" || name == "wildcard") return check_texts(name, value, false);
  if (name == "exists") return value.is_bool() ? "" : "exists match pattern must be either true or false.";
  if (name == "numeric") return check_numeric(value);
  if (name == "anything-but") return check_anything_but(value);
  if (name == "cidr") return value.is_string() && parse_block(text_of(value)) ? "" : "Malformed CIDR";
  return fmt::format("Unrecognized match type {}", name);
}

std::string check_pattern(const json::object& pattern, std::size_t depth) {
  if (pattern.empty()) return "Empty objects are not allowed";
  if (depth > depth_max) return "Event pattern is nested too deeply";
  for (const auto& member : pattern) {
    if (const auto* alternatives = alternatives_of(member.key(), member.value())) {
      for (const auto& each : *alternatives) {
        if (auto problem = check_pattern(each.get_object(), depth + 1); !problem.empty()) return problem;
      }
      continue;
    }
    if (const auto* nested = member.value().if_object()) {
      if (auto problem = check_pattern(*nested, depth + 1); !problem.empty()) return problem;
      continue;
    }
    const auto* rules = member.value().if_array();
    if (!rules) return fmt::format("\"{}\" must be an object or an array", std::string_view(member.key()));
    if (rules->empty()) return "Empty arrays are not allowed";
    for (const auto& rule : *rules) {
      if (auto problem = check_rule(rule); !problem.empty()) return problem;
    }
  }
  return {};
}

// --- matching

// Documented: 300 and 300.0 are not the same to a pattern.
bool same_literal(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number() && a.is_double() != b.is_double()) return false;
  return a == b;
}

bool compare(std::string_view sign, double value, double bound) {
  if (sign == "=") return value == bound;
  if (sign == "<") return value < bound;
  if (sign == "<=") return value <= bound;
  return sign == ">" ? value > bound : value >= bound;
}

bool in_range(const json::array& parts, double value) {
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
    if (!compare(text_of(parts[i]), value, parts[i + 1].to_number<double>())) return false;
  }
  return true;
}

bool affix_matches(std::string_view name, const json::value& wanted, std::string_view text) {
  const auto* nested = wanted.if_object();
  const std::string_view affix = text_of(nested ? nested->begin()->value() : wanted);
  if (affix.size() > text.size()) return false;
  const std::string_view part =
      name == "prefix" ? text.substr(0, affix.size()) : text.substr(text.size() - affix.size());
  return nested ? equal_ignoring_case(part, affix) : part == affix;
}

bool text_matches(std::string_view name, const json::value& wanted, const json::value& value) {
  if (!value.is_string()) return false;
  const std::string_view text = text_of(value);
  if (name == "prefix" || name == "suffix") return affix_matches(name, wanted, text);
  if (name == "equals-ignore-case") return equal_ignoring_case(text, text_of(wanted));
  if (name == "wildcard") return matches_pieces(*wildcard_pieces(text_of(wanted)), text);
  const auto address = parse_address(text);  // cidr
  return address && parse_block(text_of(wanted))->contains(*address);
}

bool anything_but(const json::value& rule, const json::value& value) {
  if (const auto* nested = rule.if_object()) {
    const std::string_view name = nested->begin()->key();
    const auto& wanted = nested->begin()->value();
    const auto* list = wanted.if_array();
    if (!list) return !text_matches(name, wanted, value);
    return std::none_of(list->begin(), list->end(),
                        [&](const auto& each) { return text_matches(name, each, value); });
  }
  const auto* list = rule.if_array();
  if (!list) return !same_literal(rule, value);
  return std::none_of(list->begin(), list->end(),
                      [&](const auto& each) { return same_literal(each, value); });
}

bool value_matches(const json::value& rule, const json::value& value) {
  const auto* object = rule.if_object();
  if (!object) return same_literal(rule, value);
  const std::string_view name = object->begin()->key();
  const auto& wanted = object->begin()->value();
  if (name == "anything-but") return anything_but(wanted, value);
  if (name == "numeric") return value.is_number() && in_range(wanted.get_array(), value.to_number<double>());
  return text_matches(name, wanted, value);
}

// The field's values that are no objects: several for an array, none where the event lacks the field.
void collect_leaves(const json::value* value, std::vector<const json::value*>& leaves) {
  if (!value || value->is_object()) return;
  const auto* list = value->if_array();
  if (!list) return leaves.push_back(value);
  for (const auto& each : *list) collect_leaves(&each, leaves);
}

bool leaf_matches(const json::array& rules, const json::value* value) {
  std::vector<const json::value*> leaves;
  collect_leaves(value, leaves);
  return std::any_of(rules.begin(), rules.end(), [&](const json::value& rule) {
    if (const auto* wanted = find(rule, "exists")) return wanted->get_bool() == !leaves.empty();
    return std::any_of(leaves.begin(), leaves.end(),
                       [&](const json::value* leaf) { return value_matches(rule, *leaf); });
  });
}

bool pattern_matches(const json::object& pattern, const json::value* event);

// Of an array of objects, one must match the nested pattern as a whole.
bool nested_matches(const json::object& pattern, const json::value* value) {
  const auto* list = value ? value->if_array() : nullptr;
  if (!list) return pattern_matches(pattern, value);
  return std::any_of(list->begin(), list->end(),
                     [&](const json::value& each) { return nested_matches(pattern, &each); });
}

bool pattern_matches(const json::object& pattern, const json::value* event) {
  return std::all_of(pattern.begin(), pattern.end(), [&](const auto& member) {
    if (const auto* alternatives = alternatives_of(member.key(), member.value())) {
      return std::any_of(alternatives->begin(), alternatives->end(),
                         [&](const json::value& each) { return pattern_matches(each.get_object(), event); });
    }
    const auto* value = event ? find(*event, member.key()) : nullptr;
    const auto* nested = member.value().if_object();
    return nested ? nested_matches(*nested, value) : leaf_matches(member.value().get_array(), value);
  });
}

}  // namespace

Result<json::value> parse_event_pattern(std::string_view text) {
  const auto refused = [](const std::string& reason) {
    return Error{"InvalidEventPatternException", "Event pattern is not valid. Reason: " + reason};
  };
  json::value pattern;
  JsonError error;
  if (!parse_json(text, pattern, error)) {
    return refused(fmt::format("{} at [line: {}, column: {}]", error.message, error.line, error.column));
  }
  if (!pattern.is_object()) return refused("Filter is not an object");
  if (auto problem = check_pattern(pattern.get_object(), 1); !problem.empty()) return refused(problem);
  return pattern;
}

bool matches_event(const json::value& pattern, const json::value& event) {
  return pattern_matches(pattern.get_object(), &event);
}

}  // namespace berth::control
