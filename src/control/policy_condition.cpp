#include "control/policy_condition.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "base/text.h"
#include "loop/time.h"

namespace berth::control {
namespace {

// A byte that stands before a character that is no wildcard.
constexpr char literal_mark = '\x01';

std::string without_marks(std::string text) {
  std::erase(text, literal_mark);
  return text;
}

using Test = std::function<bool(const std::string& wanted, const std::string& given)>;

std::optional<Time> date_of(const std::string& text) {
  if (const auto seconds = parse_integer(text)) return from_unix_seconds(*seconds);
  if (text.size() == 10) return parse_iso(text + "T00:00:00Z");
  return parse_iso(text);
}

template <class Value, class Parse, class Compare>
Test comparing(Parse parse, Compare compare) {
  return [parse, compare](const std::string& wanted, const std::string& given) {
    const std::optional<Value> a = parse(given), b = parse(wanted);
    return a && b && compare(*a, *b);
  };
}

template <class Compare>
Test numeric(Compare compare) {
  return comparing<double>([](const std::string& text) { return parse_number(text); }, compare);
}

template <class Compare>
Test date(Compare compare) {
  return comparing<Time>(date_of, compare);
}

// The six parts one by one: a `*` in one part does not reach into the next, but the last has them all.
bool arn_like(const std::string& wanted, const std::string& given) {
  std::string_view pattern = wanted, arn = given;
  for (int part = 0; part < 5; ++part) {
    const auto pattern_end = pattern.find(':'), arn_end = arn.find(':');
    if (pattern_end == pattern.npos || arn_end == arn.npos) return false;
    if (!matches_pattern(pattern.substr(0, pattern_end), arn.substr(0, arn_end))) return false;
    pattern.remove_prefix(pattern_end + 1);
    arn.remove_prefix(arn_end + 1);
  }
  return matches_pattern(pattern, arn);
}

std::optional<std::uint32_t> ipv4_number(std::string_view text) {
  const auto parts = split(text, '.');
  if (parts.size() != 4) return std::nullopt;
  std::uint32_t number = 0;
  for (const auto& part : parts) {
    const auto byte = parse_integer(part);
    if (!byte || *byte < 0 || *byte > 255) return std::nullopt;
    number = number << 8 | static_cast<std::uint32_t>(*byte);
  }
  return number;
}

bool in_block(const std::string& wanted, const std::string& given) {
  const auto slash = wanted.find('/');
  const auto bits = slash == wanted.npos ? std::optional(32LL) : parse_integer(wanted.substr(slash + 1));
  const auto base = ipv4_number(wanted.substr(0, slash)), address = ipv4_number(given);
  if (!bits || *bits < 0 || *bits > 32 || !base || !address) return false;
  const std::uint32_t mask = *bits == 0 ? 0 : ~std::uint32_t{0} << (32 - *bits);
  return (*base & mask) == (*address & mask);
}

struct Operator {
  Test test;
  bool negated = false;  // met when no value fits, also when the key is absent
};

const std::map<std::string, Operator, std::less<>>& operators() {
  static const auto table = [] {
    const Test equals = [](const auto& wanted, const auto& given) { return without_marks(wanted) == given; };
    const Test equals_any_case = [](const auto& wanted, const auto& given) {
      return equal_ignoring_case(without_marks(wanted), given);
    };
    const Test like = [](const auto& wanted, const auto& given) { return matches_pattern(wanted, given); };
    return std::map<std::string, Operator, std::less<>>{
        {"StringEquals", {equals}},
        {"StringNotEquals", {equals, true}},
        {"StringEqualsIgnoreCase", {equals_any_case}},
        {"StringNotEqualsIgnoreCase", {equals_any_case, true}},
        {"StringLike", {like}},
        {"StringNotLike", {like, true}},
        {"NumericEquals", {numeric(std::equal_to<>())}},
        {"NumericNotEquals", {numeric(std::equal_to<>()), true}},
        {"NumericLessThan", {numeric(std::less<>())}},
        {"NumericLessThanEquals", {numeric(std::less_equal<>())}},
        {"NumericGreaterThan", {numeric(std::greater<>())}},
        {"NumericGreaterThanEquals", {numeric(std::greater_equal<>())}},
        {"DateEquals", {date(std::equal_to<>())}},
        {"DateNotEquals", {date(std::equal_to<>()), true}},
        {"DateLessThan", {date(std::less<>())}},
        {"DateLessThanEquals", {date(std::less_equal<>())}},
        {"DateGreaterThan", {date(std::greater<>())}},
        {"DateGreaterThanEquals", {date(std::greater_equal<>())}},
        {"Bool", {equals_any_case}},
        {"BinaryEquals", {equals}},
        {"IpAddress", {in_block}},
        {"NotIpAddress", {in_block, true}},
        {"ArnEquals", {arn_like}},
        {"ArnLike", {arn_like}},
        {"ArnNotEquals", {arn_like, true}},
        {"ArnNotLike", {arn_like, true}},
    };
  }();
  return table;
}

enum class Quantity { one, any, all };

// "ForAnyValue:StringLikeIfExists" -> any, StringLike, true
struct OperatorName {
  explicit OperatorName(std::string_view text) : name(text) {
    const auto take_prefix = [&](std::string_view prefix) {
      if (!name.starts_with(prefix)) return false;
      name.remove_prefix(prefix.size());
      return true;
    };
    if (take_prefix("ForAnyValue:")) quantity = Quantity::any;
    if (take_prefix("ForAllValues:")) quantity = Quantity::all;
    constexpr std::string_view suffix = "IfExists";
    if (!name.ends_with(suffix)) return;
    name.remove_suffix(suffix.size());
    if_exists = true;
  }
  std::string_view name;
  Quantity quantity = Quantity::one;
  bool if_exists = false;
};

const std::vector<std::string>* given_values(const PolicyRequest& request, std::string_view key) {
  const auto found = request.keys.find(lower(key));
  return found == request.keys.end() ? nullptr : &found->second;
}

bool fits_one_of(const std::vector<std::string>& wanted, const std::string& given, const Operator& op,
                 const PolicyRequest& request) {
  return std::any_of(wanted.begin(), wanted.end(), [&](const std::string& text) {
    std::string filled;
    return fill_in_variables(text, request, filled) && op.test(filled, given);
  });
}

bool meets_key(const OperatorName& name, const Operator& op, const std::string& key,
               const std::vector<std::string>& wanted, const PolicyRequest& request) {
  const auto* given = given_values(request, key);
  if (!given || given->empty()) {
    if (name.if_exists || name.quantity == Quantity::all) return true;
    return op.negated && name.quantity == Quantity::one;
  }
  const auto met = [&](const std::string& value) {
    return fits_one_of(wanted, value, op, request) != op.negated;
  };
  // Of several values one is enough, but what must not be must not be among them.
  const bool all = name.quantity == Quantity::all || (name.quantity == Quantity::one && op.negated);
  return all ? std::all_of(given->begin(), given->end(), met)
             : std::any_of(given->begin(), given->end(), met);
}

bool meets_null(const std::string& key, const std::vector<std::string>& wanted,
                const PolicyRequest& request) {
  const char* const absent = given_values(request, key) ? "false" : "true";
  return std::any_of(wanted.begin(), wanted.end(),
                     [&](const std::string& text) { return equal_ignoring_case(text, absent); });
}

bool meets_operator(std::string_view text, const json::value& keys, const PolicyRequest& request) {
  if (!keys.is_object()) return false;
  const OperatorName name(text);
  const auto found = operators().find(name.name);
  if (found == operators().end() && name.name != "Null") return false;
  return std::all_of(keys.get_object().begin(), keys.get_object().end(), [&](const auto& entry) {
    const std::string key(entry.key());
    const auto wanted = strings_of(entry.value());
    if (name.name == "Null") return meets_null(key, wanted, request);
    return meets_key(name, found->second, key, wanted, request);
  });
}

}  // namespace

std::vector<std::string> strings_of(const json::value& value) {
  std::vector<std::string> out;
  const auto add = [&](const json::value& one) {
    if (one.is_string()) {
      out.emplace_back(one.get_string());
    } else if (one.is_bool() || one.is_number()) {
      out.push_back(json::serialize(one));
    }
  };
  if (value.is_array()) {
    for (const auto& one : value.get_array()) add(one);
  } else {
    add(value);
  }
  return out;
}

bool fill_in_variables(std::string_view text, const PolicyRequest& request, std::string& out) {
  out.clear();
  while (!text.empty()) {
    const auto begin = text.find("${");
    const auto end = begin == text.npos ? text.npos : text.find('}', begin);
    if (end == text.npos) {
      out += text;
      return true;
    }
    out += text.substr(0, begin);
    std::string_view name = text.substr(begin + 2, end - begin - 2);
    text.remove_prefix(end + 1);
    std::string value(name);
    if (name != "*" && name != "?" && name != "$") {
      // ${aws:PrincipalTag/team, 'none'} has a default.
      const auto comma = name.find(',');
      const auto* given = given_values(request, trim(name.substr(0, comma)));
      if (given && given->size() == 1) {
        value = given->front();
      } else if (comma != name.npos) {
        value = trim(name.substr(comma + 1));
        if (value.size() >= 2 && value.front() == '\'') value = value.substr(1, value.size() - 2);
      } else {
        return false;
      }
    }
    for (const char c : value) {
      if (c == '*' || c == '?') out += literal_mark;
      out += c;
    }
  }
  return true;
}

bool matches_pattern(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0;
  std::size_t star = pattern.npos, star_text = 0;
  while (t < text.size()) {
    const bool literal = p + 1 < pattern.size() && pattern[p] == literal_mark;
    const char wanted = literal ? pattern[p + 1] : p < pattern.size() ? pattern[p] : '\0';
    if (!literal && p < pattern.size() && wanted == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && (wanted == text[t] || (!literal && wanted == '?'))) {
      p += literal ? 2 : 1;
      ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool meets_conditions(const json::value& conditions, const PolicyRequest& request) {
  if (!conditions.is_object()) return false;
  return std::all_of(conditions.get_object().begin(), conditions.get_object().end(),
                     [&](const auto& entry) { return meets_operator(entry.key(), entry.value(), request); });
}

}  // namespace berth::control
