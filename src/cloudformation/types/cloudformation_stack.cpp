// AWS::CloudFormation::Stack: a stack in a stack. Ref: its ARN; GetAtt Outputs.<name>. What a nested stack
// does is its own operation, which the engine carries out as any other's; this type begins it and says how it
// ended.
#include <fmt/format.h>

#include "cloudformation/change_set_changes.h"
#include "cloudformation/deployment_request.h"
#include "cloudformation/exports.h"
#include "cloudformation/handler_error.h"
#include "cloudformation/nested_stacks.h"
#include "cloudformation/operation_failure.h"
#include "cloudformation/stack_events.h"
#include "cloudformation/stack_lookup.h"
#include "cloudformation/stack_start.h"
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"

namespace berth::cfn {
namespace {

namespace stacks = berth::cloudformation;

constexpr std::size_t stack_name_characters_max = 128;
constexpr int nesting_depth_max = 20;  // against a template that nests itself

// CloudFormation says of its own type what happened, without a handler around it.
Error plainly(const Error& error) {
  return {stacks::embedded_stack_failure, error.message};
}

bool is_simple(const json::value& value) {
  return value.is_string() || value.is_number() || value.is_bool();
}

std::string simple_text(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string(*text);
  return json::serialize(value);
}

std::vector<stacks::Parameter> parameters_in(const json::object& properties) {
  std::vector<stacks::Parameter> parameters;
  const auto* given = properties.if_contains("Parameters");
  if (!given || !given->is_object()) return parameters;
  for (const auto& entry : given->get_object()) {
    auto& parameter = parameters.emplace_back();
    parameter.parameter_key = std::string(entry.key());
    parameter.parameter_value = simple_text(entry.value());
  }
  return parameters;
}

std::vector<std::string> texts_in(const json::object& properties, std::string_view name) {
  std::vector<std::string> texts;
  const auto* list = properties.if_contains(name);
  if (!list || !list->is_array()) return texts;
  for (const auto& entry : list->get_array()) texts.push_back(simple_text(entry));
  return texts;
}

int depth_of(const Store& store, const stacks::StackRow& stack) {
  int depth = 0;
  for (const auto* at = &stack; at && !at->parent_id.empty() && depth <= nesting_depth_max; ++depth) {
    at = store.find<stacks::StackRow>(at->parent_id);
  }
  return depth;
}

class NestedStack final : public TableType {
 public:
  NestedStack()
      : TableType(stacks::stack_type, {{"TemplateURL", true, in_place, as_text},
                                       {"Parameters", false, in_place, as_object},
                                       {"NotificationARNs", false, in_place, as_list},
                                       {"Tags", false, in_place, as_list},
                                       {"TimeoutInMinutes", false, in_place, as_integer}}) {}

  Result<> check(const json::object& properties) const override {
    if (auto checked = TableType::check(properties); !checked) return checked;
    const auto* parameters = properties.if_contains("Parameters");
    if (!parameters || !parameters->is_object()) return {};
    for (const auto& entry : parameters->get_object()) {
      if (is_simple(entry.value())) continue;
      return Error{"ValidationError",
                   "Value of property Parameters must be an object with String (or simple type) properties"};
    }
    return {};
  }

  bool updates_always() const override { return true; }
  bool has_growing_attributes() const override { return true; }

  Result<Created> create(TypeContext& around, const ResourceView& resource) override {
    Context& context = around.context;
    const auto& parent = *context.store.find<stacks::StackRow>(resource.stack_id);
    if (depth_of(context.store, parent) >= nesting_depth_max) {
      return plainly({"", fmt::format("Stacks are nested deeper than {}", nesting_depth_max)});
    }
    stacks::StackRow child;
    child.name = around.generated_name(resource, stack_name_characters_max);
    child.id = stacks::new_id(context, "stack", child.name);
    child.created_at = context.now();
    child.parent_id = parent.id;
    child.root_id = parent.root_id.empty() ? parent.id : parent.root_id;
    child.disable_rollback = parent.disable_rollback;
    child.on_failure = parent.disable_rollback ? "DO_NOTHING" : "ROLLBACK";
    const auto minutes = resource.properties.if_contains("TimeoutInMinutes");
    child.timeout_minutes = minutes ? parse_integer(simple_text(*minutes)).value_or(0) : 0;
    auto prepared = prepare(around, resource, resource.properties, child, nullptr);
    if (!prepared) return plainly(prepared.error());
    child.description = prepared->plan.of.description;
    stacks::begin_creation(context, child, std::move(prepared->deployment));
    const std::string id = child.id;
    context.store.put(std::move(child));
    return Created{id};
  }

  Result<> update(TypeContext& around, const ResourceView& resource,
                  const json::object& properties) override {
    Context& context = around.context;
    auto* child = context.store.edit<stacks::StackRow>(resource.physical_id);
    if (!child || child->status == "DELETE_COMPLETE") {
      return plainly({"", fmt::format("Stack [{}] does not exist", resource.physical_id)});
    }
    const auto& parent = *context.store.find<stacks::StackRow>(resource.stack_id);
    if (parent.status == "UPDATE_ROLLBACK_IN_PROGRESS") {
      stacks::take_back_update(context, *child);
      return {};
    }
    if (stacks::awaits_parent(context.store, *child)) stacks::settle_update(context, *child);
    if (auto updatable = stacks::check_updatable(*child); !updatable) return plainly(updatable.error());
    const auto* current = stacks::find_deployment(context.store, child->id, stacks::DeploymentRow::current);
    auto prepared = prepare(around, resource, properties, *child, current);
    if (!prepared) return plainly(prepared.error());
    auto same = stacks::check_same_types(context, *child, prepared->plan);
    if (!same) return plainly(same.error());
    const auto changes = stacks::changes_of(context, *child, current, prepared->plan, prepared->deployment);
    if (!changes) return plainly(changes.error());
    if (!changes->any() && child->status != "UPDATE_FAILED") return {};
    child->disable_rollback = parent.disable_rollback;
    stacks::begin_update(context, *child, std::move(prepared->deployment));
    return {};
  }

