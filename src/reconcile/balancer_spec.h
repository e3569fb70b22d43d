// What the load balancer shall do, from ELBv2's rows. Pure: rows in, BalancerSpec out.
#pragma once

#include "store/store.h"
#include "world/balancer.h"

namespace berth::reconcile {

// Target groups that no listener or rule forwards to are left out: nobody checks their targets.
world::BalancerSpec balancer_spec(const Store& store);

}  // namespace berth::reconcile
