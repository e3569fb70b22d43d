// Checks a client's decoded input against its model: required members, enumerations and tag keys that are not
// a client's to set, with AWS's texts.
#pragma once

#include "base/result.h"
#include "model/shape.h"
#include "wire/wire.h"

namespace berth::wire {

Result<> validate(const model::Service& service, const model::Shape& shape, const void* object,
                  Protocol protocol);

}  // namespace berth::wire
