#include "wire/xml.h"

#include <cmath>

#include "base/digest.h"
#include "base/text.h"

namespace berth::wire {
namespace {

using model::Kind;
using model::Member;
using model::Shape;

void open(std::string_view name, std::string& out) {
  out.push_back('<');
  out += name;
  out.push_back('>');
}

void close(std::string_view name, std::string& out) {
  out += "</";
  out += name;
  out.push_back('>');
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return java_double(value);
}

void write_value(const Shape& shape, const void* value, std::string& out);

void write_element(std::string_view name, const Shape& shape, const void* value, std::string& out) {
  open(name, out);
  write_value(shape, value, out);
  close(name, out);
}

void write_list(std::string_view element_name, const Shape& shape, const void* list, std::string& out) {
  const std::size_t size = shape.list->size(list);
  for (std::size_t i = 0; i < size; ++i)
    write_element(element_name, *shape.element, shape.list->at(list, i), out);
}

void write_map(std::string_view entry_name, const Shape& shape, const void* map, std::string& out) {
  shape.map->each(map, [&](const std::string& key, const void* value) {
    open(entry_name, out);
    write_xml_text(shape.key_xml_name, key, out);
    write_element(shape.element_xml_name, *shape.element, value, out);
    close(entry_name, out);
  });
}

void write_value(const Shape& shape, const void* value, std::string& out) {
  switch (shape.kind) {
    case Kind::boolean:
      out += *static_cast<const bool*>(value) ? "true" : "false";
      break;
    case Kind::integer:
      out += std::to_string(*static_cast<const std::int64_t*>(value));
      break;
    case Kind::number:
      out += number_text(*static_cast<const double*>(value));
      break;
    case Kind::string:
      write_xml_escaped(*static_cast<const std::string*>(value), out);
      break;
    case Kind::timestamp:
      out += iso_ms(*static_cast<const Time*>(value));
      break;
    case Kind::blob:
      out += base64(*static_cast<const std::string*>(value));
      break;
    case Kind::document:
      write_xml_escaped(json::serialize(*static_cast<const json::value*>(value)), out);
      break;
    case Kind::list:
      write_list(shape.element_xml_name, shape, value, out);
      break;
    case Kind::map:
      write_map("entry", shape, value, out);
      break;
    case Kind::structure:
      write_xml_members(shape, value, out);
      break;
  }
}

void write_flattened(const Member& member, const void* value, std::string& out) {
  if (member.shape->kind == Kind::map) return write_map(member.xml_name, *member.shape, value, out);
  write_list(member.xml_name, *member.shape, value, out);
}

bool is_xml_character(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x20) return byte == '\t' || byte == '\n' || byte == '\r';
  // U+FFFE and U+FFFF are the only others that well-formed UTF-8 can hold and XML cannot.
  return !(byte == 0xef && text.size() - at >= 3 && static_cast<unsigned char>(text[at + 1]) == 0xbf &&
           static_cast<unsigned char>(text[at + 2]) >= 0xbe);
}

}  // namespace

void write_xml_members(const Shape& shape, const void* object, std::string& out) {
  for (const Member& member : shape.members) {
    const void* value = member.get(object);
    if (!value || member.location != model::Location::body) continue;
    if (member.flattened) {
      write_flattened(member, value, out);
    } else {
      write_element(member.xml_name, *member.shape, value, out);
    }
  }
}

void write_xml_text(std::string_view name, std::string_view text, std::string& out) {
  open(name, out);
  write_xml_escaped(text, out);
  close(name, out);
}

void write_xml_escaped(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    switch (c) {
      case '&':
        out += "&amp;";
        continue;
      case '<':
        out += "&lt;";
        continue;
      case '>':
        out += "&gt;";
        continue;
      case '"':
        out += "&quot;";
        continue;
      case '\r':
        out += "&#xD;";
        continue;
      default:
        break;
    }
    if (is_xml_character(text, i)) {
      out.push_back(c);
      continue;
    }
    out += "\xef\xbf\xbd";
    if (static_cast<unsigned char>(c) == 0xef) i += 2;
  }
}

void write_xml_detail(const json::object& detail, std::string& out) {
  for (const auto& member : detail) {
    if (const auto* object = member.value().if_object()) {
      open(member.key(), out);
      write_xml_detail(*object, out);
      close(member.key(), out);
    } else if (const auto* text = member.value().if_string()) {
      write_xml_text(member.key(), *text, out);
    } else {
      write_xml_text(member.key(), json::serialize(member.value()), out);
    }
  }
}

}  // namespace berth::wire
