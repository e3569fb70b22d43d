// What must hold when the last fault is over and everything has had its time: the world is what the store
// wants, no more and no less, and after a deletion nothing is left.
#pragma once

#include <optional>

#include "judge.h"

namespace berth::worlds {

// The first thing that is not as it should be; nullopt: the world is at rest.
std::optional<Problem> unrest(Daemon& daemon, const Outside& outside, const Judge& judge);
// The same after both stacks were deleted.
std::optional<Problem> leftovers(Daemon& daemon, const Outside& outside);

}  // namespace berth::worlds
