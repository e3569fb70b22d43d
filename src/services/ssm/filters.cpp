#include "services/ssm/filters.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <set>

#include "services/lists.h"

namespace berth::ssm {
namespace {

constexpr const char* key_pattern = "tag:.+|Name|Type|KeyId|Path|Label|Tier|DataType";

std::string option_of(const ParameterStringFilter& filter) {
  return filter.option.value_or(filter.key == "Path" ? "OneLevel" : "Equals");
}

// AWS: labels cannot be asked for in a description, and a path takes few filters of its own.
Result<> check_key(const std::string& key, Filtered operation) {
  const auto refuse = [&](const char* valid) {
    return Error{
        "InvalidFilterKey",
        fmt::format("The following filter key is not valid: {}. Valid filter keys include: {}.", key, valid)};
  };
  if (operation == Filtered::described) {
    return key == "Label" ? Result<>(refuse("[Path, Name, Type, KeyId, Tier]")) : Result<>();
  }
  const bool valid = key == "Type" || key == "KeyId" || key == "Label";
  return valid ? Result<>() : Result<>(refuse("[Type, KeyId]"));
}

Result<> check_option(const ParameterStringFilter& filter) {
  const std::string option = option_of(filter);
  const bool path = filter.key == "Path";
  const bool valid =
      path ? option == "Recursive" || option == "OneLevel"
           : option == "Equals" || option == "BeginsWith" || (filter.key == "Name" && option == "Contains");
  if (valid) return {};
  return Error{"InvalidFilterOption",
               fmt::format("The following filter option is not valid: {}. Valid options include: {}.", option,
                           path ? "[Recursive, OneLevel]" : "[BeginsWith, Equals]")};
}

bool any_of_values(const ParameterStringFilter& filter, const std::string& text) {
  const std::string option = option_of(filter);
  const auto& values = services::list_of(filter.values);
  return values.empty() || std::any_of(values.begin(), values.end(), [&](const std::string& value) {
           if (option == "BeginsWith") return text.starts_with(value);
           if (option == "Contains") return text.find(value) != std::string::npos;
           return text == value;
         });
}

bool has_label(const ParameterVersion& version, const ParameterStringFilter& filter) {
  return std::any_of(version.labels.begin(), version.labels.end(),
                     [&](const std::string& label) { return any_of_values(filter, label); });
}

bool passes(const ParameterRow& row, const ParameterVersion& version, const ParameterStringFilter& filter) {
  const std::string key = filter.key.value_or("");
  if (key == "Name") return any_of_values(filter, row.name);
  if (key == "Type") return any_of_values(filter, version.type);
  if (key == "KeyId") return any_of_values(filter, version.key_id);
  if (key == "Tier") return any_of_values(filter, version.tier);
  if (key == "DataType") return any_of_values(filter, version.data_type);
  if (key == "Label") return has_label(version, filter);
  if (key == "Path") {
    const auto& paths = services::list_of(filter.values);
    return std::any_of(paths.begin(), paths.end(), [&](const std::string& path) {
      return lies_below(row, path, option_of(filter) == "Recursive");
    });
  }
  return std::any_of(row.tags.begin(), row.tags.end(), [&](const Tag& tag) {
    return "tag:" + tag.key.value_or("") == key && any_of_values(filter, tag.value.value_or(""));
  });
}

bool passes_all(const ParameterRow& row, const ParameterVersion& version, const ParameterFilters& filters) {
  const auto& all = services::list_of(filters);
  return std::all_of(all.begin(), all.end(), [&](const auto& one) { return passes(row, version, one); });
}

}  // namespace

Result<> check_filters(const ParameterFilters& filters, Filtered operation) {
  static const std::regex pattern(key_pattern);
  std::set<std::string> keys;
  for (const auto& filter : services::list_of(filters)) {
    const std::string key = filter.key.value_or("");
    if (!std::regex_match(key, pattern)) {
      return Error{"ValidationException",
                   fmt::format("1 validation error detected: Value '{}' at 'parameterFilters.{}.member.key' "
                               "failed to satisfy constraint: Member must satisfy regular expression "
                               "pattern: {}",
                               key, keys.size() + 1, key_pattern)};
    }
    if (auto checked = check_key(key, operation); !checked) return checked;
    if (services::list_of(filter.values).empty() && !key.starts_with("tag:")) {
      return Error{"InvalidFilterValue",
                   fmt::format("The following filter values are missing : null for filter key {}.", key)};
    }
    if (!keys.insert(key).second) {
      return Error{"InvalidFilterKey",
                   fmt::format("The following filter is duplicated in the request: {}. A request can contain "
                               "only one occurrence of a specific filter.",
                               key)};
    }
    if (auto checked = check_option(filter); !checked) return checked;
  }
  return {};
}

ParameterFilters modern(const std::vector<ParametersFilter>& filters) {
  ParameterFilters out;
  for (const auto& filter : filters) {
    if (!out) out.emplace();
    auto& one = out->emplace_back();
    one.key = filter.key;
    one.option = filter.key == "Name" ? "BeginsWith" : "Equals";
    one.values = filter.values;
  }
  return out;
}

bool lies_below(const ParameterRow& row, const std::string& path, bool recursive) {
  const std::string folder = path.ends_with('/') ? path : path + "/";
  if (!row.name.starts_with(folder)) return false;
  return recursive || row.name.find('/', folder.size()) == std::string::npos;
}

const ParameterVersion* passing_version(const ParameterRow& row, const ParameterFilters& filters) {
  const auto& all = services::list_of(filters);
  const bool labelled =
      std::any_of(all.begin(), all.end(), [](const auto& one) { return one.key == "Label"; });
  if (!labelled) return passes_all(row, row.latest(), filters) ? &row.latest() : nullptr;
  const auto found = std::find_if(row.versions.rbegin(), row.versions.rend(),
                                  [&](const auto& version) { return passes_all(row, version, filters); });
  return found == row.versions.rend() ? nullptr : &*found;
}

}  // namespace berth::ssm
