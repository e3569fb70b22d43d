// A small file written whole or not at all: beside its place, to the disk, and renamed. Only this user may
// read it, since some have keys in them.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace berth {

// The error is StoreUnavailable and says which file and why.
Result<> replace_file(const std::string& path, std::string_view text);

}  // namespace berth
