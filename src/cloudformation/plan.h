// Plan: one deployment's template read, its parameters and conditions settled, its resources ordered; and
// what the template's functions see around them. It knows nothing of what stands already, see
// resource_access.h for that.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloudformation/rows.h"
#include "cloudformation/template/dependency_order.h"
#include "services/context.h"

namespace berth::cloudformation {

struct StackIdentity {
  std::string name;
  std::string id;
};

inline StackIdentity identity_of(const StackRow& stack) { return {stack.name, stack.id}; }

// Without Ref and GetAtt of resources. `imports`: where the names of the exports that are looked at are
// noted.
cfn::Environment environment_of(const Context& context, const StackIdentity& stack,
                                const std::vector<std::string>& notification_arns,
                                std::vector<std::string>* imports = nullptr);

// Values of SSM parameter types.
Result<std::string> look_up_parameter(const Store& store, std::string_view name);
// What `{{resolve:...}}` stands for.
Result<std::string> look_up_reference(const Store& store, const cfn::DynamicReference& reference);

struct Plan {
  json::value document;  // GetTemplate calls it Processed
  cfn::Template of;
  cfn::ParameterValues parameters;
  cfn::Conditions conditions;
  cfn::DependencyOrder order;

  cfn::Scope scope(const cfn::Environment& environment) const {
    return {of, parameters, conditions, environment};
  }
  // Null when the template has none of that name or its condition does not hold.
  const cfn::Resource* wanted(std::string_view logical_id) const;
};

// `of` was parsed from `document`.
Result<Plan> make_plan(json::value document, cfn::Template of, cfn::ParameterValues parameters,
                       const cfn::Environment& environment);
// Of a deployment that was accepted before.
Result<Plan> stored_plan(const Context& context, const StackIdentity& stack, const Deployment& deployment);

std::vector<ParameterRecord> records_of(const cfn::ParameterValues& values);
cfn::ParameterValues values_of(const std::vector<ParameterRecord>& records);
// As Describe operations show them: `****` for NoEcho.
std::vector<Parameter> shown_parameters(const std::vector<ParameterRecord>& records);

}  // namespace berth::cloudformation
