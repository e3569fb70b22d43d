#include "cloudformation/change_set_changes.h"

#include <algorithm>

#include "base/text.h"
#include "cloudformation/resource_access.h"
#include "cloudformation/stack_lookup.h"
#include "cloudformation/template/property_diff.h"

namespace berth::cloudformation {
namespace {

constexpr std::string_view hidden = "****";

ResourceChangeDetail detail_of(const cfn::PropertyChange& change) {
  ResourceChangeDetail detail;
  auto& target = detail.target.emplace();
  target.attribute = change.attribute;
  if (!change.name.empty()) target.name = change.name;
  target.requires_recreation = std::string(cfn::text_of(change.requires_recreation));
  target.path = change.path;
  target.before_value = change.before;
  target.after_value = change.after;
  target.attribute_change_type = !change.before ? "Add" : change.after ? "Modify" : "Remove";
  detail.evaluation = change.is_static ? "Static" : "Dynamic";
  detail.change_source = std::string(cfn::text_of(change.source));
  if (!change.causing_entity.empty()) detail.causing_entity = change.causing_entity;
  return detail;
}

ResourceChangeDetail attribute_detail(const char* attribute) {
  ResourceChangeDetail detail;
  auto& target = detail.target.emplace();
  target.attribute = attribute;
  target.requires_recreation = "Never";
  detail.evaluation = "Static";
  detail.change_source = "DirectModification";
  return detail;
}

class Comparison {
 public:
  Comparison(Context& context, const StackRow& stack, const Deployment* current, const Plan& plan,
             const Deployment& wanted)
      : context_(context),
        stack_(stack),
        current_(current),
        plan_(plan),
        environment_(environment_of(context, identity_of(stack), wanted.notification_arns)) {
    add_preview(environment_, context, identity_of(stack));
    changes_.tags = current && !same_tags(current->tags, wanted.tags);
  }

  Result<StackChanges> run() {
    if (current_) {
      auto before = stored_plan(context_, identity_of(stack_), *current_);
      if (!before) return before.error();
      before_ = std::move(*before);
      note_changed_parameters();
    }
    for (const auto& logical_id : plan_.order.in_order()) {
      if (auto compared = compare(*plan_.of.resource(logical_id)); !compared) return compared.error();
    }
    for (const auto* row : resources_of(context_.store, stack_.id)) {
      if (row->retired == Retired::no && !is_gone(*row) && !plan_.wanted(row->logical_id)) add_removal(*row);
    }
    changes_.outputs = outputs_change();
    return std::move(changes_);
  }

 private:
  void note_changed_parameters() {
    for (const auto& value : plan_.parameters) {
      const auto* before = before_->parameters.find(value.key);
      if (!before || before->reference() != value.reference()) around_.parameters.insert(value.key);
      if (value.no_echo && !value.value.empty()) secrets_.push_back(value.value);
      if (before && before->no_echo && !before->value.empty()) secrets_.push_back(before->value);
    }
  }

  Result<> compare(const cfn::Resource& resource) {
    const auto* row = active_resource(context_.store, stack_.id, resource.logical_id);
    if (!row || row->status == "CREATE_FAILED") {
      add_addition(resource);
      return {};
    }
    const auto after = previewed_properties(plan_, resource, environment_);
    if (!after) return after.error();
    static const json::object none;
    const auto* written = before_ ? before_->of.resource(resource.logical_id) : nullptr;
    const cfn::ResourceVersions versions{
        written ? written->properties : none, resource.properties,
        row->version.properties.is_object() ? row->version.properties.get_object() : none, *after};
    const auto* type = cfn::find_type(resource.type);
    const auto differences = cfn::diff_properties(versions, type->recreation(), around_);
    std::vector<ResourceChangeDetail> details;
    for (const auto& difference : differences) details.push_back(hide_secrets(detail_of(difference)));
    add_attribute_changes(resource, written, *row, details);
    if (changes_.tags && type->takes_stack_tags()) details.push_back(attribute_detail("Tags"));
    if (!details.empty())
      add_modification(resource, *row, std::move(details), cfn::replacement_of(differences));
    return {};
  }

