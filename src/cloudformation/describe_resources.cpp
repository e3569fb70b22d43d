// A stack's resources as DescribeStackResource(s) and ListStackResources tell of them.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cloudformation/listing.h"
#include "cloudformation/plan.h"
#include "cloudformation/stack_lookup.h"
#include "handlers/cloudformation.h"

namespace berth::cloudformation {
namespace {

constexpr std::size_t described_resources_max = 100;  // DescribeStackResources knows no pages

// One per logical id: the newest, or the one that is on its way out when there is no other.
std::vector<const StackResourceRow*> shown_resources(const Store& store, const std::string& stack_id) {
  std::map<std::string, const StackResourceRow*> shown;
  for (const auto* row : resources_of(store, stack_id)) {
    auto& chosen = shown[row->logical_id];
    if (!chosen || chosen->retired != Retired::no || row->retired == Retired::no) chosen = row;
  }
  std::vector<const StackResourceRow*> out;
  for (const auto& [logical_id, row] : shown) out.push_back(row);
  return out;
}

template <class Shape>
void describe_common(Shape& out, const StackResourceRow& row) {
  out.logical_resource_id = row.logical_id;
  if (!row.physical_id.empty()) out.physical_resource_id = row.physical_id;
  out.resource_type = row.type;
  out.resource_status = row.status;
  if (!row.status_reason.empty()) out.resource_status_reason = row.status_reason;
  out.drift_information.emplace().stack_resource_drift_status = "NOT_CHECKED";
}

std::string metadata_of(const Context& context, const StackRow& stack, const std::string& logical_id) {
  const auto* deployment = find_deployment(context.store, stack.id, DeploymentRow::current);
  if (!deployment) return "{}";
  const auto plan = stored_plan(context, identity_of(stack), *deployment);
  const auto* resource = plan ? plan->of.resource(logical_id) : nullptr;
  return resource ? json::serialize(resource->metadata) : "{}";
}

StackResource describe(const StackRow& stack, const StackResourceRow& row) {
  StackResource out;
  describe_common(out, row);
  out.stack_name = stack.name;
  out.stack_id = stack.id;
  out.timestamp = row.updated_at;
  return out;
}

// The stack that a physical id belongs to.
Result<const StackRow*> stack_holding(const Context& context, const std::string& physical_id) {
  for (const auto& [key, row] : context.store.all<StackResourceRow>()) {
    if (row.physical_id == physical_id && !is_gone(row)) return context.store.find<StackRow>(row.stack_id);
  }
  return validation_error(fmt::format("Stack for {} does not exist", physical_id));
}

}  // namespace

Result<DescribeStackResourceOutput> describe_stack_resource(Context& context,
                                                            const DescribeStackResourceInput& input) {
  const auto stack = described_stack(context, input.stack_name);
  if (!stack) {
    return validation_error(fmt::format("Stack '{}' does not exist", input.stack_name.value_or("")));
  }
  const auto rows = shown_resources(context.store, (*stack)->id);
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const StackResourceRow* item) {
    return item->logical_id == *input.logical_resource_id;
  });
  if (row == rows.end()) {
    return validation_error(
        fmt::format("Resource {} does not exist for stack {}", *input.logical_resource_id, (*stack)->name));
  }
  DescribeStackResourceOutput output;
  auto& detail = output.stack_resource_detail.emplace();
  describe_common(detail, **row);
  detail.stack_name = (*stack)->name;
  detail.stack_id = (*stack)->id;
  detail.last_updated_timestamp = (*row)->updated_at;
  detail.metadata = metadata_of(context, **stack, (*row)->logical_id);
  return output;
}

Result<DescribeStackResourcesOutput> describe_stack_resources(Context& context,
                                                              const DescribeStackResourcesInput& input) {
  if (input.stack_name && input.physical_resource_id) {
    return validation_error("Only one of StackName and PhysicalResourceId may be specified.");
  }
  const auto stack = input.physical_resource_id ? stack_holding(context, *input.physical_resource_id)
                                                : described_stack(context, input.stack_name);
  if (!stack) return stack.error();
  DescribeStackResourcesOutput output;
  output.stack_resources.emplace();
  for (const auto* row : shown_resources(context.store, (*stack)->id)) {
    if (input.logical_resource_id && row->logical_id != *input.logical_resource_id) continue;
    if (output.stack_resources->size() == described_resources_max) break;
    output.stack_resources->push_back(describe(**stack, *row));
  }
  return output;
}

Result<ListStackResourcesOutput> list_stack_resources(Context& context,
                                                      const ListStackResourcesInput& input) {
  const auto stack = described_stack(context, input.stack_name);
  if (!stack) return stack.error();
  auto page = services::page_of(
      shown_resources(context.store, (*stack)->id), input.next_token, page_items_max,
      [](const StackResourceRow* row) { return row->logical_id; }, bad_token);
  if (!page) return page.error();
  ListStackResourcesOutput output;
  output.stack_resource_summaries.emplace();
  for (const auto* row : page->items) {
    StackResourceSummary& summary = output.stack_resource_summaries->emplace_back();
    describe_common(summary, *row);
    summary.last_updated_timestamp = row->updated_at;
  }
  output.next_token = std::move(page->next_token);
  return output;
}

}  // namespace berth::cloudformation
