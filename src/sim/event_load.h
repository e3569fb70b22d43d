// EventLoad: every request by itself. They come at random within each second or minute of the traffic, cost
// what the application's distribution says and are given to the serving tasks in turn; each task is a
// QuotaServer. It is exact for the queue, the stalls and the timeouts of every request, and ten to a hundred
// times slower than the fluid.
#pragma once

#include <memory>

#include "sim/app_model.h"
#include "sim/busy_callers.h"
#include "sim/load_model.h"
#include "sim/quota_server.h"
#include "sim/request_size.h"
#include "sim/shared_cores.h"
#include "sim/traffic.h"
#include "sim/traffic_ledger.h"

namespace berth::sim {

class EventLoad final : public LoadModel, private BusyCallers::Targets {
 public:
  // `traffic` begins at `origin`.
  EventLoad(const AppModel& app, const Traffic& traffic, SteadyTime origin, TrafficLedger& ledger,
            std::uint64_t seed);

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
    QuotaServer queue;
    int busy_calls = 0;
    bool serving = false;
  };

  Server* find(const std::string& address) const;
  std::string begin_call() override;
  void end_call(const std::string& address) override;
  void set_busy(Server& server, int calls);
  void begin_segment();
  void play(std::int64_t until_us);
  void draw_next_arrival();
  void send(std::int64_t at_us);
  void judge_ended();
  void judge_waiting();
  void fail(double TrafficCounts::*cause, std::size_t count);
  double request_cores(const Server& server) const;
  double wait_us(const Server& server) const;
  bool looks_behind(const Server& server) const;

  const AppModel& app_;
  const Traffic& traffic_;
  SteadyTime origin_;
  TrafficLedger& ledger_;
  RequestSizes sizes_;
  SharedCores cores_;
  Rng arrival_rng_, size_rng_, phase_rng_;
  std::int64_t timeout_us_;
  std::int64_t at_us_ = 0;            // since the origin; may be negative before the traffic begins
  std::int64_t judged_until_us_ = 0;  // who came up to then and still waits has had its 504
  std::vector<std::unique_ptr<Server>> servers_;
  std::vector<Server*> serving_;
  std::size_t next_turn_ = 0;
  std::size_t next_call_turn_ = 0;
  BusyCallers callers_;
  std::vector<QuotaServer::Completion> ended_;  // not judged yet
  // the segment under way
  std::int64_t segment_end_us_ = 0;
  double mean_gap_ns_ = 0;  // 0: nothing comes
  std::int64_t next_arrival_ns_ = 0;
  std::size_t next_known_ = 0;  // of the traffic's known arrivals
};

}  // namespace berth::sim
