// Finding what a request names: the bus, of which there is the default one, and a rule on it.
#pragma once

#include <optional>
#include <string>

#include "services/events/errors.h"
#include "services/events/rows.h"
#include "services/paging.h"

namespace berth::events {

inline constexpr std::int64_t page_items_max = 100;
inline constexpr services::BadToken bad_token{
    "ValidationException", "Parameter NextToken is not valid. Reason: Provided token is not valid."};

// A name or an ARN; absent means the default bus.
inline Result<> check_bus(const Settings& settings, const std::optional<std::string>& name) {
  if (!name || *name == default_bus || *name == bus_arn(settings)) return {};
  return no_such_bus(*name);
}

inline Result<const RuleRow*> find_rule(const Context& context, const std::optional<std::string>& bus,
                                        const std::optional<std::string>& name) {
  if (auto known = check_bus(context.settings, bus); !known) return known.error();
  const auto* row = context.store.find<RuleRow>(name.value_or(""));
  if (!row) return no_such_rule(name.value_or(""));
  return row;
}

inline Result<RuleRow*> edit_rule(const Context& context, const std::optional<std::string>& bus,
                                  const std::optional<std::string>& name) {
  if (auto found = find_rule(context, bus, name); !found) return found.error();
  return context.store.edit<RuleRow>(*name);
}

}  // namespace berth::events
