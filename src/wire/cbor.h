// CBOR (RFC 8949) as Smithy's rpc-v2-cbor uses it: one streaming pass between bytes and typed shapes. It is
// no general CBOR library: tags other than the epoch time's and values that no shape can hold are refused.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "model/shape.h"

namespace berth::wire {

// Fills `object` (fresh) from one complete item. Unknown members are skipped; a member of the wrong type and
// malformed bytes are a SerializationException.
Result<> read_cbor(const model::Shape& shape, std::string_view bytes, void* object);

// Appends the object.
void write_cbor(const model::Shape& shape, const void* object, std::string& out);

// Appends a JSON value, for errors, whose members have no shape.
void write_cbor_json(const json::value& value, std::string& out);

}  // namespace berth::wire
