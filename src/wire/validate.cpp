#include "wire/validate.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace berth::wire {
namespace {

using model::Kind;
using model::Member;
using model::Shape;

constexpr std::size_t violations_max = 10;  // more than these help nobody

std::string lower_camel(std::string_view name) {
  std::string out(name);
  if (!out.empty()) out[0] = lower(name.substr(0, 1))[0];
  return out;
}

std::string values_of(const Member& member) {
  return fmt::format("[{}]", fmt::join(member.enum_values.begin(), member.enum_values.end(), ", "));
}

bool allows(const Member& member, std::string_view value) {
  return std::any_of(member.enum_values.begin(), member.enum_values.end(),
                     [&](const char* allowed) { return value == allowed; });
}

// Walks the input and keeps what does not fit, as `Value 'x' at 'a.1.member.b' failed to satisfy constraint:
// ...`.
class Checker {
 public:
  void check(const Shape& shape, const void* value) {
    if (violations_.size() >= violations_max) return;
    switch (shape.kind) {
      case Kind::structure:
        return check_structure(shape, value);
      case Kind::list:
        return check_list(shape, value);
      case Kind::map:
        return check_map(shape, value);
      default:
        return;
    }
  }

  const std::vector<std::string>& violations() const { return violations_; }
  const std::string& first_missing() const { return first_missing_; }
  const std::string& first_reserved_tag() const { return first_reserved_tag_; }

 private:
  void check_structure(const Shape& shape, const void* object) {
    const bool is_tag = shape.name == std::string_view("Tag");
    for (const Member& member : shape.members) {
      const void* value = member.get(object);
      if (!value && !member.required) continue;
      const std::size_t outer = path_.size();
      if (outer > 0) path_.push_back('.');
      path_ += lower_camel(member.name);
      if (!value) {
        if (first_missing_.empty()) first_missing_ = member.name;
        violate("Value", "Member must not be null");
      } else if (!member.enum_values.empty()) {
        check_enum(member, value);
      } else {
        check(*member.shape, value);
      }
      if (is_tag && value && equal_ignoring_case(member.name, "key")) {
        check_tag_key(*static_cast<const std::string*>(value));
      }
      path_.resize(outer);
    }
  }

  void check_tag_key(const std::string& key) {
    if (first_reserved_tag_.empty() && equal_ignoring_case(key.substr(0, 4), "aws:"))
      first_reserved_tag_ = key;
  }

  void check_enum(const Member& member, const void* value) {
    if (member.shape->kind == Kind::string) {
      const auto& text = *static_cast<const std::string*>(value);
      if (allows(member, text)) return;
      return violate(fmt::format("Value '{}'", text),
                     fmt::format("Member must satisfy enum value set: {}", values_of(member)));
    }
    if (member.shape->kind != Kind::list || member.shape->element->kind != Kind::string) return;
    const auto& list = *static_cast<const std::vector<std::string>*>(value);
    if (std::all_of(list.begin(), list.end(), [&](const auto& text) { return allows(member, text); })) return;
    violate(fmt::format("Value '[{}]'", join(list, ", ")),
            fmt::format("Member must satisfy constraint: [Member must satisfy enum value set: {}]",
                        values_of(member)));
  }

  void check_list(const Shape& shape, const void* list) {
    if (shape.element->kind < Kind::list) return;
    const std::size_t size = shape.list->size(list);
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t outer = path_.size();
      fmt::format_to(std::back_inserter(path_), ".{}.member", i + 1);
      check(*shape.element, shape.list->at(list, i));
      path_.resize(outer);
    }
  }

  void check_map(const Shape& shape, const void* map) {
    const bool are_tags = path_ == "tags";
    shape.map->each(map, [&](const std::string& key, const void* value) {
      const std::size_t outer = path_.size();
      fmt::format_to(std::back_inserter(path_), ".{}.member", key);
      check(*shape.element, value);
      path_.resize(outer);
      if (are_tags) check_tag_key(key);
    });
  }

  void violate(std::string_view what, std::string_view constraint) {
    violations_.push_back(
        fmt::format("{} at '{}' failed to satisfy constraint: {}", what, path_, constraint));
  }

  std::string path_;
  std::vector<std::string> violations_;
  std::string first_missing_;
  std::string first_reserved_tag_;
};

// Keys that begin with `aws:` are AWS's own: no client sets them, whichever service keeps the tag.
Error reserved_tag(const model::Service& service, const std::string& key, Protocol protocol) {
  if (protocol == Protocol::rest_xml) {
    return {"InvalidTag", "System tags cannot be added/updated by requester", 400};
  }
  if (protocol != Protocol::ec2) {
    return {service.validation_error, "aws: prefixed tag key names are not allowed for external use."};
  }
  return {service.validation_error,
          fmt::format("Value ( {} ) for parameter key is invalid. Tag keys starting with 'aws:' "
                      "are reserved for internal use",
                      key)};
}

}  // namespace

Result<> validate(const model::Service& service, const Shape& shape, const void* object, Protocol protocol) {
  Checker checker;
  checker.check(shape, object);
  const auto& violations = checker.violations();
  if (violations.empty()) {
    const auto& reserved = checker.first_reserved_tag();
    return reserved.empty() ? Result<>{} : reserved_tag(service, reserved, protocol);
  }
  // EC2 has a code and a text of its own for this.
  if (protocol == Protocol::ec2 && !checker.first_missing().empty()) {
    return Error{"MissingParameter",
                 fmt::format("The request must contain the parameter {}", checker.first_missing())};
  }
  return Error{service.validation_error,
               fmt::format("{} validation error{} detected: {}", violations.size(),
                           violations.size() == 1 ? "" : "s", join(violations, "; "))};
}

}  // namespace berth::wire
