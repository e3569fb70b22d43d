#include "cloudformation/resource_type.h"

#include <fmt/format.h>

namespace berth::cfn {

std::string TypeContext::generated_name(const ResourceView& resource, std::size_t length_max) const {
  const std::string suffix = random_alphanumeric(context.ids(), 12);
  std::string head = fmt::format("{}-{}", resource.stack_name, resource.logical_id);
  if (head.size() + 1 + suffix.size() > length_max) head.resize(length_max - 1 - suffix.size());
  return head + "-" + suffix;
}

Result<bool> ResourceType::stable(TypeContext&, const ResourceView&) { return true; }

Result<bool> ResourceType::removed(TypeContext&, const ResourceView&) { return true; }

json::value ResourceType::ref(TypeContext&, const ResourceView& resource) const {
  return json::string(resource.physical_id);
}

std::optional<json::value> ResourceType::attribute(TypeContext&, const ResourceView&, std::string_view) const {
  return std::nullopt;
}

}  // namespace berth::cfn
