// Application Auto Scaling: scheduled actions. The reconciler scheduled_scaling runs them when they are due.
#include <fmt/format.h>

#include <algorithm>

#include "control/scheduled_action.h"
#include "handlers/autoscaling.h"
#include "services/autoscaling/names.h"
#include "services/autoscaling/zones.h"
#include "services/lists.h"
#include "services/paging.h"

namespace berth::autoscaling {

namespace {

constexpr std::int64_t actions_per_page_max = 50;
constexpr std::size_t actions_per_target_max = 200;

Result<> check_target_action(const std::optional<ScalableTargetAction>& action) {
  if (!action || (!action->min_capacity && !action->max_capacity)) {
    return validation(
        "At least one of MinCapacity and MaxCapacity must be specified in ScalableTargetAction");
  }
  if (action->min_capacity.value_or(0) < 0 || action->max_capacity.value_or(0) < 0) {
    return validation("MinCapacity and MaxCapacity must not be negative");
  }
  if (action->min_capacity && action->max_capacity && *action->min_capacity > *action->max_capacity) {
    return validation("Minimum capacity cannot be greater than maximum capacity");
  }
  return {};
}

Result<> check_schedule(const ScheduledAction& action) {
  if (!action.schedule) return validation("Schedule must be specified for a new scheduled action");
  if (auto parsed = control::parse_schedule(*action.schedule); !parsed) return parsed.error();
  if (auto zone = find_zone(action.timezone.value_or("")); !zone) return zone.error();
  if (action.start_time && action.end_time && *action.end_time <= *action.start_time) {
    return validation("EndTime must be later than StartTime");
  }
  return {};
}

ScheduledAction new_action(Context& context, const std::string& resource_id, const std::string& name) {
  ScheduledAction action;
  action.scheduled_action_name = name;
  action.scheduled_action_arn = scheduled_action_arn(context, resource_id, name);
  action.service_namespace = ecs_namespace;
  action.resource_id = resource_id;
  action.scalable_dimension = desired_count;
  action.creation_time = context.now();
  return action;
}

// What an update leaves out stays, but for StartTime and EndTime, which AWS then deletes.
void apply(const PutScheduledActionRequest& input, ScheduledAction& action) {
  if (input.schedule) action.schedule = input.schedule;
  if (input.timezone) action.timezone = input.timezone;
  if (input.scalable_target_action) action.scalable_target_action = input.scalable_target_action;
  action.start_time = input.start_time;
  action.end_time = input.end_time;
}

}  // namespace

Result<PutScheduledActionResponse> put_scheduled_action(Context& context,
                                                        const PutScheduledActionRequest& input) {
  const std::string resource_id = input.resource_id.value_or("");
  const std::string name = input.scheduled_action_name.value_or("");
  auto scalable = check_scalable(input.service_namespace, resource_id, input.scalable_dimension);
  if (!scalable) return scalable.error();
  if (name.empty() || name.size() > name_characters_max) {
    return validation("ScheduledActionName must have 1 to 256 characters");
  }
  if (!context.store.find<ScalableTargetRow>(resource_id)) return no_such_target(resource_id);
  const auto* existing = context.store.find<ScheduledActionRow>(resource_id + "|" + name);
  if (!existing && context.store.rows_of<ScheduledActionRow>(resource_id).size() >= actions_per_target_max) {
    return Error{
        "LimitExceededException",
        fmt::format("A scalable target can have at most {} scheduled actions.", actions_per_target_max)};
  }
  ScheduledActionRow row = existing ? *existing : ScheduledActionRow{resource_id, name, {}};
  if (!existing) row.description = new_action(context, resource_id, name);
  apply(input, row.description);
  if (auto checked = check_schedule(row.description); !checked) return checked.error();
  if (auto checked = check_target_action(row.description.scalable_target_action); !checked) {
    return checked.error();
  }
  if (existing) ++row.version;
  context.store.put(std::move(row));
  return PutScheduledActionResponse{};
}

Result<DeleteScheduledActionResponse> delete_scheduled_action(Context& context,
                                                              const DeleteScheduledActionRequest& input) {
  const std::string resource_id = input.resource_id.value_or("");
  const std::string name = input.scheduled_action_name.value_or("");
  auto scalable = check_scalable(input.service_namespace, resource_id, input.scalable_dimension);
  if (!scalable) return scalable.error();
  if (!context.store.erase<ScheduledActionRow>(resource_id + "|" + name)) {
    return no_such_scheduled_action(resource_id, name);
  }
  return DeleteScheduledActionResponse{};
}

Result<DescribeScheduledActionsResponse> describe_scheduled_actions(
    Context& context, const DescribeScheduledActionsRequest& input) {
  auto listing = check_listing(input.scalable_dimension, input.resource_id.has_value());
  if (!listing) return listing.error();
  const auto& names = services::list_of(input.scheduled_action_names);
  std::vector<const ScheduledActionRow*> found;
  for (const auto& [key, row] : context.store.all<ScheduledActionRow>()) {
    if (input.service_namespace != ecs_namespace) break;
    if (input.resource_id && row.resource_id != *input.resource_id) continue;
    if (names.empty() || std::find(names.begin(), names.end(), row.name) != names.end())
      found.push_back(&row);
  }
  auto page =
      services::page_of(std::move(found), input.next_token,
                        std::min(actions_per_page_max, input.max_results.value_or(actions_per_page_max)),
                        [](const ScheduledActionRow* row) { return row->key(); });
  if (!page) return page.error();
  DescribeScheduledActionsResponse response;
  response.scheduled_actions.emplace();
  for (const auto* row : page->items) response.scheduled_actions->push_back(row->description);
  response.next_token = std::move(page->next_token);
  return response;
}

}  // namespace berth::autoscaling
