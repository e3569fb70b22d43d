// Changing a template's text from outside: `Resource.Property.Path=value`, for asking "what if".
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace berth::study {

// `document`: what read_template() gives. The path names a resource, then its properties down to a value;
// what does not exist yet is made, but the resource must exist. Numbers index lists; the one behind the last
// element, or 0 in what does not exist, adds one.
Result<> set_property(json::value& document, const std::string& setting);

}  // namespace berth::study
