// BusyCallers: the clients of a Traffic that call an endpoint which burns CPU for a fixed time: who calls
// when, and which target is at it. A load model follows them; they burn nothing themselves.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/traffic.h"

namespace berth::sim {

class BusyCallers {
 public:
  class Targets {
   public:
    virtual ~Targets() = default;
    // The address of the next one in turn, which is busy from now on; empty: there is none.
    virtual std::string begin_call() = 0;
    virtual void end_call(const std::string& address) = 0;
  };

  explicit BusyCallers(const Traffic& traffic) : traffic_(traffic), calls_of_group_(traffic.clients.size()) {}

  // Ends and begins the calls that are due; how many began.
  int follow(std::int64_t at_us, Targets& targets);
  // The target is gone, and the calls in it.
  void forget(const std::string& address);
  // When to follow them next.
  std::int64_t next_change(std::int64_t at_us) const;

 private:
  struct Call {
    std::int64_t ends_us = 0;
    std::string address;  // empty: no target took it
    std::size_t group = 0;
  };

  void begin(std::int64_t at_us, std::size_t group, Targets& targets);

  const Traffic& traffic_;
  std::vector<Call> calls_;
  std::vector<int> calls_of_group_;
};

}  // namespace berth::sim
