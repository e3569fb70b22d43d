#include "cloudformation/resource_type.h"

#include <fmt/format.h>

#include <map>

namespace berth::cfn {
namespace {

using Registry = std::map<std::string, std::unique_ptr<ResourceType>, std::less<>>;

Registry& registry() {
  static Registry types;
  return types;
}

}  // namespace

std::string TypeContext::generated_name(const ResourceView& resource, std::size_t length_max) const {
  const std::string suffix = random_alphanumeric(context.ids(), 12);
  std::string head = fmt::format("{}-{}", resource.stack_name, resource.logical_id);
  if (head.size() + 1 + suffix.size() > length_max) head.resize(length_max - 1 - suffix.size());
  return head + "-" + suffix;
}

Result<bool> ResourceType::stable(TypeContext&, const ResourceView&) {
  return true;
}

Result<bool> ResourceType::removed(TypeContext&, const ResourceView&) {
  return true;
}

json::value ResourceType::ref(TypeContext&, const ResourceView& resource) const {
  return json::string(resource.physical_id);
}

std::optional<json::value> ResourceType::attribute(TypeContext&, const ResourceView&,
                                                   std::string_view) const {
  return std::nullopt;
}

ResourceType* find_type(std::string_view name) {
  const auto found = registry().find(name);
  return found == registry().end() ? nullptr : found->second.get();
}

std::vector<std::string_view> type_names() {
  std::vector<std::string_view> names;
  for (const auto& [name, type] : registry()) names.push_back(name);
  return names;
}

void add_type(std::unique_ptr<ResourceType> type) {
  std::string name(type->name());
  registry().insert_or_assign(std::move(name), std::move(type));
}

}  // namespace berth::cfn
