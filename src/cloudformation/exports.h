// Exported outputs and who imports them: an export that is in use may be neither changed nor taken away.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloudformation/rows.h"

namespace berth::cloudformation {

struct ExportedValue {
  const StackRow* stack = nullptr;
  std::string value;
};

std::optional<ExportedValue> find_export(const Store& store, std::string_view name);
// Names of the stacks that import it, those with an update under way included.
std::vector<std::string> importers_of(const Store& store, std::string_view export_name);

// Whether the stack may export `wanted` and nothing else from now on.
Result<> check_exports(const Store& store, const StackRow& stack,
                       const std::map<std::string, std::string>& wanted);
// `Delete canceled. ...`, or empty when nobody imports from the stack.
std::string reason_against_deletion(const Store& store, const StackRow& stack);

}  // namespace berth::cloudformation
