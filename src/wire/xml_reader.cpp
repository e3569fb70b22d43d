#include "wire/xml_reader.h"

#include <expat.h>

#include <memory>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/limits.h"
#include "base/text.h"
#include "loop/time.h"

namespace berth::wire {
namespace {

using model::Kind;
using model::Member;
using model::Shape;

std::string_view without_prefix(std::string_view name) {
  const auto colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

bool read_scalar(const Shape& shape, const std::string& text, void* value) {
  const auto trimmed = trim(text);
  switch (shape.kind) {
    case Kind::boolean:
      if (trimmed != "true" && trimmed != "false") return false;
      *static_cast<bool*>(value) = trimmed == "true";
      return true;
    case Kind::integer: {
      const auto number = parse_integer(trimmed);
      if (number) *static_cast<std::int64_t*>(value) = *number;
      return number.has_value();
    }
    case Kind::number: {
      const auto number = parse_number(trimmed);
      if (number) *static_cast<double*>(value) = *number;
      return number.has_value();
    }
    case Kind::timestamp: {
      const auto time = parse_iso(trimmed);
      if (time) *static_cast<Time*>(value) = *time;
      return time.has_value();
    }
    case Kind::string:
      *static_cast<std::string*>(value) = text;
      return true;
    case Kind::blob: {
      auto bytes = from_base64(trimmed);
      if (bytes) *static_cast<std::string*>(value) = std::move(*bytes);
      return bytes.has_value();
    }
    default:
      return true;
  }
}

// Follows the document with a stack of what its open elements fill.
class Reader {
 public:
  Reader(const Shape& shape, std::string_view root, void* object)
      : shape_(shape), root_(root), object_(object) {}

  bool read(std::string_view text) {
    const std::unique_ptr<XML_ParserStruct, void (*)(XML_Parser)> parser(XML_ParserCreate("UTF-8"),
                                                                         XML_ParserFree);
    parser_ = parser.get();
    XML_SetUserData(parser_, this);
    XML_SetElementHandler(parser_, &Reader::on_start, &Reader::on_end);
    XML_SetCharacterDataHandler(parser_, &Reader::on_text);
    XML_SetStartDoctypeDeclHandler(parser_, &Reader::on_doctype);
    const auto status = XML_Parse(parser_, text.data(), static_cast<int>(text.size()), XML_TRUE);
    return status == XML_STATUS_OK && !failed_;
  }

 private:
  struct Place {
    const Shape* shape = nullptr;  // null: an element that nobody reads
    void* value = nullptr;
    std::string text{};
  };

  static void on_start(void* self, const XML_Char* name, const XML_Char**) {
    static_cast<Reader*>(self)->start(without_prefix(name));
  }
  static void on_end(void* self, const XML_Char*) { static_cast<Reader*>(self)->end(); }
  static void on_text(void* self, const XML_Char* text, int size) {
    auto& reader = *static_cast<Reader*>(self);
    if (!reader.failed_ && !reader.places_.empty())
      reader.places_.back().text.append(text, static_cast<std::size_t>(size));
  }
  static void on_doctype(void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) {
    static_cast<Reader*>(self)->fail();
  }

  void fail() {
    failed_ = true;
    XML_StopParser(parser_, XML_FALSE);
  }

  // Expat may still call, for an element without content, when it has been told to stop.
  void start(std::string_view name) {
    if (failed_) return;
    if (++elements_ > limits::wire_structures_max || places_.size() >= limits::wire_depth_max) return fail();
    if (places_.empty()) {
      if (name != root_) return fail();
      places_.push_back({&shape_, object_});
      return;
    }
    places_.push_back(inside(places_.back(), name));
  }

  // What an element of this name fills, inside another.
  static Place inside(const Place& outer, std::string_view name) {
    if (!outer.shape) return {};
    if (outer.shape->kind == Kind::list) {
      if (name != outer.shape->element_xml_name) return {};
      return {outer.shape->element, outer.shape->list->append(outer.value)};
    }
    if (outer.shape->kind != Kind::structure) return {};
    for (const Member& member : outer.shape->members) {
      if (member.location != model::Location::body || name != member.xml_name) continue;
      if (!member.flattened || member.shape->kind != Kind::list) {
        return {member.shape, member.set(outer.value)};
      }
      void* list = const_cast<void*>(member.get(outer.value));
      if (!list) list = member.set(outer.value);
      return {member.shape->element, member.shape->list->append(list)};
    }
    return {};
  }

  void end() {
    if (failed_) return;
    const Place place = std::move(places_.back());
    places_.pop_back();
    if (place.shape && !read_scalar(*place.shape, place.text, place.value)) fail();
  }

  const Shape& shape_;
  std::string_view root_;
  void* object_;
  XML_Parser parser_ = nullptr;
  std::vector<Place> places_;
  int elements_ = 0;
  bool failed_ = false;
};

}  // namespace

Result<> read_xml(const Shape& shape, std::string_view root, std::string_view text, void* object) {
  if (Reader(shape, root, object).read(text)) return {};
  return Error{"MalformedXML", "The XML is not well-formed or has another root or value than it should", 400};
}

}  // namespace berth::wire
