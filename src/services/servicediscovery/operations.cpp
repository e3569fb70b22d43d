// Cloud Map: operations.
#include "base/text.h"
#include "handlers/servicediscovery.h"
#include "services/lists.h"
#include "services/servicediscovery/errors.h"
#include "services/servicediscovery/operation.h"

namespace berth::servicediscovery {
namespace {

constexpr Duration operations_kept = Duration::minutes(24 * 60);

void forget_old_operations(Context& context) {
  std::vector<std::string> old;
  for (const auto& [id, row] : context.store.all<OperationRow>()) {
    if (*row.operation.create_date + operations_kept < context.now()) old.push_back(id);
  }
  for (const auto& id : old) context.store.erase<OperationRow>(id);
}

std::optional<std::string> value_of(const Operation& operation, const std::string& filter) {
  if (filter == "STATUS") return operation.status;
  if (filter == "TYPE") return operation.type;
  const std::string target = filter.ends_with("_ID") ? filter.substr(0, filter.size() - 3) : filter;
  const auto found = operation.targets->find(target);
  return found == operation.targets->end() ? std::nullopt : std::optional(found->second);
}

bool passes(const Operation& operation, const std::vector<OperationFilter>& filters) {
  for (const auto& filter : filters) {
    const auto value = value_of(operation, *filter.name);
    const auto& values = *filter.values;
    if (!value || std::find(values.begin(), values.end(), *value) == values.end()) return false;
  }
  return true;
}

}  // namespace

std::string record_operation(Context& context, const char* type, std::map<std::string, std::string> targets,
                             const Result<>& outcome) {
  forget_old_operations(context);
  OperationRow row;
  row.id = lower(random_alphanumeric(context.ids(), 32)) + "-" + lower(random_alphanumeric(context.ids(), 8));
  row.operation.id = row.id;
  row.operation.owner_account = context.settings.account;
  row.operation.type = type;
  row.operation.status = outcome ? "SUCCESS" : "FAIL";
  if (!outcome) {
    row.operation.error_code = outcome.error().code;
    row.operation.error_message = outcome.error().message;
  }
  row.operation.create_date = context.now();
  row.operation.update_date = context.now();
  row.operation.targets = std::move(targets);
  const std::string id = row.id;
  context.store.put(std::move(row));
  return id;
}

Result<GetOperationResponse> get_operation(Context& context, const GetOperationRequest& input) {
  const auto* row = context.store.find<OperationRow>(*input.operation_id);
  if (!row) return Error{"OperationNotFound", "Operation not found: " + *input.operation_id};
  return GetOperationResponse{row->operation};
}

Result<ListOperationsResponse> list_operations(Context& context, const ListOperationsRequest& input) {
  std::vector<OperationSummary> operations;
  for (const auto& [id, row] : context.store.all<OperationRow>()) {
    if (passes(row.operation, services::list_of(input.filters)))
      operations.push_back({row.operation.id, row.operation.status});
  }
  auto page = services::page_of(
      std::move(operations), input.next_token, input.max_results.value_or(page_items_max),
      [](const OperationSummary& summary) { return *summary.id; }, bad_token);
  if (!page) return page.error();
  return ListOperationsResponse{std::move(page->items), std::move(page->next_token)};
}

}  // namespace berth::servicediscovery
