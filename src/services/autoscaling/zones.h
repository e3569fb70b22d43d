// Time zones by their IANA names, from the machine's zoneinfo files. A zone is read once and kept: it is
// data, not state, so a schedule gives the same answers in any clock.
#pragma once

#include <string>

#include "base/result.h"
#include "control/time_zone.h"

namespace berth::autoscaling {

// "" and "UTC" need no file.
Result<control::TimeZone> find_zone(const std::string& name);

}  // namespace berth::autoscaling
