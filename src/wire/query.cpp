#include "wire/query.h"

#include <fmt/format.h>

#include <cmath>

#include "base/digest.h"
#include "base/text.h"

namespace berth::wire {
namespace {

using model::Kind;
using model::Member;
using model::Shape;

class QueryReader {
 public:
  explicit QueryReader(FormStyle style) : style_(style) {}

  // The tree's depth is bounded by FormReader, so the recursion is too.
  Result<> read(const Shape& shape, const FormNode& node, bool flattened, void* object) {
    switch (shape.kind) {
      case Kind::list:
        return read_list(shape, node, flattened, object);
      case Kind::map:
        return read_map(shape, node, object);
      case Kind::structure:
        return read_structure(shape, node, object);
      default:
        return read_scalar(shape, node, object);
    }
  }

 private:
  Result<> read_structure(const Shape& shape, const FormNode& node, void* object) {
    for (const Member& member : shape.members) {
      const std::string_view name = style_ == FormStyle::ec2 ? member.ec2_name : member.xml_name;
      const FormNode* found = node.child(name);
      if (!found) continue;
      const std::size_t outer = enter(name);
      if (auto read = this->read(*member.shape, *found, member.flattened, member.set(object)); !read)
        return read;
      path_.resize(outer);
    }
    return {};
  }

  // Query: `Foo.member.1`; EC2 and flattened lists: `Foo.1`. Either is read where only one is there, as old
  // clients mix them. `Foo=` is an empty list.
  Result<> read_list(const Shape& shape, const FormNode& node, bool flattened, void* list) {
    const FormNode* wrapped = flattened || style_ == FormStyle::ec2 ? nullptr : wrapped_elements(shape, node);
    int index = 0;
    for (const FormNode* element : (wrapped ? *wrapped : node).numbered()) {
      const std::size_t outer = enter(std::to_string(++index));
      if (auto read = this->read(*shape.element, *element, false, shape.list->append(list)); !read)
        return read;
      path_.resize(outer);
    }
    return {};
  }

  static const FormNode* wrapped_elements(const Shape& shape, const FormNode& node) {
    const FormNode* named = node.child(shape.element_xml_name);
    return named ? named : node.child("member");
  }

  Result<> read_map(const Shape& shape, const FormNode& node, void* map) {
    const FormNode* wrapped = node.child("entry");
    for (const FormNode* entry : (wrapped ? *wrapped : node).numbered()) {
      const FormNode* key = entry->child(shape.key_xml_name);
      const FormNode* value = entry->child(shape.element_xml_name);
      if (!key || !key->value || !value) return mismatch("a map of entries");
      const std::size_t outer = enter(*key->value);
      if (auto read = this->read(*shape.element, *value, false, shape.map->insert(map, *key->value)); !read) {
        return read;
      }
      path_.resize(outer);
    }
    return {};
  }

  Result<> read_scalar(const Shape& shape, const FormNode& node, void* object) {
    if (!node.value) return mismatch("a single value");
    const std::string& text = *node.value;
    switch (shape.kind) {
      case Kind::string:
        *static_cast<std::string*>(object) = text;
        return {};
      case Kind::boolean:
        return read_boolean(text, *static_cast<bool*>(object));
      case Kind::integer:
        return read_integer(text, *static_cast<std::int64_t*>(object));
      case Kind::number:
        return read_number(text, *static_cast<double*>(object));
      case Kind::timestamp:
        return read_timestamp(text, *static_cast<Time*>(object));
      case Kind::blob:
        return read_blob(text, *static_cast<std::string*>(object));
      default:
        return mismatch("a value of this kind");
    }
  }

  Result<> read_boolean(std::string_view text, bool& out) const {
    const bool is_true = equal_ignoring_case(text, "true");
    if (!is_true && !equal_ignoring_case(text, "false")) return mismatch("a Boolean");
    out = is_true;
    return {};
  }

  Result<> read_integer(std::string_view text, std::int64_t& out) const {
    const auto number = parse_integer(text);
    if (!number) return mismatch("an integer");
    out = *number;
    return {};
  }

  Result<> read_number(std::string_view text, double& out) const {
    const auto number = parse_number(text);
    if (!number) return mismatch("a number");
    out = *number;
    return {};
  }

  Result<> read_timestamp(std::string_view text, Time& out) const {
    constexpr double year_9999_s = 253402300799;
    if (const auto time = parse_iso(text)) return out = *time, Result<>{};
    const auto seconds = parse_number(text);
    if (!seconds || !(std::abs(*seconds) <= year_9999_s)) return mismatch("a timestamp");
    out = from_unix_ms(std::llround(*seconds * 1000));
    return {};
  }

  Result<> read_blob(std::string_view text, std::string& out) const {
    auto bytes = from_base64(text);
    if (!bytes) return mismatch("base64 text");
    out = std::move(*bytes);
    return {};
  }

  std::size_t enter(std::string_view name) {
    const std::size_t outer = path_.size();
    if (!path_.empty()) path_.push_back('.');
    path_.append(name);
    return outer;
  }

  Result<> mismatch(std::string_view expected) const {
    const auto code = style_ == FormStyle::ec2 ? "InvalidParameterValue" : "MalformedInput";
    return Error{code, fmt::format("The value at '{}' is not {}", path_, expected)};
  }

  FormStyle style_;
  std::string path_;
};

}  // namespace

Result<> read_form(const Shape& shape, const FormNode& form, FormStyle style, void* object) {
  return QueryReader(style).read(shape, form, false, object);
}

}  // namespace berth::wire
