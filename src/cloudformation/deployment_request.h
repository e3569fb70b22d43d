// From a request to what can be deployed: the template, parameters, tags and capabilities of CreateChangeSet,
// CreateStack and UpdateStack are checked and put together. Nothing is stored here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cloudformation/plan.h"
#include "cloudformation/template_checks.h"

namespace berth::cloudformation {

// What the three operations share.
struct DeploymentRequest {
  std::optional<std::string> template_body;
  std::optional<std::string> template_url;
  bool use_previous_template = false;
  std::vector<Parameter> parameters;
  std::vector<std::string> capabilities;
  std::optional<std::vector<Tag>> tags;
  std::optional<std::vector<std::string>> notification_arns;
  std::optional<std::string> role_arn;
};

template <class Input>
DeploymentRequest deployment_request(const Input& input) {
  DeploymentRequest request;
  request.template_body = input.template_body;
  request.template_url = input.template_url;
  if constexpr (requires { input.use_previous_template; }) {
    request.use_previous_template = input.use_previous_template.value_or(false);
  }
  if (input.parameters) request.parameters = *input.parameters;
  if (input.capabilities) request.capabilities = *input.capabilities;
  request.tags = input.tags;
  request.notification_arns = input.notification_ar_ns;
  request.role_arn = input.role_arn;
  return request;
}

Error unsupported_option(std::string_view option);
// Options of the three operations that berth does not have are refused by name.
template <class Input>
Result<> refuse_unsupported(const Input& input) {
  std::string_view option;
  const auto refuse = [&](bool given, std::string_view name) {
    if (given && option.empty()) option = name;
  };
  const auto& rollback = input.rollback_configuration;
  refuse(rollback && rollback->rollback_triggers && !rollback->rollback_triggers->empty(),
         "RollbackConfiguration");
  refuse(input.resource_types && !input.resource_types->empty(), "ResourceTypes");
  refuse(input.deployment_config.has_value(), "DeploymentConfig");
  if constexpr (requires { input.stack_policy_body; }) {
    refuse(input.stack_policy_body || input.stack_policy_url, "StackPolicyBody");
  }
  if constexpr (requires { input.stack_policy_during_update_body; }) {
    refuse(input.stack_policy_during_update_body || input.stack_policy_during_update_url,
           "StackPolicyDuringUpdateBody");
  }
  if constexpr (requires { input.resources_to_import; }) {
    refuse(input.resources_to_import && !input.resources_to_import->empty(), "ResourcesToImport");
    refuse(input.import_existing_resources.value_or(false), "ImportExistingResources");
    refuse(input.deployment_mode.has_value(), "DeploymentMode");
  }
  if constexpr (requires { input.retain_except_on_create; }) {
    refuse(input.retain_except_on_create.value_or(false), "RetainExceptOnCreate");
  }
  return option.empty() ? Result<>() : unsupported_option(option);
}

struct Prepared {
  Deployment deployment;
  Plan plan;
};

class DeploymentPreparation {
 public:
  // `previous`: what the stack is deployed with; null when it is created.
  DeploymentPreparation(Context& context, StackIdentity stack, DeploymentRequest request,
                        const Deployment* previous)
      : context_(context), stack_(std::move(stack)), request_(std::move(request)), previous_(previous) {}

  // What the request itself can be blamed for.
  Result<> check(Acceptance acceptance);
  // After check(): the request as it stands, its SSM parameters not looked up.
  Result<Deployment> draft() const;
  // After check(): SSM parameters are looked up and the whole template is evaluated.
  Result<Prepared> finish();

 private:
  Result<std::string> template_body() const;
  Result<cfn::ParameterValues> parameter_values(const cfn::SsmLookup& lookup) const;
  Result<> check_tags() const;
  Result<> check_role() const;
  Result<Plan> plan(cfn::ParameterValues values, std::vector<std::string>* imports) const;

  Context& context_;
  StackIdentity stack_;
  DeploymentRequest request_;
  const Deployment* previous_;
  Acceptance acceptance_ = Acceptance::directly;
  std::string body_;
  json::value document_;
  cfn::Template of_;
};

}  // namespace berth::cloudformation
