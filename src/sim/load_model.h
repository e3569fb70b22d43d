// LoadModel: the tasks of one service at work: who gets the requests, how much CPU they use and how long an
// answer takes. The fluid and the events tier implement it; the simulated balancer and meter ask it. Times
// are the loop's steady ones.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loop/time.h"

namespace berth::sim {

// A load balancer has so many ports towards one target; more connections are refused: 502.
inline constexpr std::size_t requests_in_task_most = 60'000;

class LoadModel {
 public:
  virtual ~LoadModel() = default;

  // Plays everything up to `now`. The calls below mean this moment.
  virtual void advance(SteadyTime now) = 0;

  virtual void add(const std::string& address, double vcpu) = 0;
  // What was still in it is lost.
  virtual void remove(const std::string& address) = 0;
  // Who gets new requests, in turn; none: they end in 503.
  virtual void serve_from(const std::vector<std::string>& addresses) = 0;

  // How long a request that comes now would wait for its turn.
  virtual RealDuration wait(const std::string& address) const = 0;
  virtual bool idle(const std::string& address) const = 0;
  // CPU time used for requests so far.
  virtual double cpu_us(const std::string& address) const = 0;

  // When tasks may begin to fall behind, at the earliest; until then nobody need look.
  virtual SteadyTime calm_until() const = 0;
};

}  // namespace berth::sim
