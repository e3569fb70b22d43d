// The headers that every answer of a protocol carries, whether it is an output or an error.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/wire.h"

namespace berth::wire {

std::vector<std::pair<std::string, std::string>> protocol_headers(const Call& call,
                                                                  std::string_view request_id);

}  // namespace berth::wire
