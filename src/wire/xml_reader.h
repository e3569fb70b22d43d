// Typed inputs from XML documents of clients, as S3's requests carry them. Documents with a DTD are refused.
#pragma once

#include <string_view>

#include "base/result.h"
#include "model/shape.h"

namespace berth::wire {

// Fills `object` (fresh) from the document's members. Unknown elements are ignored, as AWS does.
Result<> read_xml(const model::Shape& shape, std::string_view root, std::string_view text, void* object);

}  // namespace berth::wire
