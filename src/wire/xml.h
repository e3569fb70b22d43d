// Typed outputs as the XML of the Query and EC2 protocols.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "model/shape.h"

namespace berth::wire {

// Appends the members of a structure as elements, without an element around them.
void write_xml_members(const model::Shape& shape, const void* object, std::string& out);

// Appends `<name>text</name>`.
void write_xml_text(std::string_view name, std::string_view text, std::string& out);

// Appends the text with XML's own characters escaped; characters that XML 1.0 cannot carry become U+FFFD.
void write_xml_escaped(std::string_view text, std::string& out);

// Appends the further members of an error, for which there is no shape.
void write_xml_detail(const json::object& detail, std::string& out);

}  // namespace berth::wire