  void add_attribute_changes(const cfn::Resource& resource, const cfn::Resource* written,
                             const StackResourceRow& row, std::vector<ResourceChangeDetail>& details) const {
    if (written && written->metadata != resource.metadata) details.push_back(attribute_detail("Metadata"));
    if (row.version.deletion_policy != resource.deletion_policy) {
      details.push_back(attribute_detail("DeletionPolicy"));
    }
    if (row.version.update_replace_policy != resource.update_replace_policy) {
      details.push_back(attribute_detail("UpdateReplacePolicy"));
    }
  }

  ResourceChangeDetail hide_secrets(ResourceChangeDetail detail) const {
    for (auto* value : {&detail.target->before_value, &detail.target->after_value}) {
      if (!*value) continue;
      for (const auto& secret : secrets_) **value = replace_all(std::move(**value), secret, hidden);
    }
    return detail;
  }

  ResourceChange& add(const char* action, const std::string& logical_id, const std::string& type) {
    Change& change = changes_.resources.emplace_back();
    change.type = "Resource";
    ResourceChange& out = change.resource_change.emplace();
    out.action = action;
    out.logical_resource_id = logical_id;
    out.resource_type = type;
    out.scope.emplace();
    out.details.emplace();
    return out;
  }

  void add_addition(const cfn::Resource& resource) {
    add("Add", resource.logical_id, resource.type);
    around_.replaced_resources.insert(resource.logical_id);
    around_.modified_resources.insert(resource.logical_id);
  }

  void add_modification(const cfn::Resource& resource, const StackResourceRow& row,
                        std::vector<ResourceChangeDetail> details, cfn::Replacement replacement) {
    ResourceChange& change = add("Modify", resource.logical_id, resource.type);
    change.physical_resource_id = row.physical_id;
    change.replacement = std::string(cfn::text_of(replacement));
    if (replacement == cfn::Replacement::yes) {
      const bool retains = resource.update_replace_policy.starts_with("Retain");
      change.policy_action = retains ? "ReplaceAndRetain" : "ReplaceAndDelete";
    }
    for (const auto& detail : details) {
      const std::string& attribute = *detail.target->attribute;
      if (std::find(change.scope->begin(), change.scope->end(), attribute) == change.scope->end()) {
        change.scope->push_back(attribute);
      }
    }
    change.details = std::move(details);
    around_.modified_resources.insert(resource.logical_id);
    if (replacement != cfn::Replacement::no) around_.replaced_resources.insert(resource.logical_id);
  }

  void add_removal(const StackResourceRow& row) {
    ResourceChange& change = add("Remove", row.logical_id, row.type);
    change.physical_resource_id = row.physical_id;
    change.policy_action = row.version.deletion_policy.starts_with("Retain") ? "Retain" : "Delete";
  }

  bool outputs_change() const {
    const auto outputs = cfn::resolve_outputs(plan_.scope(environment_));
    if (!outputs) return true;
    return !std::equal(outputs->begin(), outputs->end(), stack_.outputs.begin(), stack_.outputs.end(),
                       [](const cfn::ResolvedOutput& wanted, const Output& shown) {
                         return shown.output_key == wanted.name && shown.output_value == wanted.value &&
                                shown.description.value_or("") == wanted.description &&
                                shown.export_name.value_or("") == wanted.export_name;
                       });
  }

  Context& context_;
  const StackRow& stack_;
  const Deployment* current_;
  const Plan& plan_;
  cfn::Environment environment_;
  std::optional<Plan> before_;
  cfn::UpdateContext around_;
  std::vector<std::string> secrets_;
  StackChanges changes_;
};

}  // namespace

Result<StackChanges> changes_of(Context& context, const StackRow& stack, const Deployment* current,
                                const Plan& plan, const Deployment& wanted) {
  return Comparison(context, stack, current, plan, wanted).run();
}

}  // namespace berth::cloudformation
