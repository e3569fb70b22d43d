// Arbitrary bytes as a template, through everything that the pure part of CloudFormation does with it:
// reading, validation, parameters, loops, conditions, order, properties and outputs. Nothing may crash, hang
// or throw.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "cloudformation/template/dependency_order.h"
#include "cloudformation/template/language_extensions.h"
#include "cloudformation/template/property_diff.h"
#include "cloudformation/template/template_reader.h"

namespace {

using namespace berth;
using namespace berth::cfn;

Environment environment() {
  Environment out;
  out.account_id = "123456789012";
  out.region = "us-east-1";
  out.ref = [](std::string_view id) -> Result<json::value> { return json::value(json::string(id)); };
  out.attribute = [](std::string_view id, std::string_view name) -> Result<json::value> {
    return json::value(json::string(std::string(id) + std::string(name)));
  };
  out.availability_zones = [](std::string_view region) {
    return std::vector<std::string>{std::string(region) + "a", std::string(region) + "b"};
  };
  out.exported_value = [](std::string_view name) { return std::optional<std::string>(std::string(name)); };
  out.dynamic_reference = [](const DynamicReference& reference) {
    return Result<std::string>(reference.reference);
  };
  return out;
}

std::vector<ParameterInput> inputs_for(const Template& of) {
  std::vector<ParameterInput> out;
  for (const auto& parameter : of.parameters) {
    if (!parameter.default_value) out.push_back({parameter.name, "a,1", false});
  }
  return out;
}

void use(const Template& of, const ParameterValues& parameters, const Environment& around) {
  if (!check_references(of)) return;
  const auto conditions = evaluate_conditions(of, parameters, around);
  if (!conditions) return;
  const auto order = DependencyOrder::build(of, *conditions);
  if (!order) return;
  const Scope scope{of, parameters, *conditions, around};
  json::object before;
  for (const auto& id : order->in_order()) {
    const auto& resource = *of.resource(id);
    const auto properties = resolve_properties(resource, scope);
    if (!properties) continue;
    diff_properties({before, resource.properties, before, *properties}, {}, {});
    before = *properties;
  }
  resolve_outputs(scope);
}

void run(std::string_view text) {
  const auto document = read_template(text);
  if (!document) return;
  const auto of = parse_template(*document);
  if (!of) return;
  const Environment around = environment();
  const auto ssm = [](std::string_view, std::string_view name) {
    return Result<std::string>(std::string(name));
  };
  const auto parameters = resolve_parameters(*of, inputs_for(*of), nullptr, ssm);
  if (!parameters) return;
  const auto processed = expand_language_extensions(*document, *of, *parameters, around);
  if (!processed) return;
  const auto expanded = parse_template(*processed);
  if (expanded) use(*expanded, *parameters, around);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  run({reinterpret_cast<const char*>(data), size});
  return 0;
}
