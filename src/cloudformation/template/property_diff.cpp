#include "cloudformation/template/property_diff.h"

#include <algorithm>

#include "cloudformation/template/references.h"

namespace berth::cfn {
namespace {

struct Difference {
  std::string path;
  const json::value* before = nullptr;
  const json::value* after = nullptr;
};

std::string pointer_step(std::string_view name) {
  std::string out = "/";
  for (const char c : name) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

void collect(const std::string& path, const json::value* before, const json::value* after,
             std::vector<Difference>& out);

void collect_members(const std::string& path, const json::object& before, const json::object& after,
                     std::vector<Difference>& out) {
  for (const auto& member : before) {
    collect(path + pointer_step(member.key()), &member.value(), after.if_contains(member.key()), out);
  }
  for (const auto& member : after) {
    if (!before.contains(member.key()))
      collect(path + pointer_step(member.key()), nullptr, &member.value(), out);
  }
}

void collect(const std::string& path, const json::value* before, const json::value* after,
             std::vector<Difference>& out) {
  if (before && after && *before == *after) return;
  if (before && after && before->is_object() && after->is_object()) {
    return collect_members(path, before->get_object(), after->get_object(), out);
  }
  if (before && after && before->is_array() && after->is_array()) {
    const auto& old_list = before->get_array();
    const auto& new_list = after->get_array();
    for (std::size_t i = 0; i < std::max(old_list.size(), new_list.size()); ++i) {
      collect(path + "/" + std::to_string(i), i < old_list.size() ? &old_list[i] : nullptr,
              i < new_list.size() ? &new_list[i] : nullptr, out);
    }
    return;
  }
  out.push_back({path, before, after});
}

std::optional<std::string> shown(const json::value* value) {
  if (!value) return std::nullopt;
  if (const auto* text = value->if_string()) return std::string(*text);
  return json::serialize(*value);
}

bool same(const json::value* a, const json::value* b) {
  return a && b ? *a == *b : a == b;
}

// The causes of one property's change.
class PropertyCauses {
 public:
  PropertyCauses(std::string name, const ResourceVersions& versions, const UpdateContext& context)
      : name_(std::move(name)),
        versions_(versions),
        context_(context),
        written_(versions.written_after.if_contains(name_)) {}

  std::vector<PropertyChange> changes(RequiresRecreation requires_recreation) {
    const auto* before = versions_.before.if_contains(name_);
    const auto* after = versions_.after.if_contains(name_);
    std::vector<Difference> differences;
    collect("/Properties" + pointer_step(name_), before, after, differences);
    template_.attribute = name_ == "Tags" ? "Tags" : "Properties";
    template_.name = name_ == "Tags" ? "" : name_;
    template_.requires_recreation = name_ == "Tags" ? RequiresRecreation::never : requires_recreation;
    template_.path = "/Properties" + pointer_step(name_);
    if (!differences.empty()) {
      template_.path = differences.front().path;
      template_.before = shown(differences.front().before);
      template_.after = shown(differences.front().after);
    }
    add_causes(!differences.empty());
    return std::move(out_);
  }

 private:
  void add_causes(bool differs) {
    const bool rewritten = !same(versions_.written_before.if_contains(name_), written_);
    bool by_parameter = false;
    for (const auto& reference : written_ ? references_of(*written_, nullptr) : std::vector<Reference>()) {
      if (differs && context_.parameters.contains(reference.name)) {
        by_parameter = true;
        add(true, ChangeSource::parameter_reference, reference.name);
      } else if (reference.attribute.empty() && context_.replaced_resources.contains(reference.name)) {
        add(false, ChangeSource::resource_reference, reference.name);
      } else if (!reference.attribute.empty() && context_.modified_resources.contains(reference.name)) {
        add(false, ChangeSource::resource_attribute, reference.name + "." + reference.attribute);
      }
    }
    // AWS lists a parameter's effect twice: once for the parameter, once as a modification it cannot yet be
    // sure of.
    if (differs) add(rewritten || !by_parameter, ChangeSource::direct_modification, "");
  }

  void add(bool is_static, ChangeSource source, const std::string& causing_entity) {
    const bool known = std::any_of(out_.begin(), out_.end(), [&](const PropertyChange& change) {
      return change.source == source && change.causing_entity == causing_entity;
    });
    if (known) return;
    PropertyChange change = template_;
    change.is_static = is_static;
    change.source = source;
    change.causing_entity = causing_entity;
    out_.push_back(std::move(change));
  }

  std::string name_;
  const ResourceVersions& versions_;
  const UpdateContext& context_;
  const json::value* written_;
  PropertyChange template_;
  std::vector<PropertyChange> out_;
};

}  // namespace

std::vector<PropertyChange> diff_properties(const ResourceVersions& versions, const RecreationTable& table,
                                            const UpdateContext& context) {
  std::vector<std::string> names;
  for (const auto* properties : {&versions.before, &versions.after, &versions.written_after}) {
    for (const auto& property : *properties) {
      const std::string name(property.key());
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  std::vector<PropertyChange> out;
  for (const auto& name : names) {
    const auto found = table.find(name);
    const auto recreation = found == table.end() ? RequiresRecreation::never : found->second;
    for (auto& change : PropertyCauses(name, versions, context).changes(recreation))
      out.push_back(std::move(change));
  }
  return out;
}

Replacement replacement_of(const std::vector<PropertyChange>& changes) {
  Replacement out = Replacement::no;
  for (const auto& change : changes) {
    if (change.requires_recreation == RequiresRecreation::never) continue;
    if (change.requires_recreation == RequiresRecreation::always && change.is_static) return Replacement::yes;
    out = Replacement::conditional;
  }
  return out;
}

std::vector<std::string> changed_paths(const json::value& before, const json::value& after) {
  std::vector<Difference> differences;
  collect("", &before, &after, differences);
  std::vector<std::string> out;
  for (auto& difference : differences) out.push_back(std::move(difference.path));
  return out;
}

std::string_view text_of(RequiresRecreation value) {
  switch (value) {
    case RequiresRecreation::never:
      return "Never";
    case RequiresRecreation::conditionally:
      return "Conditionally";
    case RequiresRecreation::always:
      return "Always";
  }
  return {};
}

std::string_view text_of(Replacement value) {
  switch (value) {
    case Replacement::no:
      return "False";
    case Replacement::conditional:
      return "Conditional";
    case Replacement::yes:
      return "True";
  }
  return {};
}

std::string_view text_of(ChangeSource value) {
  switch (value) {
    case ChangeSource::direct_modification:
      return "DirectModification";
    case ChangeSource::parameter_reference:
      return "ParameterReference";
    case ChangeSource::resource_reference:
      return "ResourceReference";
    case ChangeSource::resource_attribute:
      return "ResourceAttribute";
  }
  return {};
}

}  // namespace berth::cfn
