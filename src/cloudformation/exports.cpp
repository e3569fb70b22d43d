#include "cloudformation/exports.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cloudformation/listing.h"
#include "cloudformation/stack_lookup.h"
#include "handlers/cloudformation.h"

namespace berth::cloudformation {
namespace {

// "A", "A and B", "A, B and C"
std::string enumeration(const std::vector<std::string>& names) {
  if (names.size() < 2) return join(names, "");
  const std::vector<std::string> head(names.begin(), names.end() - 1);
  return join(head, ", ") + " and " + names.back();
}

}  // namespace

std::optional<ExportedValue> find_export(const Store& store, std::string_view name) {
  for (const auto& [id, stack] : store.all<StackRow>()) {
    const auto found = stack.exports.find(std::string(name));
    if (found != stack.exports.end()) return ExportedValue{&stack, found->second};
  }
  return std::nullopt;
}

std::vector<std::string> importers_of(const Store& store, std::string_view export_name) {
  std::vector<std::string> names;
  for (const auto& [key, row] : store.all<DeploymentRow>()) {
    const auto& imports = row.deployment.imports;
    if (std::find(imports.begin(), imports.end(), export_name) == imports.end()) continue;
    const auto* stack = store.find<StackRow>(row.stack_id);
    if (!stack || stack->status == "DELETE_COMPLETE" || stack->status == "REVIEW_IN_PROGRESS") continue;
    if (std::find(names.begin(), names.end(), stack->name) == names.end()) names.push_back(stack->name);
  }
  return names;
}

Result<> check_exports(const Store& store, const StackRow& stack,
                       const std::map<std::string, std::string>& wanted) {
  for (const auto& [name, value] : wanted) {
    const auto taken = find_export(store, name);
    if (taken && taken->stack->id != stack.id) {
      return validation_error(
          fmt::format("Export with name {} is already exported by stack {}", name, taken->stack->name));
    }
  }
  for (const auto& [name, value] : stack.exports) {
    const auto kept = wanted.find(name);
    if (kept != wanted.end() && kept->second == value) continue;
    const auto importers = importers_of(store, name);
    if (importers.empty()) continue;
    return validation_error(fmt::format("Export {} cannot be {} as it is in use by {}", name,
                                        kept == wanted.end() ? "deleted" : "updated",
                                        enumeration(importers)));
  }
  return {};
}

std::string reason_against_deletion(const Store& store, const StackRow& stack) {
  for (const auto& [name, value] : stack.exports) {
    const auto importers = importers_of(store, name);
    if (importers.empty()) continue;
    return fmt::format("Delete canceled. Cannot delete export {} as it is in use by {}.", name,
                       enumeration(importers));
  }
  return {};
}

Result<ListExportsOutput> list_exports(Context& context, const ListExportsInput& input) {
  std::vector<Export> all;
  for (const auto& [id, stack] : context.store.all<StackRow>()) {
    for (const auto& [name, value] : stack.exports) {
      Export& exported = all.emplace_back();
      exported.exporting_stack_id = id;
      exported.name = name;
      exported.value = value;
    }
  }
  std::sort(all.begin(), all.end(), [](const Export& a, const Export& b) { return *a.name < *b.name; });
  auto page = services::page_of(
      std::move(all), input.next_token, page_items_max, [](const Export& item) { return *item.name; },
      bad_token);
  if (!page) return page.error();
  ListExportsOutput output;
  output.exports = std::move(page->items);
  output.next_token = std::move(page->next_token);
  return output;
}

Result<ListImportsOutput> list_imports(Context& context, const ListImportsInput& input) {
  const std::string name = input.export_name.value_or("");
  auto names = importers_of(context.store, name);
  if (names.empty()) return validation_error(fmt::format("Export '{}' is not imported by any stack.", name));
  auto page = services::page_of(
      std::move(names), input.next_token, page_items_max, [](const std::string& item) { return item; },
      bad_token);
  if (!page) return page.error();
  ListImportsOutput output;
  output.imports = std::move(page->items);
  output.next_token = std::move(page->next_token);
  return output;
}

}  // namespace berth::cloudformation
