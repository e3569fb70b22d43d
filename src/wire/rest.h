// S3's protocol, which AWS calls REST-XML: the operation stands in method, path and query, members in the
// path, the query, headers or the body's XML. Bodies that are no XML (an object's bytes) are not looked at
// here.
#pragma once

#include "base/result.h"
#include "model/shape.h"
#include "wire/wire.h"

namespace berth::wire {

// The path's first segment is the bucket, the rest the key; or the bucket stands in the Host
// (`bucket.s3.localhost`).
Call read_rest_call(const model::Service& service, const Request& request);

Result<> read_rest_input(const model::Service& service, const model::Shape& shape, const Call& call,
                         const Request& request, void* object);

// Sets status, headers and body; the headers of all answers are there already.
void write_rest_output(const model::Service& service, const model::Operation& operation, const void* output,
                       Response& response);

}  // namespace berth::wire
