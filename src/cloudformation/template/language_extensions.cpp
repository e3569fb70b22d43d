#include "cloudformation/template/language_extensions.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "cloudformation/template/template_error.h"
#include "cloudformation/template/template_sections.h"

namespace berth::cfn {
namespace {

// Nested loops multiply; a template of the largest size without loops takes less than this.
constexpr std::size_t processed_bytes_max = 4u << 20;

// Variables of the loops around a value, innermost last.
using Bindings = std::vector<std::pair<std::string, std::string>>;

Error failed(const std::string& why) {
  return validation_error("Transform AWS::LanguageExtensions failed with: " + why);
}

std::string without_punctuation(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_alphanumeric(std::string_view(&c, 1))) out += c;
  }
  return out;
}

std::string substitute(std::string text, const Bindings& bindings) {
  for (const auto& [name, value] : bindings) {
    if (text.find('{') == std::string::npos) break;
    text = replace_all(std::move(text), "${" + name + "}", value);
    text = replace_all(std::move(text), "&{" + name + "}", without_punctuation(value));
  }
  return text;
}

class Unroller {
 public:
  explicit Unroller(const Scope& scope) : scope_(scope) {}

  Result<json::value> unroll(const json::value& value, const Bindings& bindings) {
    if (auto done = charge(value); !done) return done.error();
    if (const auto* text = value.if_string()) {
      return json::value(json::string(substitute(std::string(*text), bindings)));
    }
    if (const auto* list = value.if_array()) return unroll_list(*list, bindings);
    const auto* object = value.if_object();
    if (!object) return value;
    if (const auto* variable = bound_variable(*object, bindings)) return json::value(json::string(*variable));
    json::object out;
    if (auto done = unroll_into(out, *object, bindings); !done) return done.error();
    return json::value(std::move(out));
  }

 private:
  Result<json::value> unroll_list(const json::array& list, const Bindings& bindings) {
    json::array out;
    for (const auto& item : list) {
      auto value = unroll(item, bindings);
      if (!value) return value;
      out.push_back(std::move(*value));
    }
    return json::value(std::move(out));
  }

  Result<void> unroll_into(json::object& out, const json::object& object, const Bindings& bindings) {
    for (const auto& member : object) {
      if (is_loop(member.key())) {
        if (auto done = unroll_loop(out, member.value(), bindings); !done) return done;
        continue;
      }
      const std::string key = substitute(std::string(member.key()), bindings);
      auto value = unroll(member.value(), bindings);
      if (!value) return value.error();
      if (!out.emplace(key, std::move(*value)).second) return failed("Duplicate key '" + key + "'");
    }
    return {};
  }

  // [variable, collection, {key: value}]
  Result<void> unroll_loop(json::object& out, const json::value& loop, const Bindings& bindings) {
    const auto* parts = loop.if_array();
    if (!parts || parts->size() != 3 || !(*parts)[0].is_string() || !(*parts)[2].is_object()) {
      return failed("Fn::ForEach layout is incorrect");
    }
    const std::string variable((*parts)[0].get_string());
    if (!is_alphanumeric(variable)) return failed("Fn::ForEach layout is incorrect");
    const auto items = collection((*parts)[1], bindings);
    if (!items) return items.error();
    Bindings inner = bindings;
    inner.emplace_back(variable, "");
    for (const auto& item : *items) {
      inner.back().second = item;
      if (auto done = unroll_into(out, (*parts)[2].get_object(), inner); !done) return done;
    }
    return {};
  }

  Result<std::vector<std::string>> collection(const json::value& value, const Bindings& bindings) {
    const auto unrolled = unroll(value, bindings);
    if (!unrolled) return unrolled.error();
    const auto evaluated = evaluate(*unrolled, scope_);
    if (!evaluated) return evaluated.error();
    std::vector<std::string> out;
    for (const auto& item : evaluated->is_array() ? evaluated->get_array() : json::array{*evaluated}) {
      if (item.is_array()) {  // a list parameter among the items of a list
        for (const auto& inner : item.get_array())
          out.emplace_back(inner.is_string() ? inner.get_string() : "");
      } else if (item.is_string() && evaluated->is_array()) {
        out.emplace_back(item.get_string());
      } else {
        return failed("Fn::ForEach could not resolve a list of strings");
      }
    }
    return out;
  }

  static const std::string* bound_variable(const json::object& object, const Bindings& bindings) {
    const auto* name = object.size() == 1 ? object.if_contains("Ref") : nullptr;
    if (!name || !name->is_string()) return nullptr;
    const auto found = std::find_if(bindings.rbegin(), bindings.rend(), [&](const auto& binding) {
      return std::string_view(name->get_string()) == binding.first;
    });
    return found == bindings.rend() ? nullptr : &found->second;
  }

  Result<void> charge(const json::value& value) {
    bytes_ += sizeof(json::value) + (value.is_string() ? value.get_string().size() : 0);
    if (bytes_ > processed_bytes_max) {
      return failed(fmt::format("the processed template exceeds {} bytes", processed_bytes_max));
    }
    return {};
  }

  const Scope& scope_;
  std::size_t bytes_ = 0;
};

Result<void> evaluate_policies(json::object& document, const ParameterValues& parameters,
                               const Environment& environment) {
  auto of = parse_template(document);
  if (!of) return of.error();
  auto conditions = evaluate_conditions(*of, parameters, environment);
  if (!conditions) return conditions.error();
  const Scope scope{*of, parameters, *conditions, environment};
  for (auto& resource : document.at("Resources").as_object()) {
    for (const char* name : {"DeletionPolicy", "UpdateReplacePolicy"}) {
      auto* policy = resource.value().get_object().if_contains(name);
      if (!policy || !is_function(*policy)) continue;
      auto value = evaluate(*policy, scope);
      if (!value) return value.error();
      if (value->is_null()) {
        resource.value().get_object().erase(name);
      } else {
        *policy = std::move(*value);
      }
    }
  }
  return {};
}

}  // namespace

Result<json::value> expand_language_extensions(const json::value& document, const Template& of,
                                               const ParameterValues& parameters,
                                               const Environment& environment) {
  static constexpr std::array sections = {"Conditions", "Resources", "Outputs"};
  if (!of.uses_language_extensions()) return document;
  json::object out = document.as_object();
  const Conditions no_conditions;
  const Scope scope{of, parameters, no_conditions, environment};
  Unroller unroller(scope);
  for (const char* section : sections) {
    auto* value = out.if_contains(section);
    if (!value) continue;
    auto unrolled = unroller.unroll(*value, {});
    if (!unrolled) return unrolled;
    *value = std::move(*unrolled);
  }
  if (auto done = evaluate_policies(out, parameters, environment); !done) return done.error();
  return json::value(std::move(out));
}

}  // namespace berth::cfn
