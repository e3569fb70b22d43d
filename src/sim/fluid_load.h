// FluidLoad: requests as a fluid. Each task works off at most its quota; what comes on top is backlog that
// delays all behind it. Exact for CPU and backlog, approximate for response times, which come from the
// latency table. It steps by the second while some task is behind and jumps from one change of the rate to
// the next while none is.
#pragma once

#include "sim/app_model.h"
#include "sim/busy_callers.h"
#include "sim/load_model.h"
#include "sim/traffic.h"
#include "sim/traffic_ledger.h"

namespace berth::sim {

class FluidLoad final : public LoadModel, private BusyCallers::Targets {
 public:
  // `traffic` begins at `origin`.
  FluidLoad(const AppModel& app, const Traffic& traffic, SteadyTime origin, TrafficLedger& ledger);

  void advance(SteadyTime now) override;
  void add(const std::string& address, double vcpu) override;
  void remove(const std::string& address) override;
  void serve_from(const std::vector<std::string>& addresses) override;
  RealDuration wait(const std::string& address) const override;
  bool idle(const std::string& address) const override;
  double cpu_us(const std::string& address) const override;
  SteadyTime calm_until() const override;

 private:
  struct Server {
    std::string address;
    double vcpu = 0;
    double backlog_us = 0;
    double used_us = 0;
    bool serving = false;
    int busy_calls = 0;
  };

  Server* find(const std::string& address);
  const Server* find(const std::string& address) const;
  void count_serving();
  std::string begin_call() override;
  void end_call(const std::string& address) override;
  void step(std::int64_t until_us, double rps);
  void work(Server& server, double arriving, double span_us);
  bool behind() const { return behind_; }

  const AppModel& app_;
  const Traffic& traffic_;
  SteadyTime origin_;
  TrafficLedger& ledger_;
  std::int64_t at_us_ = 0;  // since the origin; may be negative before the traffic begins
  std::vector<Server> servers_;
  std::size_t serving_ = 0;
  bool behind_ = false;
  BusyCallers callers_;
  std::size_t next_turn_ = 0;
  // the segment under way
  mutable std::int64_t segment_end_us_ = 0;
  double rate_ = 0;
};

}  // namespace berth::sim
