// The daemon's own log: spdlog under one name, so that the sink is chosen in the composition root alone.
#pragma once

#include <spdlog/spdlog.h>

namespace berth::log {

using spdlog::debug;
using spdlog::error;
using spdlog::info;
using spdlog::warn;

}  // namespace berth::log