  Result<bool> stable(TypeContext& around, const ResourceView& resource) override {
    const Store& store = around.context.store;
    const auto* child = store.find<stacks::StackRow>(resource.physical_id);
    if (!child) return plainly({"", fmt::format("Stack [{}] does not exist", resource.physical_id)});
    const std::string& status = child->status;
    if (status == "CREATE_COMPLETE" || status == "UPDATE_COMPLETE" ||
        status == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS") {
      return true;
    }
    if (status == "CREATE_IN_PROGRESS" || status == "UPDATE_IN_PROGRESS") return false;
    const auto& parent = *store.find<stacks::StackRow>(resource.stack_id);
    const bool going_back = parent.status == "UPDATE_ROLLBACK_IN_PROGRESS";
    const bool was_before = child->operation_started_at < resource.step_began;
    if (status == "UPDATE_ROLLBACK_COMPLETE" && (going_back || was_before)) return true;
    const bool still_going_back =
        status == "UPDATE_ROLLBACK_IN_PROGRESS" || status == "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS";
    if (going_back && still_going_back) return false;
    return plainly({"", failure_of(*child)});
  }

  Result<> remove(TypeContext& around, const ResourceView& resource) override {
    return begin_removal(around.context, resource);
  }

  Result<bool> removed(TypeContext& around, const ResourceView& resource) override {
    const auto* child = around.context.store.find<stacks::StackRow>(resource.physical_id);
    if (!child || child->status == "DELETE_COMPLETE") return true;
    if (child->status == "DELETE_FAILED") {
      return plainly({"", fmt::format("Embedded stack {} was not successfully deleted: {}", child->id,
                                      child->status_reason)});
    }
    // It was busy when it was to go.
    if (auto begun = begin_removal(around.context, resource); !begun) return begun.error();
    return false;
  }

  std::optional<json::value> attribute(TypeContext& around, const ResourceView& resource,
                                       std::string_view name) const override {
    constexpr std::string_view prefix = "Outputs.";
    const auto* child = around.context.store.find<stacks::StackRow>(resource.physical_id);
    if (!child || !name.starts_with(prefix)) return std::nullopt;
    for (const auto& output : child->outputs) {
      if (output.output_key == name.substr(prefix.size())) {
        return json::value(json::string(output.output_value.value_or("")));
      }
    }
    return std::nullopt;
  }

 private:
  // The parent's own tags and the template's, its capabilities and its role go with it.
  static Result<stacks::Prepared> prepare(TypeContext& around, const ResourceView& resource,
                                          const json::object& properties, const stacks::StackRow& child,
                                          const stacks::Deployment* current) {
    Context& context = around.context;
    const auto* of_parent =
        stacks::find_deployment(context.store, resource.stack_id, stacks::DeploymentRow::target);
    if (!of_parent) {
      of_parent = stacks::find_deployment(context.store, resource.stack_id, stacks::DeploymentRow::current);
    }
    stacks::DeploymentRequest request;
    request.template_url = text_property(properties, "TemplateURL");
    request.parameters = parameters_in(properties);
    request.capabilities = of_parent->capabilities;
    request.notification_arns = texts_in(properties, "NotificationARNs");
    if (!of_parent->role_arn.empty()) request.role_arn = of_parent->role_arn;
    request.tags.emplace();
    for (const auto& [key, value] : tags_of(around, properties)) {
      if (!key.starts_with("aws:")) request.tags->push_back(stacks::Tag{key, value});
    }
    stacks::DeploymentPreparation preparation(context, stacks::identity_of(child), std::move(request),
                                              current);
    if (auto checked = preparation.check(stacks::Acceptance::directly); !checked) return checked.error();
    return preparation.finish();
  }

  static std::string failure_of(const stacks::StackRow& child) {
    constexpr std::string_view asked = "Rollback requested by user.";
    std::string reason = child.status_reason;
    if (reason.ends_with(asked)) reason.resize(reason.size() - asked.size());
    if (child.updated_at && child.status.starts_with("UPDATE")) {
      return fmt::format("Embedded stack {} was not successfully updated. Currently in {} with reason: {}",
                         child.id, child.status, reason);
    }
    return fmt::format("Embedded stack {} was not successfully created: {}", child.id, reason);
  }

  static Result<> begin_removal(Context& context, const ResourceView& resource) {
    auto* child = context.store.edit<stacks::StackRow>(resource.physical_id);
    if (!child || child->status == "DELETE_COMPLETE" || child->status == "DELETE_IN_PROGRESS") return {};
    const bool is_busy = stacks::is_in_progress(child->status) && child->status != "CREATE_IN_PROGRESS" &&
                         child->status != "ROLLBACK_IN_PROGRESS";
    if (is_busy && !stacks::awaits_parent(context.store, *child)) return {};
    if (const auto reason = stacks::reason_against_deletion(context.store, *child); !reason.empty()) {
      return Error{"ExportInUse", reason};
    }
    if (stacks::awaits_parent(context.store, *child)) stacks::settle_update(context, *child);
    stacks::cancel_resources(context, *child);
    stacks::begin_operation(context, *child, "DELETE_STACK");
    stacks::set_stack_status(context, *child, "DELETE_IN_PROGRESS", stacks::user_initiated);
    return {};
  }
};

}  // namespace

types::Made types::cloudformation_stack() {
  return std::make_unique<NestedStack>();
}

}  // namespace berth::cfn
