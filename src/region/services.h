// Every service that berth implements: its dispatch table and its tables in the store.
#pragma once

#include <span>

#include "services/context.h"

namespace berth {

std::span<const services::ServiceHandlers> implemented_services();
void add_all_tables(Store& store);

}  // namespace berth
