// Typed inputs from the parameters of a Query or EC2 request. The two differ in the names of members and in
// lists.
#pragma once

#include "base/result.h"
#include "model/shape.h"
#include "wire/form.h"

namespace berth::wire {

enum class FormStyle { query, ec2 };

// Fills `object` (fresh). Unknown parameters are ignored, as AWS does.
Result<> read_form(const model::Shape& shape, const FormNode& form, FormStyle style, void* object);

}  // namespace berth::wire
