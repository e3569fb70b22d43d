// What an update changes in one resource, property by property and with the cause, as a change set tells it.
// Which property's change needs a new resource is the caller's table; whether AWS would call or replace is
// not done here.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloudformation/template/dependency_order.h"

namespace berth::cfn {

enum class RequiresRecreation { never, conditionally, always };
enum class Replacement { no, conditional, yes };
enum class ChangeSource { direct_modification, parameter_reference, resource_reference, resource_attribute };

// Top-level property -> what its change needs; a property that is not listed needs no new resource.
using RecreationTable = std::map<std::string, RequiresRecreation, std::less<>>;

// One entry of ResourceChange.Details.
struct PropertyChange {
  std::string attribute;              // "Properties", or "Tags" for the property Tags
  std::string name;                   // of the property; empty for Tags
  std::string path;                   // of the first difference, as `/Properties/Subnets/0`
  std::optional<std::string> before;  // at `path`; nullopt: not there
  std::optional<std::string> after;
  RequiresRecreation requires_recreation = RequiresRecreation::never;
  bool is_static = true;  // Evaluation: Static or Dynamic
  ChangeSource source = ChangeSource::direct_modification;
  std::string causing_entity;  // a parameter, a resource, or `Resource.Attribute`
};

struct ResourceVersions {
  const json::object& written_before;  // as in the templates
  const json::object& written_after;
  const json::object& before;  // as resolved
  const json::object& after;   // with the present Ref and attributes of resources that change
};

// What else the update changes.
struct UpdateContext {
  LogicalIds parameters;          // whose resolved value changes
  LogicalIds replaced_resources;  // that certainly or perhaps get a new physical id
  LogicalIds modified_resources;  // whose attributes may change
};

std::vector<PropertyChange> diff_properties(const ResourceVersions& versions, const RecreationTable& table,
                                            const UpdateContext& context);

Replacement replacement_of(const std::vector<PropertyChange>& changes);

// Pointers of all leaves that differ: `/Cpu`, `/Tags/0/Value`. Lists compare item by item.
std::vector<std::string> changed_paths(const json::value& before, const json::value& after);

// As AWS spells them in a change set.
std::string_view text_of(RequiresRecreation value);  // Never, Conditionally, Always
std::string_view text_of(Replacement value);         // False, Conditional, True
std::string_view text_of(ChangeSource value);

}  // namespace berth::cfn
