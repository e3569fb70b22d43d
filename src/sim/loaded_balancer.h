// LoadedBalancer: a Balancer whose targets work. It probes them as their target group says, sends requests to
// those that may have them, waits for the draining ones, and reports the traffic once a minute. How the tasks
// cope is the LoadModel's matter; one target group of the region has the traffic, the others are probed only.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "loop/loop.h"
#include "sim/load_model.h"
#include "sim/traffic_ledger.h"
#include "world/balancer.h"

namespace berth::sim {

struct ProbeTimes {
  RealDuration first_least{};  // from registration to the first probe
  RealDuration first_most{};
};

class LoadedBalancer final : public world::Balancer {
 public:
  LoadedBalancer(Loop& loop, world::BalancerListener& listener, const ProbeTimes& probes)
      : loop_(loop), listener_(listener), probes_(probes) {}
  ~LoadedBalancer() override;

  void apply(world::BalancerSpec spec) override;
  world::BalancerInfo info() override;

  // From now on the group's targets get the traffic. Both outlive this.
  void send_traffic(const std::string& target_group_arn, LoadModel& load, TrafficLedger& ledger);
  // The quota of the task at an address: known before the target comes.
  void note_task(const std::string& address, double vcpu) { vcpu_[address] = vcpu; }
  // Plays the traffic up to now.
  void catch_up();
  // Ends the minute of the ledger and reports it to the control code.
  TrafficMinute close_minute();

 private:
  using Place = std::pair<std::string, std::string>;  // group, target id
  struct Target {
    std::string address;
    world::TargetUse use = world::TargetUse::active;
    world::TargetHealth health = world::TargetHealth::initial;
    SteadyTime next_probe{};
    int passed = 0;
    int failed = 0;
    bool idle_told = false;
  };

  const world::TargetGroupSpec* group_of(const Place& place) const;
  bool has_traffic(const Place& place) const { return load_ && place.first == traffic_group_; }
  bool is_loaded(const std::string& address) const;
  RealDuration interval_of(const world::TargetGroupSpec& group) const;
  void welcome(const Place& place, const world::TargetSpec& spec);
  void choose_servers();
  void look();
  void probe(const Place& place, Target& target);
  void skip_probes(const world::TargetGroupSpec& group, Target& target);
  void report(const Place& place, const Target& target, const char* reason, const char* description);
  void tell_idle();
  void arm();

  Loop& loop_;
  world::BalancerListener& listener_;
  ProbeTimes probes_;
  world::BalancerSpec spec_;
  std::map<Place, Target> targets_;
  std::map<std::string, double> vcpu_;
  std::string traffic_group_;
  std::vector<world::TrafficReport> reports_{2};  // of the targets and of the load balancer's own answers
  LoadModel* load_ = nullptr;
  TrafficLedger* ledger_ = nullptr;
  TimerId timer_ = no_timer;
};

}  // namespace berth::sim
