// The tables of every service but CloudFormation, which stands above them; for the daemon and for tests that
// go across services.
#pragma once

#include "store/store.h"

namespace berth::services {

void add_tables(Store& store);

}  // namespace berth::services
