// Templates: those of stacks and change sets, and what can be said of one before it is deployed.
#include <fmt/format.h>

#include <algorithm>

#include "cloudformation/deployment_request.h"
#include "cloudformation/stack_lookup.h"
#include "cloudformation/template/template_reader.h"
#include "cloudformation/template_url.h"
#include "handlers/cloudformation.h"

namespace berth::cloudformation {
namespace {

struct ReadTemplate {
  json::value document;
  cfn::Template of;
};

Result<ReadTemplate> read(const std::string& body, std::size_t bytes_max) {
  auto document = cfn::read_template(body, bytes_max);
  if (!document) return document.error();
  auto of = cfn::parse_template(*document);
  if (!of) return of.error();
  return ReadTemplate{std::move(*document), std::move(*of)};
}

// Of a stack or change set, which was accepted before.
Result<ReadTemplate> read_accepted(const std::string& body) {
  return read(body, cfn::template_url_bytes_max);
}

Result<ReadTemplate> read_given(const Context& context, const std::optional<std::string>& body,
                                const std::optional<std::string>& url) {
  if (body && url) return validation_error("Only one of Template URL or Template Body may be specified.");
  if (body) return read(*body, cfn::template_body_bytes_max);
  if (!url) return validation_error("Either Template URL or Template Body must be specified.");
  const auto text = template_at(context, *url);
  if (!text) return text.error();
  return read(*text, cfn::template_url_bytes_max);
}

Result<const Deployment*> deployment_named(const Context& context, const GetTemplateInput& input) {
  if (input.change_set_name) {
    const auto set = named_change_set(context, input.change_set_name, input.stack_name);
    if (!set) return set.error();
    return &(*set)->deployment;
  }
  const auto stack = described_stack(context, input.stack_name);
  if (!stack) return stack.error();
  const auto* deployment = find_deployment(context.store, (*stack)->id, DeploymentRow::current);
  if (deployment) return deployment;
  return validation_error(fmt::format("Stack [{}] has no template yet", (*stack)->name));
}

ParameterDeclaration declaration_of(const cfn::Parameter& parameter) {
  ParameterDeclaration out;
  out.parameter_key = parameter.name;
  if (parameter.default_value) out.default_value = parameter.no_echo ? "****" : *parameter.default_value;
  out.parameter_type = parameter.type;
  out.no_echo = parameter.no_echo;
  if (!parameter.description.empty()) out.description = parameter.description;
  auto& constraints = out.parameter_constraints.emplace();
  if (!parameter.allowed_values.empty()) constraints.allowed_values = parameter.allowed_values;
  return out;
}

TemplateParameter parameter_of(const cfn::Parameter& parameter) {
  TemplateParameter out;
  out.parameter_key = parameter.name;
  if (parameter.default_value) out.default_value = parameter.no_echo ? "****" : *parameter.default_value;
  out.no_echo = parameter.no_echo;
  if (!parameter.description.empty()) out.description = parameter.description;
  return out;
}

template <class Output>
void describe_needs(Output& out, const cfn::Template& of) {
  auto required = required_capabilities(of);
  if (!required.capabilities.empty()) {
    out.capabilities = std::move(required.capabilities);
    out.capabilities_reason = std::move(required.reason);
  }
  if (!of.transforms.empty()) out.declared_transforms = of.transforms;
  if (!of.description.empty()) out.description = of.description;
}

Result<ReadTemplate> summarized_template(const Context& context, const GetTemplateSummaryInput& input) {
  if (!input.stack_name) return read_given(context, input.template_body, input.template_url);
  const auto stack = described_stack(context, input.stack_name);
  if (!stack) return stack.error();
  const auto* deployment = find_deployment(context.store, (*stack)->id, DeploymentRow::current);
  if (!deployment) return validation_error(fmt::format("Stack [{}] has no template yet", (*stack)->name));
  return read_accepted(deployment->template_body);
}

}  // namespace

Result<GetTemplateOutput> get_template(Context& context, const GetTemplateInput& input) {
  const auto deployment = deployment_named(context, input);
  if (!deployment) return deployment.error();
  GetTemplateOutput output;
  output.template_body = (*deployment)->template_body;
  output.stages_available = {"Original", "Processed"};
  if (input.template_stage != "Processed") return output;
  const auto original = read_accepted((*deployment)->template_body);
  if (!original) return original.error();
  // Without a transform nothing is processed, and the text stays as it was written.
  if (!original->of.uses_language_extensions()) return output;
  const auto* stack = find_stack(context, input.stack_name.value_or(""));
  const auto plan = stored_plan(context, stack ? identity_of(*stack) : StackIdentity{}, **deployment);
  if (!plan) return plan.error();
  output.template_body = json::serialize(plan->document);
  return output;
}

Result<GetTemplateSummaryOutput> get_template_summary(Context& context,
                                                      const GetTemplateSummaryInput& input) {
  if (input.stack_set_name) return unsupported_option("StackSetName");
  const auto read = summarized_template(context, input);
  if (!read) return read.error();
  const auto& of = read->of;
  GetTemplateSummaryOutput output;
  const bool as_warnings =
      input.template_summary_config &&
      input.template_summary_config->treat_unrecognized_resource_types_as_warnings.value_or(false);
  if (as_warnings) {
    output.warnings.emplace().unrecognized_resource_types = unrecognized_types(of);
  } else if (auto checked = check_types(of); !checked) {
    return checked.error();
  }
  output.parameters.emplace();
  for (const auto& parameter : of.parameters) output.parameters->push_back(declaration_of(parameter));
  output.resource_types.emplace();
  for (const auto& resource : of.resources) {
    auto& types = *output.resource_types;
    if (std::find(types.begin(), types.end(), resource.type) == types.end()) types.push_back(resource.type);
  }
  output.version = string_or(read->document, "AWSTemplateFormatVersion", "2010-09-09");
  if (!of.metadata.empty()) output.metadata = json::serialize(of.metadata);
  describe_needs(output, of);
  return output;
}

Result<ValidateTemplateOutput> validate_template(Context& context, const ValidateTemplateInput& input) {
  const auto valid = read_given(context, input.template_body, input.template_url);
  if (!valid) return valid.error();
  if (auto checked = check_types(valid->of); !checked) return checked.error();
  if (!valid->of.has_loops) {
    if (auto checked = cfn::check_references(valid->of); !checked) return checked.error();
  }
  ValidateTemplateOutput output;
  output.parameters.emplace();
  for (const auto& parameter : valid->of.parameters) output.parameters->push_back(parameter_of(parameter));
  describe_needs(output, valid->of);
  return output;
}

}  // namespace berth::cloudformation
