// Checks a decoded input against its model: required members and enumerations, with AWS's texts.
#pragma once

#include "base/result.h"
#include "model/shape.h"
#include "wire/wire.h"

namespace berth::wire {

Result<> validate(const model::Service& service, const model::Shape& shape, const void* object,
                  Protocol protocol);

}  // namespace berth::wire
