#include "services/elbv2/conditions.h"

#include <algorithm>
#include <set>

#include "services/ec2/cidr.h"

namespace berth::elbv2 {
namespace {

constexpr std::size_t values_most = 5;     // of a rule
constexpr std::size_t wildcards_most = 5;  // of a rule
constexpr std::size_t value_length_most = 128;
constexpr std::size_t header_name_length_most = 40;

constexpr std::string_view alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

bool only(const std::string& text, std::string_view more) {
  return text.find_first_not_of(std::string(alphanumeric) + std::string(more)) == text.npos;
}

Error condition_error(const std::string& field, const std::string& value) {
  return validation_error(fmt::format("The condition value '{}' of field '{}' is not valid", value, field));
}

Result<> check_value(const std::string& field, const std::string& value) {
  bool fits = !value.empty() && value.size() <= value_length_most;
  if (field == "host-header") {
    fits = fits && only(value, "-.*?");
  } else if (field == "path-pattern") {
    fits = fits && only(value, "_-.$/~\"'@:+&*?");
  } else if (field == "http-request-method") {
    fits = fits && value.size() <= header_name_length_most && only(value, "-_") &&
           std::none_of(value.begin(), value.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  } else if (field == "source-ip") {
    fits = fits && ec2::parse_cidr(value).has_value();
  }
  if (!fits) return condition_error(field, value);
  return {};
}

// The values of a condition, from the field's own config or from the older list.
template <class Config>
const std::vector<std::string>& values_in(const RuleCondition& condition,
                                          const std::optional<Config>& config) {
  if (config && !list_of(config->values).empty()) return list_of(config->values);
  return list_of(condition.values);
}

Result<RuleCondition> with_values(const RuleCondition& condition, const std::vector<std::string>& values) {
  RuleCondition out;
  out.field = condition.field;
  if (values.empty()) {
    return validation_error(
        fmt::format("A condition on '{}' must have at least one value", *condition.field));
  }
  for (const auto& value : values) {
    if (auto checked = check_value(*condition.field, value); !checked) return checked.error();
  }
  out.values = values;
  return out;
}

Result<RuleCondition> canonical_query(const RuleCondition& condition) {
  if (!condition.query_string_config || list_of(condition.query_string_config->values).empty()) {
    return validation_error("A condition on 'query-string' must have at least one value");
  }
  RuleCondition out;
  out.field = condition.field;
  out.query_string_config = condition.query_string_config;
  out.values.emplace();
  for (const auto& pair : *out.query_string_config->values) {
    const std::string value = pair.value.value_or("");
    if (value.empty() || value.size() > value_length_most ||
        pair.key.value_or("").size() > value_length_most) {
      return condition_error("query-string", value);
    }
  }
  return out;
}

Result<RuleCondition> canonical_header(const RuleCondition& condition) {
  const auto& config = condition.http_header_config;
  const std::string name = config ? config->http_header_name.value_or("") : "";
  if (name.empty() || name.size() > header_name_length_most || !only(name, "-_!#$%&'*+.^`|~")) {
    return validation_error(fmt::format("'{}' is not a valid HTTP header name", name));
  }
  auto out = with_values(condition, list_of(config->values));
  if (!out) return out;
  out->http_header_config = HttpHeaderConditionConfig{name, out->values, std::nullopt};
  out->values.emplace();
  return out;
}

bool uses_regex(const RuleCondition& condition) {
  const auto given = [](const auto& config) { return config && config->regex_values; };
  return condition.regex_values || given(condition.host_header_config) ||
         given(condition.path_pattern_config) || given(condition.http_header_config);
}

Result<RuleCondition> canonical(const RuleCondition& condition) {
  if (uses_regex(condition)) return not_supported("A condition with regular expressions");
  const std::string field = condition.field.value_or("");
  if (field == "host-header") {
    auto out = with_values(condition, values_in(condition, condition.host_header_config));
    if (out) out->host_header_config = HostHeaderConditionConfig{out->values, std::nullopt};
    return out;
  }
  if (field == "path-pattern") {
    auto out = with_values(condition, values_in(condition, condition.path_pattern_config));
    if (out) out->path_pattern_config = PathPatternConditionConfig{out->values, std::nullopt};
    return out;
  }
  if (field == "http-request-method") {
    auto out = with_values(condition, values_in(condition, condition.http_request_method_config));
    if (out) out->http_request_method_config = HttpRequestMethodConditionConfig{out->values};
    return out;
  }
  if (field == "source-ip") {
    if (condition.source_ip_config && condition.source_ip_config->ip_address_type == "ipv6") {
      return not_supported("An IPv6 source-ip condition");
    }
    auto out = with_values(condition, values_in(condition, condition.source_ip_config));
    if (out) out->source_ip_config = SourceIpConditionConfig{out->values, std::nullopt};
    return out;
  }
  if (field == "http-header") return canonical_header(condition);
  if (field == "query-string") return canonical_query(condition);
  return validation_error(fmt::format(
      "Condition field '{}' must be one of '[path-pattern, host-header, http-header, http-request-method, "
      "query-string, source-ip]'",
      field));
}

std::vector<std::string> all_values(const RuleCondition& condition) {
  if (condition.query_string_config) {
    std::vector<std::string> out;
    for (const auto& pair : list_of(condition.query_string_config->values))
      out.push_back(pair.value.value_or(""));
    return out;
  }
  if (condition.http_header_config) return list_of(condition.http_header_config->values);
  return list_of(condition.values);
}

Result<> check_limits(const std::vector<RuleCondition>& conditions) {
  std::size_t values = 0;
  std::size_t wildcards = 0;
  std::set<std::string> once;
  for (const auto& condition : conditions) {
    const std::string& field = *condition.field;
    if (field != "http-header" && field != "query-string" && !once.insert(field).second) {
      return validation_error(fmt::format("A rule can only have one '{}' condition", field));
    }
    for (const auto& value : all_values(condition)) {
      ++values;
      const auto marks =
          std::count_if(value.begin(), value.end(), [](char c) { return c == '*' || c == '?'; });
      if (field != "source-ip" && field != "http-request-method")
        wildcards += static_cast<std::size_t>(marks);
    }
  }
  if (values > values_most) {
    return validation_error(fmt::format("A rule can only have '{}' condition values", values_most));
  }
  if (wildcards > wildcards_most) {
    return validation_error(fmt::format("A rule can only have '{}' condition wildcards", wildcards_most));
  }
  return {};
}

}  // namespace

Result<std::vector<RuleCondition>> canonical_conditions(
    const std::optional<std::vector<RuleCondition>>& conditions) {
  std::vector<RuleCondition> out;
  for (const auto& condition : list_of(conditions)) {
    auto checked = canonical(condition);
    if (!checked) return checked.error();
    out.push_back(std::move(*checked));
  }
  if (out.empty()) return validation_error("A condition must be specified");
  if (auto checked = check_limits(out); !checked) return checked.error();
  return out;
}

}  // namespace berth::elbv2
