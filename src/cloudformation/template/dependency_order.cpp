#include "cloudformation/template/dependency_order.h"

#include <algorithm>

#include "base/text.h"
#include "cloudformation/template/references.h"
#include "cloudformation/template/template_error.h"

namespace berth::cfn {
namespace {

enum class Block { resources, outputs };

void add_once(std::vector<std::string>& list, const std::string& item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
}

Error unresolved(const std::vector<std::string>& names, Block block) {
  const std::string list = "Unresolved resource dependencies [" + join(names, ", ") + "] in the ";
  return block == Block::resources ? format_error("{}Resources block of the template", list)
                                   : validation_error(list + "Outputs block of the template");
}

// A name that `reference` uses and that `known` does not know; Resources say so at once when an attribute is
// asked.
template <class Known>
Result<void> check_reference(const Reference& reference, Block block, const Known& known,
                             std::vector<std::string>& missing) {
  if (reference.name.empty()) {  // the argument had no valid form
    return reference.function == "Fn::GetAtt"
               ? template_error(
                     "every Fn::GetAtt object requires two non-empty parameters, the resource name and the "
                     "resource attribute")
               : format_error("every Ref object must have a single String value.");
  }
  if (known(reference)) return {};
  if (block == Block::resources && reference.function == "Fn::GetAtt") {
    return template_error("instance of Fn::GetAtt references undefined resource {}", reference.name);
  }
  if (block == Block::resources && !reference.attribute.empty()) {
    return template_error("instance of Fn::Sub references invalid resource attribute {}.{}", reference.name,
                          reference.attribute);
  }
  add_once(missing, reference.name);
  return {};
}

Result<void> check_condition_names(const Template& of, const std::string& condition, const json::value& value,
                                   std::string_view block) {
  if (!condition.empty() && !of.conditions.contains(condition)) {
    return format_error("Unresolved condition dependency {} in the {} block of the template", condition,
                        block);
  }
  for (const auto& name : conditions_used_by(value, false)) {
    if (!of.conditions.contains(name))
      return template_error("unresolved condition dependency {} in Fn::If", name);
  }
  return {};
}

bool is_active(const std::string& condition, const Conditions& conditions) {
  if (condition.empty()) return true;
  const auto found = conditions.find(condition);
  return found != conditions.end() && found->second;
}

using Edges = std::map<std::string, LogicalIds, std::less<>>;

// `left` waits for itself, directly or not. Without those that nothing in it waits for, the circles remain.
std::vector<std::string> circles(const Template& of, const Edges& dependencies, const Edges& dependents,
                                 LogicalIds left) {
  std::map<std::string, std::size_t> waiting;
  std::vector<std::string> idle;
  for (const auto& id : left) {
    const LogicalIds& users = dependents.at(id);
    waiting[id] = static_cast<std::size_t>(
        std::count_if(users.begin(), users.end(), [&](const auto& user) { return left.contains(user); }));
    if (waiting[id] == 0) idle.push_back(id);
  }
  while (!idle.empty()) {
    const std::string id = std::move(idle.back());
    idle.pop_back();
    left.erase(id);
    for (const auto& dependency : dependencies.at(id)) {
      if (left.contains(dependency) && --waiting[dependency] == 0) idle.push_back(dependency);
    }
  }
  std::vector<std::string> out;
  for (const auto& resource : of.resources) {
    if (left.contains(resource.logical_id)) out.push_back(resource.logical_id);
  }
  return out;
}

// Names of the active resources that an active resource waits for; fails where it names one that is not
// active.
Result<LogicalIds> dependencies_of(const Resource& resource, const Template& of,
                                   const Conditions& conditions) {
  LogicalIds out;
  std::vector<std::string> missing;
  const auto add = [&](const std::string& name) {
    if (of.parameter(name)) return;
    const Resource* target = of.resource(name);
    if (target && is_active(target->condition, conditions)) {
      out.insert(name);
    } else {
      add_once(missing, name);
    }
  };
  for (const auto& reference : references_of(resource.properties, &conditions)) add(reference.name);
  for (const auto& name : resource.depends_on) {
    const Resource* target = of.resource(name);
    const bool switched_off = target && !is_active(target->condition, conditions);
    if (!switched_off) add(name);  // AWS drops a DependsOn whose target's condition is false
  }
  if (!missing.empty()) return unresolved(missing, Block::resources);
  return out;
}

Result<void> check_active_outputs(const Template& of, const Conditions& conditions) {
  std::vector<std::string> missing;
  for (const auto& output : of.outputs) {
    if (!is_active(output.condition, conditions)) continue;
    for (const auto& reference : references_of(output.value, &conditions)) {
      const Resource* target = of.resource(reference.name);
      const bool active = target && is_active(target->condition, conditions);
      if (!active && !of.parameter(reference.name)) add_once(missing, reference.name);
    }
  }
  if (missing.empty()) return {};
  return unresolved(missing, Block::outputs);
}

}  // namespace

Result<void> check_references(const Template& of) {
  const auto known = [&](const Reference& reference) {
    if (of.resource(reference.name)) return true;
    return reference.attribute.empty() && reference.function != "Fn::GetAtt" && of.parameter(reference.name);
  };
  std::vector<std::string> missing;
  for (const auto& resource : of.resources) {
    const json::value properties(resource.properties);
    if (auto checked = check_condition_names(of, resource.condition, properties, "Resources"); !checked)
      return checked;
    for (const auto& name : resource.depends_on) {
      if (!of.resource(name)) add_once(missing, name);
    }
    for (const auto& reference : references_of(properties, nullptr)) {
      if (auto checked = check_reference(reference, Block::resources, known, missing); !checked)
        return checked;
    }
  }
  if (!missing.empty()) return unresolved(missing, Block::resources);
  for (const auto& output : of.outputs) {
    if (auto checked = check_condition_names(of, output.condition, output.value, "Outputs"); !checked)
      return checked;
    for (const auto& reference : references_of(output.value, nullptr)) {
      if (auto checked = check_reference(reference, Block::outputs, known, missing); !checked) return checked;
    }
  }
  if (!missing.empty()) return unresolved(missing, Block::outputs);
  return {};
}

Result<DependencyOrder> DependencyOrder::build(const Template& of, const Conditions& conditions) {
  DependencyOrder out;
  LogicalIds left;
  for (const auto& resource : of.resources) {
    if (!is_active(resource.condition, conditions)) continue;
    auto dependencies = dependencies_of(resource, of, conditions);
    if (!dependencies) return dependencies.error();
    for (const auto& id : *dependencies) out.dependents_[id].insert(resource.logical_id);
    out.dependencies_[resource.logical_id] = std::move(*dependencies);
    out.dependents_[resource.logical_id];
    left.insert(resource.logical_id);
  }
  out.order(of, left);
  if (!left.empty()) {
    return validation_error("Circular dependency between resources: [" +
                            join(circles(of, out.dependencies_, out.dependents_, left), ", ") + "]");
  }
  if (auto checked = check_active_outputs(of, conditions); !checked) return checked.error();
  return out;
}

void DependencyOrder::order(const Template& of, LogicalIds& left) {
  const auto waits = [&](const std::string& id) {
    const LogicalIds& needed = dependencies_[id];
    return std::any_of(needed.begin(), needed.end(), [&](const auto& other) { return left.contains(other); });
  };
  for (bool moving = true; moving;) {
    moving = false;
    for (const auto& resource : of.resources) {
      const std::string& id = resource.logical_id;
      if (!left.contains(id) || waits(id)) continue;
      in_order_.push_back(id);
      left.erase(id);
      moving = true;
    }
  }
}

const LogicalIds& DependencyOrder::dependencies(std::string_view logical_id) const {
  static const LogicalIds none;
  const auto found = dependencies_.find(logical_id);
  return found == dependencies_.end() ? none : found->second;
}

const LogicalIds& DependencyOrder::dependents(std::string_view logical_id) const {
  static const LogicalIds none;
  const auto found = dependents_.find(logical_id);
  return found == dependents_.end() ? none : found->second;
}

std::vector<std::string> DependencyOrder::creatable(const LogicalIds& done) const {
  std::vector<std::string> out;
  for (const auto& id : in_order_) {
    const LogicalIds& waits_for = dependencies(id);
    if (done.contains(id)) continue;
    if (std::includes(done.begin(), done.end(), waits_for.begin(), waits_for.end())) out.push_back(id);
  }
  return out;
}

std::vector<std::string> DependencyOrder::deletable(const LogicalIds& present) const {
  std::vector<std::string> out;
  for (auto id = in_order_.rbegin(); id != in_order_.rend(); ++id) {
    if (!present.contains(*id)) continue;
    const LogicalIds& users = dependents(*id);
    if (std::none_of(users.begin(), users.end(), [&](const auto& user) { return present.contains(user); })) {
      out.push_back(*id);
    }
  }
  return out;
}

}  // namespace berth::cfn
