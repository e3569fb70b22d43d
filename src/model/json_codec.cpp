#include "model/json_codec.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/digest.h"
#include "base/limits.h"
#include "base/text.h"

namespace berth::model {

void write_json_string(std::string_view text, std::string& out) {
  constexpr char digits[] = "0123456789abcdef";
  out.push_back('"');
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out.append(text, copied, i - copied);
    copied = i + 1;
    switch (text[i]) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += "\\u00";
        out.push_back(digits[byte >> 4]);
        out.push_back(digits[byte & 15]);
    }
  }
  out.append(text, copied);
  out.push_back('"');
}

void write_json_number(double value, std::string& out) {
  if (std::isnan(value)) {
    out += "\"NaN\"";
  } else if (std::isinf(value)) {
    out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else {
    out += shortest(value);
  }
}

namespace {

void write_integer(std::int64_t value, std::string& out) {
  char buffer[24];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

void write_structure(const Shape& shape, const void* object, std::string& out) {
  out.push_back('{');
  bool first = true;
  for (const Member& member : shape.members) {
    const void* value = member.get(object);
    if (!value) continue;
    if (!first) out.push_back(',');
    first = false;
    out.push_back('"');
    out += member.name;
    out += "\":";
    write_json(*member.shape, value, out);
  }
  out.push_back('}');
}

void write_list(const Shape& shape, const void* list, std::string& out) {
  out.push_back('[');
  const std::size_t size = shape.list->size(list);
  for (std::size_t i = 0; i < size; ++i) {
    if (i > 0) out.push_back(',');
    write_json(*shape.element, shape.list->at(list, i), out);
  }
  out.push_back(']');
}

void write_map(const Shape& shape, const void* map, std::string& out) {
  out.push_back('{');
  bool first = true;
  shape.map->each(map, [&](const std::string& key, const void* value) {
    if (!first) out.push_back(',');
    first = false;
    write_json_string(key, out);
    out.push_back(':');
    write_json(*shape.element, value, out);
  });
  out.push_back('}');
}

}  // namespace

void write_json(const Shape& shape, const void* object, std::string& out) {
  switch (shape.kind) {
    case Kind::boolean:
      out += *static_cast<const bool*>(object) ? "true" : "false";
      break;
    case Kind::integer:
      write_integer(*static_cast<const std::int64_t*>(object), out);
      break;
    case Kind::number:
      write_json_number(*static_cast<const double*>(object), out);
      break;
    case Kind::string:
      write_json_string(*static_cast<const std::string*>(object), out);
      break;
    case Kind::timestamp: {
      const std::int64_t ms = unix_ms(*static_cast<const Time*>(object));
      fmt::format_to(std::back_inserter(out), "{}.{:03}", ms / 1000, ms % 1000);
      break;
    }
    case Kind::blob:
      write_json_string(base64(*static_cast<const std::string*>(object)), out);
      break;
    case Kind::document:
      out += json::serialize(*static_cast<const json::value*>(object));
      break;
    case Kind::list:
      write_list(shape, object, out);
      break;
    case Kind::map:
      write_map(shape, object, out);
      break;
    case Kind::structure:
      write_structure(shape, object, out);
      break;
  }
}

namespace {

// Reads a document into an object. `lenient` is CloudFormation's manner (see read_properties).
class Reader {
 public:
  explicit Reader(bool lenient) : lenient_(lenient) {}

  Result<> read(const Shape& shape, const json::value& value, void* object) {
    if (depth_ >= limits::wire_depth_max)
      return mismatch("a value nested too deeply", "a shallower value", value);
    ++depth_;
    auto result = read_kind(shape, value, object);
    --depth_;
    return result;
  }

 private:
  Result<> read_kind(const Shape& shape, const json::value& value, void* object) {
    switch (shape.kind) {
      case Kind::boolean:
        return read_boolean(value, *static_cast<bool*>(object));
      case Kind::integer:
        return read_integer(value, *static_cast<std::int64_t*>(object));
      case Kind::number:
        return read_number(value, *static_cast<double*>(object));
      case Kind::string:
        return read_string(value, *static_cast<std::string*>(object));
      case Kind::timestamp:
        return read_timestamp(value, *static_cast<Time*>(object));
      case Kind::blob:
        return read_blob(value, *static_cast<std::string*>(object));
      case Kind::document:
        *static_cast<json::value*>(object) = value;
        return {};
      case Kind::list:
        return read_list(shape, value, object);
      case Kind::map:
        return read_map(shape, value, object);
      case Kind::structure:
        return read_structure(shape, value, object);
    }
    return mismatch("a known kind", "a known kind", value);
  }

  Result<> read_boolean(const json::value& value, bool& out) {
    if (const auto* flag = value.if_bool()) {
      out = *flag;
      return {};
    }
    if (const auto* text = value.if_string(); text && lenient_) {
      if (equal_ignoring_case(*text, "true")) return out = true, Result<>{};
      if (equal_ignoring_case(*text, "false")) return out = false, Result<>{};
    }
    return mismatch("a Boolean", "Boolean", value);
  }

  Result<> read_number(const json::value& value, double& out) {
    if (value.is_number()) {
      out = value.to_number<double>();
      return {};
    }
    if (const auto* text = value.if_string()) {
      if (*text == "NaN") return out = std::nan(""), Result<>{};
      if (*text == "Infinity") return out = HUGE_VAL, Result<>{};
      if (*text == "-Infinity") return out = -HUGE_VAL, Result<>{};
      const auto number = lenient_ ? parse_number(*text) : std::nullopt;
      if (number) return out = *number, Result<>{};
    }
    return mismatch("a number", "Number", value);
  }

  Result<> read_integer(const json::value& value, std::int64_t& out) {
    constexpr double exact_max = 9007199254740992.0;  // 2^53
    if (const auto* number = value.if_int64()) return out = *number, Result<>{};
    double number = 0;
    if (auto read = read_number(value, number); !read) return mismatch("an integer", "Integer", value);
    if (std::isnan(number) || std::abs(number) > exact_max || number != std::floor(number)) {
      return mismatch("an integer", "Integer", value);
    }
    out = static_cast<std::int64_t>(number);
    return {};
  }

  Result<> read_string(const json::value& value, std::string& out) {
    if (const auto* text = value.if_string()) {
      out.assign(text->data(), text->size());
      return {};
    }
    if (lenient_ && (value.is_number() || value.is_bool())) {
      out = value.is_double() ? shortest(value.get_double()) : json::serialize(value);
      return {};
    }
    if (lenient_ && value.is_object() && is_json_text()) {
      out = json::serialize(value);
      return {};
    }
    return mismatch("a String", "String", value);
  }

  Result<> read_timestamp(const json::value& value, Time& out) {
    if (value.is_number()) {
      constexpr double year_9999_s = 253402300799;
      const double seconds = value.to_number<double>();
      if (!(std::abs(seconds) <= year_9999_s)) return mismatch("a timestamp", "String", value);
      out = from_unix_ms(std::llround(seconds * 1000));
      return {};
    }
    const auto* text = value.if_string();
    const auto time = text ? parse_iso(*text) : std::nullopt;
    if (!time) return mismatch("a timestamp", "String", value);
    out = *time;
    return {};
  }

  Result<> read_blob(const json::value& value, std::string& out) {
    const auto* text = value.if_string();
    auto bytes = text ? from_base64(*text) : std::nullopt;
    if (!bytes) return mismatch("base64 text", "String", value);
    out = std::move(*bytes);
    return {};
  }

  Result<> read_list(const Shape& shape, const json::value& value, void* list) {
    const auto* array = value.if_array();
    if (!array) return mismatch("a list", "JSONArray", value);
    std::size_t index = 0;
    for (const json::value& element : *array) {
      const std::size_t outer = path_.size();
      path_ += lenient_ ? fmt::format("/{}", index++) : fmt::format("[{}]", index++);
      if (auto read = this->read(*shape.element, element, shape.list->append(list)); !read) return read;
      path_.resize(outer);
    }
    return {};
  }

  Result<> read_map(const Shape& shape, const json::value& value, void* map) {
    const auto* object = value.if_object();
    if (!object) return mismatch("a map", "JSONObject", value);
    for (const auto& entry : *object) {
      const std::size_t outer = enter(entry.key());
      auto read = this->read(*shape.element, entry.value(), shape.map->insert(map, std::string(entry.key())));
      if (!read) return read;
      path_.resize(outer);
    }
    return {};
  }

  Result<> read_structure(const Shape& shape, const json::value& value, void* object) {
    const auto* document = value.if_object();
    if (!document) return mismatch("an object", "JSONObject", value);
    if (++structures_ > limits::wire_structures_max)
      return mismatch("of a bearable size", "a smaller value", value);
    for (const auto& entry : *document) {
      const Member* member = find_member(shape, entry.key());
      if (!member && lenient_) {
        return Error{std::string(property_mismatch), fmt::format("#{}: extraneous key [{}] is not permitted",
                                                                 path_, std::string_view(entry.key()))};
      }
      const std::size_t outer = enter(entry.key());
      if (member && !entry.value().is_null()) {
        if (auto read = this->read(*member->shape, entry.value(), member->set(object)); !read) return read;
      }
      path_.resize(outer);
    }
    return {};
  }

  const Member* find_member(const Shape& shape, std::string_view name) const {
    for (const Member& member : shape.members) {
      if (name == member.name) return &member;
      if (lenient_ && equal_ignoring_case(name.substr(0, 1), std::string_view(member.name).substr(0, 1)) &&
          name.substr(1) == std::string_view(member.name).substr(1)) {
        return &member;
      }
    }
    return nullptr;
  }

  // Policies (PolicyDocument, FilterPolicy) are texts to the services, and may be written as objects in a
  // template.
  bool is_json_text() const { return path_.ends_with("Document") || path_.ends_with("Policy"); }

  std::size_t enter(std::string_view name) {
    const std::size_t outer = path_.size();
    if (lenient_ || !path_.empty()) path_.push_back(lenient_ ? '/' : '.');
    path_.append(name);
    return outer;
  }

  // A request's in the words of the protocols, a template's in those of CloudFormation's schemas.
  Result<> mismatch(std::string_view expected, std::string_view schema_type, const json::value& value) const {
    if (lenient_) {
      return Error{std::string(property_mismatch), fmt::format("#{}: expected type: {}, found: {}", path_,
                                                               schema_type, schema_type_of(value))};
    }
    return Error{"SerializationException", path_.empty()
                                               ? fmt::format("The request is not {}", expected)
                                               : fmt::format("The value at '{}' is not {}", path_, expected)};
  }

  static std::string_view schema_type_of(const json::value& value) {
    if (value.is_object()) return "JSONObject";
    if (value.is_array()) return "JSONArray";
    if (value.is_string()) return "String";
    if (value.is_bool()) return "Boolean";
    if (value.is_double()) return "Double";
    return value.is_null() ? "Null" : "Integer";
  }

  bool lenient_;
  int depth_ = 0;
  int structures_ = 0;
  std::string path_;
};

}  // namespace

Result<> read_json(const Shape& shape, const json::value& document, void* object) {
  return Reader(false).read(shape, document, object);
}

Result<> read_properties(const Shape& shape, const json::value& properties, void* object) {
  return Reader(true).read(shape, properties, object);
}

}  // namespace berth::model
