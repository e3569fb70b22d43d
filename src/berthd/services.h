// Every service that berth implements, with its dispatch table.
#pragma once

#include <span>

#include "services/context.h"

namespace berth {

std::span<const services::ServiceHandlers> implemented_services();

}  // namespace berth
