#include "cloudformation/resource_steps.h"

#include <fmt/format.h>

#include <algorithm>

#include "cloudformation/handler_error.h"
#include "cloudformation/operation_failure.h"
#include "cloudformation/resource_access.h"
#include "cloudformation/stack_events.h"
#include "cloudformation/stack_lookup.h"
#include "model/json_codec.h"

namespace berth::cloudformation {
namespace {

constexpr const char* creating_replacement =
    "Requested update requires the creation of a new physical resource; hence creating one.";
constexpr Duration storage_retry = Duration::seconds(5);

const json::object& given_properties(const ResourceVersion& version) {
  static const json::object none;
  const auto& properties = version.looked_up.is_object() ? version.looked_up : version.properties;
  return properties.is_object() ? properties.get_object() : none;
}

bool same_but_for_properties(const ResourceVersion& a, const ResourceVersion& b) {
  return a.dependencies == b.dependencies && a.deletion_policy == b.deletion_policy &&
         a.update_replace_policy == b.update_replace_policy && same_tags(a.stack_tags, b.stack_tags);
}

// Whether the type has anything to do to get from one to the other.
bool needs_update(const cfn::ResourceType& type, const ResourceVersion& from, const ResourceVersion& to) {
  return type.updates_always() || from.properties != to.properties ||
         (type.takes_stack_tags() && !same_tags(from.stack_tags, to.stack_tags));
}

bool needs_replacement(const cfn::ResourceType& type, const ResourceVersion& from,
                       const ResourceVersion& to) {
  const auto& before = from.properties.get_object();
  const auto& after = to.properties.get_object();
  for (const auto& [name, recreation] : type.recreation()) {
    if (recreation == cfn::RequiresRecreation::never) continue;
    const auto* old_value = before.if_contains(name);
    const auto* new_value = after.if_contains(name);
    if (old_value && new_value ? *old_value != *new_value : old_value != new_value) return true;
  }
  return false;
}

Error bad_properties(const std::string& logical_id, const Error& error) {
  return validation_error(fmt::format("Properties validation failed for resource {} with message:\n{}",
                                      logical_id, error.message));
}

int next_generation(const Store& store, const std::string& stack_id, const std::string& logical_id) {
  int next = 0;
  for (const auto* row : resources_of(store, stack_id)) {
    if (row->logical_id == logical_id) next = std::max(next, row->generation + 1);
  }
  return next;
}

// What a type says of a property's value is the template's fault; the rest is the service's answer.
Error refusal(Rng& ids, const std::string& logical_id, const Error& error) {
  return error.code == model::property_mismatch ? bad_properties(logical_id, error)
                                                : handler_error(ids, error);
}

}  // namespace

Progress ResourceSteps::start(const Plan& plan, const Deployment& deployment, const cfn::Resource& resource) {
  auto environment = environment_of(context_, identity_of(stack_), deployment.notification_arns);
  add_resources(environment, context_, identity_of(stack_));
  ResourceVersion version;
  const auto outcome = attempt(context_.store, [&]() -> Result<> {
    auto wanted = wanted_version(context_, plan, resource, environment, deployment.tags);
    if (!wanted) return wanted.error();
    version = std::move(*wanted);
    const auto type = known_type(resource.type);
    if (!type) return type.error();
    if (auto checked = (*type)->check(given_properties(version)); !checked) {
      return bad_properties(resource.logical_id, checked.error());
    }
    const auto* existing = active_resource(context_.store, stack_.id, resource.logical_id);
    return existing ? visit(*existing, version) : create({resource.logical_id, resource.type}, version);
  });
  if (outcome.refused) {
    const auto recorded = attempt(context_.store, [&]() -> Result<> {
      record_failure({resource.logical_id, resource.type}, version, outcome.refused->message);
      if (!stack_.disable_rollback) fail_operation(context_, edit_stack());
      return {};
    });
    if (recorded.stalled) return stalled();
  }
  if (outcome.stalled) return stalled();
  return {.stepped = true};
}

bool ResourceSteps::refuse_bad_properties(const Plan& plan, const Deployment& deployment) {
  auto environment = environment_of(context_, identity_of(stack_), deployment.notification_arns);
  add_preview(environment, context_, identity_of(stack_));
  std::vector<std::pair<const cfn::Resource*, std::string>> refused;
  for (const auto& logical_id : plan.order.in_order()) {
    const auto& resource = *plan.of.resource(logical_id);
    const auto properties = previewed_properties(plan, resource, environment);
    if (!properties) continue;  // it is told when its turn comes
    const auto type = known_type(resource.type);
    const auto checked = type ? (*type)->check(*properties) : type.error();
    if (!checked) refused.emplace_back(&resource, bad_properties(logical_id, checked.error()).message);
  }
  if (refused.empty()) return false;
  const auto recorded = attempt(context_.store, [&]() -> Result<> {
    for (const auto& [resource, reason] : refused)
      record_failure({resource->logical_id, resource->type}, {}, reason);
    fail_operation(context_, edit_stack());
    return {};
  });
  return recorded.done();
}

Progress ResourceSteps::settle(const StackResourceRow& resource, IfFailed if_failed) {
  const std::string key = resource.key();
  Time deadline{};
  bool stable = false;
  auto outcome = attempt(context_.store, [&]() -> Result<> {
    const auto known = known_type(resource.type);
    if (!known) return known.error();
    auto& type = **known;
    deadline = resource.operation_started_at + type.stabilize_timeout();
    auto around = type_context(context_, resource.version.stack_tags);
    const auto answer = type.stable(around, view_of(identity_of(stack_), resource));
    if (!answer) return handler_error(context_.ids(), answer.error());
    stable = *answer;
    if (!stable) return {};
    auto& row = *context_.store.edit<StackResourceRow>(key);
    const bool created = row.status == "CREATE_IN_PROGRESS";
    set_resource_status(context_, edit_stack(), row, created ? "CREATE_COMPLETE" : "UPDATE_COMPLETE",
                        created ? std::string(type.recorded_only()) : std::string());
    return {};
  });
  if (outcome.stalled) return stalled();
  if (!outcome.refused && !stable && context_.now() >= deadline) {
    outcome.refused = handler_error(context_.ids(), Error{"NotStabilized", "Exceeded attempts to wait"});
  }
  if (outcome.refused) {
    const auto recorded = attempt(context_.store, [&]() -> Result<> {
      auto& stack = edit_stack();
      auto& row = *context_.store.edit<StackResourceRow>(key);
      set_resource_status(context_, stack, row,
                          row.status == "CREATE_IN_PROGRESS" ? "CREATE_FAILED" : "UPDATE_FAILED",
                          outcome.refused->message);
      if (if_failed == IfFailed::fail_operation && !stack.disable_rollback) fail_operation(context_, stack);
      return {};
    });
    return recorded.stalled ? stalled() : Progress{.stepped = true};
  }
  return stable ? Progress{.stepped = true} : Progress{.look_again_at = deadline};
}

Progress ResourceSteps::restore(const StackResourceRow& resource) {
  const std::string key = resource.key();
  const auto outcome = attempt(
      context_.store, [&]() -> Result<> { return put_back(*context_.store.edit<StackResourceRow>(key)); });
  if (outcome.stalled) return stalled();
  if (!outcome.refused) return {.stepped = true};
  const auto recorded = attempt(context_.store, [&]() -> Result<> {
    auto& stack = edit_stack();
    auto& row = *context_.store.edit<StackResourceRow>(key);
    row.operation_id = stack.operation_id;
    set_resource_status(context_, stack, row, "UPDATE_IN_PROGRESS");
    set_resource_status(context_, stack, row, "UPDATE_FAILED", outcome.refused->message);
    return {};
  });
  return recorded.stalled ? stalled() : Progress{.stepped = true};
}

Result<> ResourceSteps::create(const Identity& resource, const ResourceVersion& version) {
  StackResourceRow row = new_row(resource, version);
  set_resource_status(context_, edit_stack(), row, "CREATE_IN_PROGRESS");
  if (auto created = create_in(row); !created) return created;
  context_.store.put(std::move(row));
  return {};
}

// `row` has its status already.
Result<> ResourceSteps::create_in(StackResourceRow& row) {
  row.physical_id.clear();
  const cfn::ResourceView wanted = view_of(identity_of(stack_), row);
  auto around = tagging_context(context_, wanted, row.version.stack_tags, {});
  auto created = cfn::find_type(row.type)->create(around, wanted);
  if (!created) return refusal(context_.ids(), row.logical_id, created.error());
  row.physical_id = std::move(created->physical_id);
  set_resource_status(context_, edit_stack(), row, row.status, "Resource creation Initiated");
  return {};
}

Result<> ResourceSteps::visit(const StackResourceRow& existing, const ResourceVersion& version) {
  const auto& type = *cfn::find_type(existing.type);
  // Left over by an update that failed and was kept.
  if (existing.status == "CREATE_FAILED") {
    auto& failed = *context_.store.edit<StackResourceRow>(existing.key());
    failed.retired = Retired::undone;
    return create({existing.logical_id, existing.type}, version);
  }
  if (needs_replacement(type, existing.version, version)) return replace(existing, version);
  auto& row = *context_.store.edit<StackResourceRow>(existing.key());
  row.operation_id = stack_.operation_id;
  if (needs_update(type, row.version, version) || is_failed(row)) return update(row, version);
  if (same_but_for_properties(row.version, version)) return {};
  if (!row.previous) row.previous = row.version;
  const json::value looked_up = row.version.looked_up;
  row.version = version;
  row.version.looked_up = looked_up;  // a reference is looked up anew only when the resource is updated
  return {};
}

Result<> ResourceSteps::update(StackResourceRow& row, const ResourceVersion& version) {
  row.operation_started_at = context_.now();
  const cfn::ResourceView before = view_of(identity_of(stack_), row);
  const auto former_tags = row.version.stack_tags;
  if (!row.previous) row.previous = row.version;
  row.version = version;
  set_resource_status(context_, edit_stack(), row, "UPDATE_IN_PROGRESS");
  auto around = tagging_context(context_, before, version.stack_tags, former_tags);
  auto updated = cfn::find_type(row.type)->update(around, before, given_properties(version));
  if (!updated) return refusal(context_.ids(), row.logical_id, updated.error());
  return {};
}

Result<> ResourceSteps::replace(const StackResourceRow& existing, const ResourceVersion& version) {
  StackResourceRow row = new_row({existing.logical_id, existing.type}, version);
  row.physical_id = existing.physical_id;
  set_resource_status(context_, edit_stack(), row, "UPDATE_IN_PROGRESS", creating_replacement);
  if (auto created = create_in(row); !created) return created;
  if (row.physical_id == existing.physical_id) {
    return validation_error(fmt::format("{} already exists in stack {}", row.physical_id, stack_.id));
  }
  auto& old = *context_.store.edit<StackResourceRow>(existing.key());
  old.retired = existing.added ? Retired::undone_replacement : Retired::replaced;
  if (!old.previous) old.previous = old.version;
  old.version.update_replace_policy = version.update_replace_policy;  // the new template's counts
  context_.store.put(std::move(row));
  return {};
}

Result<> ResourceSteps::put_back(StackResourceRow& row) {
  row.operation_id = stack_.operation_id;
  row.operation_started_at = context_.now();
  const bool replaced = row.retired != Retired::no;
  if (replaced) {
    for (const auto* other : resources_of(context_.store, stack_.id)) {
      if (other->logical_id != row.logical_id || other->generation == row.generation) continue;
      context_.store.edit<StackResourceRow>(other->key())->retired = Retired::undone_replacement;
    }
    row.retired = Retired::no;
  }
  const cfn::ResourceView now = view_of(identity_of(stack_), row);
  const auto known = known_type(row.type);
  if (!known) return known.error();
  auto& type = **known;
  const bool to_update = row.previous && needs_update(type, row.version, *row.previous);
  const bool quiet = row.previous && !to_update && !replaced && row.status.ends_with("_COMPLETE");
  const auto former_tags = row.version.stack_tags;
  if (row.previous) row.version = *std::exchange(row.previous, std::nullopt);
  if (quiet) return {};
  set_resource_status(context_, edit_stack(), row, "UPDATE_IN_PROGRESS");
  if (!to_update) return {};
  auto around = tagging_context(context_, now, row.version.stack_tags, former_tags);
  auto updated = type.update(around, now, given_properties(row.version));
  if (!updated) return refusal(context_.ids(), row.logical_id, updated.error());
  return {};
}

StackResourceRow ResourceSteps::new_row(const Identity& resource, const ResourceVersion& version) const {
  StackResourceRow row;
  row.stack_id = stack_.id;
  row.logical_id = resource.logical_id;
  row.generation = next_generation(context_.store, stack_.id, resource.logical_id);
  row.type = resource.type;
  row.version = version;
  row.added = updating();
  row.operation_id = stack_.operation_id;
  row.operation_started_at = context_.now();
  return row;
}

void ResourceSteps::record_failure(const Identity& resource, const ResourceVersion& version,
                                   const std::string& reason) {
  auto& stack = edit_stack();
  if (const auto* existing = active_resource(context_.store, stack_.id, resource.logical_id)) {
    auto& row = *context_.store.edit<StackResourceRow>(existing->key());
    row.operation_id = stack.operation_id;
    set_resource_status(context_, stack, row, "UPDATE_IN_PROGRESS");
    return set_resource_status(context_, stack, row, "UPDATE_FAILED", reason);
  }
  StackResourceRow row = new_row(resource, version);
  set_resource_status(context_, stack, row, "CREATE_IN_PROGRESS");
  set_resource_status(context_, stack, row, "CREATE_FAILED", reason);
  context_.store.put(std::move(row));
}

Progress ResourceSteps::stalled() const {
  return {.look_again_at = context_.now() + storage_retry};
}

}  // namespace berth::cloudformation
