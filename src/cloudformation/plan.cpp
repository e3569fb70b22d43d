#include "cloudformation/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "cloudformation/exports.h"
#include "cloudformation/stack_lookup.h"
#include "cloudformation/template/language_extensions.h"
#include "cloudformation/template/template_reader.h"
#include "services/ec2/zones.h"
#include "services/ssm/rows.h"

namespace berth::cloudformation {

cfn::Environment environment_of(const Context& context, const StackIdentity& stack,
                                const std::vector<std::string>& notification_arns,
                                std::vector<std::string>* imports) {
  cfn::Environment environment;
  environment.account_id = context.settings.account;
  environment.region = context.settings.region;
  environment.stack_name = stack.name;
  environment.stack_id = stack.id;
  environment.notification_arns = notification_arns;
  environment.availability_zones = [](std::string_view region) {
    std::vector<std::string> names;
    for (const auto& zone : ec2::zones_of(std::string(region))) names.push_back(zone.name);
    return names;
  };
  environment.exported_value = [&store = context.store,
                                imports](std::string_view name) -> std::optional<std::string> {
    const auto found = find_export(store, name);
    if (!found) return std::nullopt;
    if (imports && std::find(imports->begin(), imports->end(), name) == imports->end()) {
      imports->emplace_back(name);
    }
    return found->value;
  };
  return environment;
}

Result<std::string> look_up_parameter(const Store& store, std::string_view name) {
  const auto found = ssm::find_parameter(store, name);
  if (!found.version) return Error{"ParameterNotFound", std::string(name)};
  if (found.version->type == "SecureString") {
    return validation_error(fmt::format(
        "Parameters [{}] referenced by template have types not supported by CloudFormation.", name));
  }
  return found.version->value;
}

Result<std::string> look_up_reference(const Store& store, const cfn::DynamicReference& reference) {
  if (reference.service == "secretsmanager") {
    return validation_error(
        "berth has no Secrets Manager: {{resolve:secretsmanager:...}} cannot be resolved.");
  }
  const auto found = ssm::find_parameter(store, reference.reference);
  const bool secure = reference.service == "ssm-secure";
  if (found.version && (found.version->type == "SecureString") == secure) return found.version->value;
  if (found.version && !secure) {
    return validation_error(
        fmt::format("SSM Secure reference is not supported in: [{}]. Use {{{{resolve:ssm-secure:...}}}} for "
                    "a SecureString.",
                    reference.reference));
  }
  return validation_error(fmt::format(
      "Unable to fetch parameters [{}] from parameter store for this account.", reference.reference));
}

const cfn::Resource* Plan::wanted(std::string_view logical_id) const {
  const auto& ordered = order.in_order();
  if (std::find(ordered.begin(), ordered.end(), logical_id) == ordered.end()) return nullptr;
  return of.resource(logical_id);
}

Result<Plan> make_plan(json::value document, cfn::Template of, cfn::ParameterValues parameters,
                       const cfn::Environment& environment) {
  Plan plan;
  plan.parameters = std::move(parameters);
  plan.of = std::move(of);
  if (plan.of.uses_language_extensions()) {
    auto processed = cfn::expand_language_extensions(document, plan.of, plan.parameters, environment);
    if (!processed) return processed.error();
    document = std::move(*processed);
    auto parsed = cfn::parse_template(document);
    if (!parsed) return parsed.error();
    plan.of = std::move(*parsed);
  }
  plan.document = std::move(document);
  if (auto checked = cfn::check_references(plan.of); !checked) return checked.error();
  auto conditions = cfn::evaluate_conditions(plan.of, plan.parameters, environment);
  if (!conditions) return conditions.error();
  plan.conditions = std::move(*conditions);
  auto order = cfn::DependencyOrder::build(plan.of, plan.conditions);
  if (!order) return order.error();
  plan.order = std::move(*order);
  return plan;
}

Result<Plan> stored_plan(const Context& context, const StackIdentity& stack, const Deployment& deployment) {
  auto document = cfn::read_template(deployment.template_body, cfn::template_url_bytes_max);
  if (!document) return document.error();
  auto of = cfn::parse_template(*document);
  if (!of) return of.error();
  return make_plan(std::move(*document), std::move(*of), values_of(deployment.parameters),
                   environment_of(context, stack, deployment.notification_arns));
}

std::vector<ParameterRecord> records_of(const cfn::ParameterValues& values) {
  std::vector<ParameterRecord> records;
  for (const auto& value : values) {
    records.push_back({value.key, value.value, value.resolved, value.is_list, value.no_echo});
  }
  return records;
}

cfn::ParameterValues values_of(const std::vector<ParameterRecord>& records) {
  std::vector<cfn::ParameterValue> values;
  for (const auto& record : records) {
    values.push_back({record.key, record.value, record.resolved, record.is_list, record.no_echo});
  }
  return cfn::ParameterValues(std::move(values));
}

std::vector<Parameter> shown_parameters(const std::vector<ParameterRecord>& records) {
  std::vector<Parameter> shown;
  for (const auto& value : values_of(records)) {
    Parameter& parameter = shown.emplace_back();
    parameter.parameter_key = value.key;
    parameter.parameter_value = value.shown_value();
    parameter.resolved_value = value.shown_resolved_value();
  }
  return shown;
}

}  // namespace berth::cloudformation
