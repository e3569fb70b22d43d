#include "services/ec2/resources.h"

#include <fmt/format.h>

#include <set>

#include "loop/rng.h"
#include "services/tags.h"

namespace berth::ec2 {

std::string new_id(const Context& context, std::string_view prefix) {
  return std::string(prefix) + "0" + random_hex(context.ids(), 16);
}

std::string new_id(const Context& context, const Kind& kind) {
  return new_id(context, kind.prefix);
}

Error not_found(const Kind& kind, const std::string& id) {
  return {kind.not_found, fmt::format("The {} '{}' does not exist", kind.called, id)};
}

Result<> check_id(const Kind& kind, const std::string& id) {
  const std::string_view prefix = kind.prefix;
  if (id.starts_with(prefix)) {
    const std::string_view digits = std::string_view(id).substr(prefix.size());
    const bool hexadecimal = digits.find_first_not_of("0123456789abcdef") == digits.npos;
    if (hexadecimal && (digits.size() == 8 || digits.size() == 17)) return {};
  }
  return Error{kind.malformed, fmt::format("Invalid id: \"{}\" (expecting \"{}...\")", id, kind.prefix)};
}

Error missing_parameter(std::string_view name) {
  return {"MissingParameter", fmt::format("The request must contain the parameter {}", name)};
}

Error invalid_parameter(std::string message) {
  return {"InvalidParameterValue", std::move(message)};
}

Error dependency_violation(std::string message) {
  return {"DependencyViolation", std::move(message)};
}

Error not_supported(std::string_view what) {
  return {"UnsupportedOperation", fmt::format("{} is not supported by berth.", what)};
}

Result<> check_tags(const std::vector<Tag>& tags) {
  std::set<std::string> keys;
  for (const Tag& tag : tags) {
    const std::string key = tag.key.value_or("");
    if (key.empty()) return missing_parameter("Key");
    if (key.size() > 127) return invalid_parameter(fmt::format("Tag key exceeds the maximum length of 127."));
    if (tag.value.value_or("").size() > 255) {
      return invalid_parameter(fmt::format("Tag value exceeds the maximum length of 255."));
    }
    // CloudFormation's own tags come through the same door; from a client they are refused before.
    if (key.starts_with("aws:") && !key.starts_with("aws:cloudformation:")) {
      return invalid_parameter(fmt::format(
          "Tag keys starting with 'aws:' are reserved for internal use. Tag key '{}' is not allowed.", key));
    }
    if (!keys.insert(key).second)
      return invalid_parameter(fmt::format("Duplicate tag key '{}' specified.", key));
  }
  if (services::too_many_tags(tags)) {
    return Error{"TagLimitExceeded", "The maximum number of Tags for a resource has been reached."};
  }
  return {};
}

Result<std::vector<Tag>> tags_from(const std::optional<std::vector<TagSpecification>>& specifications,
                                   const Kind& kind) {
  std::vector<Tag> tags;
  for (const auto& specification : list_of(specifications)) {
    const std::string type = specification.resource_type.value_or("");
    if (type.empty()) return missing_parameter("ResourceType");
    if (type != kind.type) {
      return invalid_parameter(
          fmt::format("'{}' is not a valid taggable resource type for this operation.", type));
    }
    for (const Tag& tag : list_of(specification.tags)) tags.push_back({tag.key, tag.value.value_or("")});
  }
  if (auto checked = check_tags(tags); !checked) return checked.error();
  return tags;
}

}  // namespace berth::ec2
