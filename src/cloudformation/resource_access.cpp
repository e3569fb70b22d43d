#include "cloudformation/resource_access.h"

#include <fmt/format.h>

#include <algorithm>

#include "cloudformation/stack_lookup.h"
#include "cloudformation/template/references.h"
#include "cloudformation/template/template_error.h"

namespace berth::cloudformation {
namespace {

using Missing = std::function<Result<json::value>(std::string_view logical_id)>;
// An attribute that the resource does not have, or not yet.
using Unknown = std::function<Result<json::value>(const StackResourceRow& row, std::string_view attribute)>;

void add_access(cfn::Environment& environment, Context& context, const StackIdentity& stack, Missing missing,
                Unknown unknown) {
  const auto find = [&context, id = stack.id](std::string_view logical_id) -> const StackResourceRow* {
    const auto* row = active_resource(context.store, id, logical_id);
    return row && !row->physical_id.empty() && cfn::find_type(row->type) ? row : nullptr;
  };
  environment.ref = [&context, stack, find, missing](std::string_view logical_id) -> Result<json::value> {
    const auto* row = find(logical_id);
    if (!row) return missing(logical_id);
    auto around = type_context(context, row->version.stack_tags);
    return cfn::find_type(row->type)->ref(around, view_of(stack, *row));
  };
  environment.attribute = [&context, stack, find, missing, unknown](
                              std::string_view logical_id,
                              std::string_view attribute) -> Result<json::value> {
    const auto* row = find(logical_id);
    if (!row) return missing(logical_id);
    auto around = type_context(context, row->version.stack_tags);
    auto value = cfn::find_type(row->type)->attribute(around, view_of(stack, *row), attribute);
    if (value) return std::move(*value);
    if (cfn::find_type(row->type)->has_growing_attributes()) return unknown(*row, attribute);
    return validation_error(
        fmt::format("Template error: resource {} does not support attribute type {} in Fn::GetAtt",
                    logical_id, attribute));
  };
}

// With every NoEcho value hidden.
cfn::ParameterValues shown_values(const cfn::ParameterValues& values) {
  std::vector<cfn::ParameterValue> shown;
  for (auto value : values) {
    value.resolved = value.shown_resolved_value();
    value.value = value.shown_value();
    shown.push_back(std::move(value));
  }
  return cfn::ParameterValues(std::move(shown));
}

bool has_secrets(const cfn::ParameterValues& values) {
  return std::any_of(values.begin(), values.end(), [](const auto& value) { return value.no_echo; });
}

bool references_resource(const Plan& plan, const json::value& value) {
  const auto references = cfn::references_of(value, &plan.conditions);
  return std::any_of(references.begin(), references.end(), [&](const cfn::Reference& reference) {
    return plan.of.resource(reference.name) != nullptr;
  });
}

}  // namespace

Result<cfn::ResourceType*> known_type(std::string_view name) {
  if (auto* type = cfn::find_type(name)) return type;
  return cfn::format_error("Unrecognized resource types: [{}]", name);
}

cfn::ResourceView view_of(const StackIdentity& stack, const StackResourceRow& resource) {
  cfn::ResourceView view;
  view.stack_name = stack.name;
  view.stack_id = stack.id;
  view.logical_id = resource.logical_id;
  view.physical_id = resource.physical_id;
  view.step_began = resource.operation_started_at;
  const auto& version = resource.version;
  const auto& properties = version.looked_up.is_object() ? version.looked_up : version.properties;
  if (properties.is_object()) view.properties = properties.get_object();
  return view;
}

cfn::TypeContext type_context(Context& context, const std::vector<Tag>& stack_tags) {
  cfn::TypeContext around{context, {}, {}};
  for (const auto& tag : stack_tags) {
    around.stack_tags.emplace_back(tag.key.value_or(""), tag.value.value_or(""));
  }
  return around;
}

cfn::TypeContext tagging_context(Context& context, const cfn::ResourceView& resource,
                                 const std::vector<Tag>& stack_tags,
                                 const std::vector<Tag>& former_stack_tags) {
  auto around = type_context(context, stack_tags);
  around.former_stack_tags = type_context(context, former_stack_tags).stack_tags;
  around.stack_tags.insert(around.stack_tags.begin(), {{"aws:cloudformation:stack-name", resource.stack_name},
                                                       {"aws:cloudformation:logical-id", resource.logical_id},
                                                       {"aws:cloudformation:stack-id", resource.stack_id}});
  return around;
}

void add_resources(cfn::Environment& environment, Context& context, const StackIdentity& stack) {
  add_access(
      environment, context, stack,
      [](std::string_view logical_id) -> Result<json::value> {
        return validation_error(
            fmt::format("Template format error: Unresolved resource dependencies [{}] in the Resources block "
                        "of the template",
                        logical_id));
      },
      [](const StackResourceRow& row, std::string_view attribute) -> Result<json::value> {
        return validation_error(fmt::format("Output '{}' not found in stack '{}'",
                                            attribute.substr(attribute.find('.') + 1), row.physical_id));
      });
}

void add_preview(cfn::Environment& environment, Context& context, const StackIdentity& stack) {
  add_access(
      environment, context, stack,
      [](std::string_view) -> Result<json::value> { return json::value(json::string(known_after_apply)); },
      [](const StackResourceRow&, std::string_view) -> Result<json::value> {
        return json::value(json::string(known_after_apply));
      });
}

Result<ResourceVersion> wanted_version(const Context& context, const Plan& plan,
                                       const cfn::Resource& resource, const cfn::Environment& environment,
                                       const std::vector<Tag>& stack_tags) {
  ResourceVersion version;
  auto properties = cfn::resolve_properties(resource, plan.scope(environment));
  if (!properties) return properties.error();
  version.properties = std::move(*properties);
  std::string text = json::serialize(version.properties);
  if (text.find("{{resolve:") != std::string::npos) {
    cfn::Environment resolving = environment;
    resolving.dynamic_reference = [&context](const cfn::DynamicReference& reference) {
      return look_up_reference(context.store, reference);
    };
    auto looked_up = cfn::resolve_properties(resource, plan.scope(resolving));
    if (!looked_up) return looked_up.error();
    version.looked_up = std::move(*looked_up);
  }
  if (has_secrets(plan.parameters)) {
    const auto values = shown_values(plan.parameters);
    const auto shown =
        cfn::resolve_properties(resource, cfn::Scope{plan.of, values, plan.conditions, environment});
    text = shown ? json::serialize(*shown) : "{}";
  }
  version.shown_properties = std::move(text);
  const auto& dependencies = plan.order.dependencies(resource.logical_id);
  version.dependencies.assign(dependencies.begin(), dependencies.end());
  version.deletion_policy = resource.deletion_policy;
  version.update_replace_policy = resource.update_replace_policy;
  version.stack_tags = stack_tags;
  return version;
}

Result<json::object> previewed_properties(const Plan& plan, const cfn::Resource& resource,
                                          const cfn::Environment& environment) {
  json::object out;
  const auto scope = plan.scope(environment);
  for (const auto& property : resource.properties) {
    auto value = cfn::evaluate(property.value(), scope);
    if (!value) {
      if (!references_resource(plan, property.value())) return value.error();
      value = json::value(json::string(known_after_apply));
    }
    if (!value->is_null()) out.emplace(property.key(), std::move(*value));
  }
  return out;
}

}  // namespace berth::cloudformation
