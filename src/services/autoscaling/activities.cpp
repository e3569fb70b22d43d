// Application Auto Scaling: what it did. Activities outlive their target and its service.
#include <algorithm>

#include "handlers/autoscaling.h"
#include "services/autoscaling/names.h"
#include "services/paging.h"

namespace berth::autoscaling {

namespace {

constexpr std::int64_t activities_per_page_max = 50;

bool selected(const ScalingActivityRow& row, const DescribeScalingActivitiesRequest& input) {
  if (input.resource_id && row.description.resource_id != input.resource_id) return false;
  return !row.description.not_scaled_reasons || input.include_not_scaled_activities.value_or(false);
}

}  // namespace

Result<DescribeScalingActivitiesResponse> describe_scaling_activities(
    Context& context, const DescribeScalingActivitiesRequest& input) {
  auto listing = check_listing(input.scalable_dimension, input.resource_id.has_value());
  if (!listing) return listing.error();
  std::vector<const ScalingActivityRow*> found;
  const auto& rows = context.store.all<ScalingActivityRow>();
  for (auto row = rows.rbegin(); row != rows.rend() && input.service_namespace == ecs_namespace; ++row) {
    if (selected(row->second, input)) found.push_back(&row->second);
  }
  auto page = services::page_of(
      std::move(found), input.next_token,
      std::min(activities_per_page_max, input.max_results.value_or(activities_per_page_max)),
      [](const ScalingActivityRow* row) { return row->key(); });
  if (!page) return page.error();
  DescribeScalingActivitiesResponse response;
  response.scaling_activities.emplace();
  for (const auto* row : page->items) response.scaling_activities->push_back(row->description);
  response.next_token = std::move(page->next_token);
  return response;
}

}  // namespace berth::autoscaling
