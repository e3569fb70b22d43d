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

 private:
  void check_structure(const Shape& shape, const void* object) {
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
      path_.resize(outer);
    }
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
    shape.map->each(map, [&](const std::string& key, const void* value) {
      const std::size_t outer = path_.size();
      fmt::format_to(std::back_inserter(path_), ".{}.member", key);
      check(*shape.element, value);
      path_.resize(outer);
    });
  }

  void violate(std::string_view what, std::string_view constraint) {
    violations_.push_back(
        fmt::format("{} at '{}' failed to satisfy constraint: {}", what, path_, constraint));
  }

  std::string path_;
  std::vector<std::string> violations_;
  std::string first_missing_;
};

}  // namespace

Result<> validate(const model::Service& service, const Shape& shape, const void* object, Protocol protocol) {
  Checker checker;
  checker.check(shape, object);
  const auto& violations = checker.violations();
  if (violations.empty()) return {};
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
