#include "cloudformation/deployment_request.h"

#include <fmt/format.h>

#include "base/arn.h"
#include "cloudformation/resource_access.h"
#include "cloudformation/stack_lookup.h"
#include "cloudformation/template/rules.h"
#include "cloudformation/template/template_reader.h"
#include "cloudformation/template_url.h"
#include "services/iam/rows.h"
#include "services/tags.h"

namespace berth::cloudformation {
namespace {

constexpr std::size_t notification_arns_max = 5;

std::vector<cfn::ParameterInput> inputs_of(const std::vector<Parameter>& parameters) {
  std::vector<cfn::ParameterInput> inputs;
  for (const auto& parameter : parameters) {
    inputs.push_back({parameter.parameter_key.value_or(""), parameter.parameter_value,
                      parameter.use_previous_value.value_or(false)});
  }
  return inputs;
}

}  // namespace

Error unsupported_option(std::string_view option) {
  return validation_error(fmt::format("berth does not support {} yet.", option));
}

Result<> DeploymentPreparation::check(Acceptance acceptance) {
  acceptance_ = acceptance;
  auto body = template_body();
  if (!body) return body.error();
  body_ = std::move(*body);
  const bool is_given = request_.template_body.has_value();
  auto document =
      cfn::read_template(body_, is_given ? cfn::template_body_bytes_max : cfn::template_url_bytes_max);
  if (!document) return document.error();
  document_ = std::move(*document);
  auto of = cfn::parse_template(document_);
  if (!of) return of.error();
  of_ = std::move(*of);
  if (auto checked = check_types(of_); !checked) return checked;
  if (auto checked = check_tags(); !checked) return checked;
  if (auto checked = check_role(); !checked) return checked;
  if (auto drafted = draft(); !drafted) return drafted.error();
  if (of_.has_loops) return {};
  return check_capabilities(of_, request_.capabilities, acceptance_);
}

Result<Prepared> DeploymentPreparation::finish() {
  auto values = parameter_values(
      [&](std::string_view, std::string_view name) { return look_up_parameter(context_.store, name); });
  if (!values) return values.error();
  Prepared prepared;
  auto deployment = draft();
  if (!deployment) return deployment.error();
  prepared.deployment = std::move(*deployment);
  auto planned = plan(std::move(*values), &prepared.deployment.imports);
  if (!planned) return planned.error();
  prepared.plan = std::move(*planned);
  prepared.deployment.parameters = records_of(prepared.plan.parameters);
  return prepared;
}

Result<Deployment> DeploymentPreparation::draft() const {
  const auto values = parameter_values([](std::string_view, std::string_view) { return std::string(); });
  if (!values) return values.error();
  Deployment deployment;
  deployment.template_body = body_;
  deployment.parameters = records_of(*values);
  deployment.capabilities = request_.capabilities;
  deployment.principal_arn = context_.principal.arn;
  deployment.principal_id = context_.principal.user_id;
  // What an update does not name stays as it was.
  const Deployment none;
  const Deployment& before = previous_ ? *previous_ : none;
  deployment.tags = request_.tags.value_or(before.tags);
  deployment.notification_arns = request_.notification_arns.value_or(before.notification_arns);
  deployment.role_arn = request_.role_arn.value_or(before.role_arn);
  return deployment;
}

Result<std::string> DeploymentPreparation::template_body() const {
  if (request_.use_previous_template && (request_.template_body || request_.template_url)) {
    return validation_error("You cannot specify both usePreviousTemplate and Template Body/Template URL.");
  }
  if (request_.use_previous_template) {
    if (previous_) return previous_->template_body;
    return validation_error("Template format error: there is no previous template to use.");
  }
  if (request_.template_body && request_.template_url) {
    return validation_error("Only one of Template URL or Template Body may be specified.");
  }
  if (request_.template_url) return template_at(context_, *request_.template_url);
  if (!request_.template_body || request_.template_body->empty()) {
    return validation_error("Either Template URL or Template Body must be specified.");
  }
  return *request_.template_body;
}

Result<cfn::ParameterValues> DeploymentPreparation::parameter_values(const cfn::SsmLookup& lookup) const {
  const auto previous = values_of(previous_ ? previous_->parameters : std::vector<ParameterRecord>());
  return cfn::resolve_parameters(of_, inputs_of(request_.parameters), previous_ ? &previous : nullptr,
                                 lookup);
}

Result<> DeploymentPreparation::check_tags() const {
  if (request_.notification_arns && request_.notification_arns->size() > notification_arns_max) {
    return validation_error(
        fmt::format("1 validation error detected: Value at 'notificationARNs' failed to satisfy constraint: "
                    "Member must have length less than or equal to {}",
                    notification_arns_max));
  }
  if (!request_.tags) return {};
  if (request_.tags->size() > services::tags_max) {
    return validation_error(fmt::format(
        "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have "
        "length less than or equal to {}",
        services::tags_max));
  }
  for (const auto& tag : *request_.tags) {
    if (tag.key.value_or("").starts_with("aws:")) {
      return validation_error("aws: prefixed tag key names are not allowed for external use.");
    }
  }
  return {};
}

Result<> DeploymentPreparation::check_role() const {
  if (!request_.role_arn || request_.role_arn->empty()) return {};
  const auto* role = context_.store.find<iam::RoleRow>(last_part(*request_.role_arn));
  if (role && role->arn == *request_.role_arn) return {};
  return validation_error(fmt::format("Role {} is invalid or cannot be assumed", *request_.role_arn));
}

Result<Plan> DeploymentPreparation::plan(cfn::ParameterValues values,
                                         std::vector<std::string>* imports) const {
  const Deployment none;
  const auto& before = previous_ ? *previous_ : none;
  auto environment = environment_of(context_, stack_,
                                    request_.notification_arns.value_or(before.notification_arns), imports);
  if (auto checked = cfn::check_rules(of_, values, environment); !checked) return checked.error();
  auto planned = make_plan(document_, of_, std::move(values), environment);
  if (!planned) return planned;
  if (of_.has_loops) {
    if (auto checked = check_types(planned->of); !checked) return checked.error();
    auto allowed = check_capabilities(planned->of, request_.capabilities, acceptance_);
    if (!allowed) return allowed.error();
  }
  add_preview(environment, context_, stack_);
  for (const auto& logical_id : planned->order.in_order()) {
    const auto properties = previewed_properties(*planned, *planned->of.resource(logical_id), environment);
    if (!properties) return properties.error();
  }
  // Exports that only outputs look at count as imported too; what else is wrong with an output shows at the
  // end.
  for (const auto& output : planned->of.outputs) {
    if (cfn::holds(planned->scope(environment), output.condition)) {
      static_cast<void>(cfn::evaluate(output.value, planned->scope(environment)));
    }
  }
  return planned;
}

}  // namespace berth::cloudformation
