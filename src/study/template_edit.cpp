#include "study/template_edit.h"

#include <fmt/format.h>

#include "base/text.h"

namespace berth::study {

Result<> set_property(json::value& document, const std::string& setting) {
  const auto equals = setting.find('=');
  const auto wrong = [&](const std::string& problem) {
    return Error{"UsageError", fmt::format("--set {}: {}", setting, problem)};
  };
  if (equals == std::string::npos) return wrong("write it as Resource.Property.Path=VALUE");
  std::string_view path = std::string_view(setting).substr(0, equals);
  const auto resource_end = path.find('.');
  if (resource_end == std::string_view::npos) return wrong("name a resource and a property of it");
  const auto name = path.substr(0, resource_end);
  auto* resources = document.is_object() ? document.get_object().if_contains("Resources") : nullptr;
  auto* resource = resources && resources->is_object() ? resources->get_object().if_contains(name) : nullptr;
  if (!resource || !resource->is_object()) return wrong(fmt::format("the template has no resource {}", name));
  json::value* at = &resource->get_object()["Properties"];
  path.remove_prefix(resource_end + 1);
  while (!path.empty()) {
    const auto end = path.find('.');
    const auto step = path.substr(0, end);
    path = end == std::string_view::npos ? std::string_view() : path.substr(end + 1);
    if (at->is_null() && step == "0") at->emplace_array();
    if (at->is_array() && step == fmt::format("{}", at->get_array().size()))
      at->get_array().emplace_back(nullptr);
    if (at->is_array()) {
      const auto index = parse_integer(step);
      if (!index || *index < 0 || static_cast<std::size_t>(*index) >= at->get_array().size()) {
        return wrong(fmt::format("{} is no element of the list", step));
      }
      at = &at->get_array()[static_cast<std::size_t>(*index)];
      continue;
    }
    if (!at->is_object()) at->emplace_object();
    at = &at->get_object()[step];
  }
  *at = json::string(std::string_view(setting).substr(equals + 1));
  return {};
}

}  // namespace berth::study
