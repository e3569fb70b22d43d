#include "cloudformation/template/functions.h"

#include <algorithm>

#include "cloudformation/template/evaluator.h"
#include "cloudformation/template/template_error.h"

namespace berth::cfn {
namespace {

constexpr std::string_view reference_open = "{{resolve:";
constexpr std::string_view reference_close = "}}";

Result<std::string> resolve_references(std::string_view text, const Environment& environment) {
  std::string out;
  while (!text.empty()) {
    const auto open = text.find(reference_open);
    const auto close = open == std::string_view::npos ? open : text.find(reference_close, open);
    if (close == std::string_view::npos) break;
    out += text.substr(0, open);
    const auto whole = text.substr(open, close + reference_close.size() - open);
    const auto inner = text.substr(open + reference_open.size(), close - open - reference_open.size());
    const auto colon = inner.find(':');
    const auto service = inner.substr(0, colon);
    const bool known = service == "ssm" || service == "ssm-secure" || service == "secretsmanager";
    if (!known || colon == std::string_view::npos || colon + 1 == inner.size()) {
      return template_error("Incorrect format is used in the following SSM reference: [{}]", whole);
    }
    auto value = environment.dynamic_reference({std::string(service), std::string(inner.substr(colon + 1))});
    if (!value) return value;
    out += *value;
    text.remove_prefix(close + reference_close.size());
  }
  out += text;
  return out;
}

Result<void> resolve_references(json::value& value, const Environment& environment) {
  if (auto* text = value.if_string()) {
    if (text->find(reference_open) == json::string::npos) return {};
    auto resolved = resolve_references(std::string_view(*text), environment);
    if (!resolved) return resolved.error();
    *text = *resolved;
  } else if (auto* list = value.if_array()) {
    for (auto& item : *list) {
      if (auto done = resolve_references(item, environment); !done) return done;
    }
  } else if (auto* object = value.if_object()) {
    for (auto& member : *object) {
      if (auto done = resolve_references(member.value(), environment); !done) return done;
    }
  }
  return {};
}

Result<std::string> output_text(const json::value& value, const std::string& output, std::string_view field,
                                const Scope& scope) {
  const auto evaluated = evaluate(value, scope);
  if (!evaluated) return evaluated.error();
  if (!evaluated->is_string()) {
    const std::string_view owner = field == "Value" ? "Outputs" : "Export";
    return format_error("Output {} is malformed. The {} field of every {} member must evaluate to a String.",
                        output, field, owner);
  }
  return std::string(evaluated->get_string());
}

}  // namespace

bool holds(const Scope& scope, std::string_view condition) {
  if (condition.empty()) return true;
  const auto found = scope.conditions.find(condition);
  return found != scope.conditions.end() && found->second;
}

Result<json::value> evaluate(const json::value& value, const Scope& scope) {
  return Evaluator(scope).evaluate(value);
}

Result<json::object> resolve_properties(const Resource& resource, const Scope& scope) {
  auto value = evaluate(resource.properties, scope);
  if (!value) return value.error();
  if (value->is_null()) return json::object();
  if (!value->is_object()) {
    return format_error("[/Resources/{}/Properties] Every Properties member must be an object.",
                        resource.logical_id);
  }
  if (scope.environment.dynamic_reference) {
    if (auto done = resolve_references(*value, scope.environment); !done) return done.error();
  }
  return std::move(value->get_object());
}

Result<std::vector<ResolvedOutput>> resolve_outputs(const Scope& scope) {
  std::vector<ResolvedOutput> out;
  for (const auto& output : scope.of.outputs) {
    if (!holds(scope, output.condition)) continue;
    auto value = output_text(output.value, output.name, "Value", scope);
    if (!value) return value.error();
    ResolvedOutput resolved{output.name, output.description, std::move(*value), {}};
    if (!output.export_name.is_null()) {
      auto name = output_text(output.export_name, output.name, "Name", scope);
      if (!name) return name.error();
      resolved.export_name = std::move(*name);
    }
    out.push_back(std::move(resolved));
  }
  return out;
}

}  // namespace berth::cfn
