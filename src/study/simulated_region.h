// SimulatedRegion: berth's control code over a world of src/sim, in virtual time. Templates are deployed into
// it through the same handlers that the API calls; afterwards the loop is run and the store is looked at.
#pragma once

#include <string>
#include <vector>

#include "loop/sim_loop.h"
#include "region/control_plane.h"
#include "sim/app_model.h"
#include "sim/fake_runtime.h"
#include "sim/idle_ports.h"
#include "sim/load_model.h"
#include "sim/loaded_balancer.h"
#include "sim/world_times.h"
#include "store/log_events.h"
#include "study/outside.h"

namespace berth::study {

// A series without a younger point gets none any more: some minutes pass until a minute's points are there.
inline constexpr Duration newest_point_age = Duration::minutes(8);

struct RegionOptions {
  sim::WorldTimes times;
  sim::AppModel app;
  std::uint64_t seed = 1;
  double time_scale = 1;
  Time start{};
};

class SimulatedRegion final : public sim::TaskMeter {
 public:
  explicit SimulatedRegion(const RegionOptions& options);
  ~SimulatedRegion() override;
  SimulatedRegion(const SimulatedRegion&) = delete;
  SimulatedRegion& operator=(const SimulatedRegion&) = delete;

  // One request, as the gateway would bring it.
  template <class In, class Out>
  Result<Out> call(Result<Out> (*handler)(Context&, const In&), const std::type_identity_t<In>& input) {
    return store_.transact([&] { return handler(context_, input); });
  }
  // Runs until the stack is complete. An error tells which resource failed and why.
  Result<> deploy(const std::string& stack, const std::string& body, const Values& parameters);
  Values outputs_of(const std::string& stack) const;
  // Makes what the template expects to find and is not there; adds to `parameters` what it must be given, and
  // tells what was made up.
  Result<> make_up(const Outside& outside, Values& parameters, std::vector<std::string>& told);
  // Every pending subscription by mail is confirmed, as a person would by clicking.
  Result<> confirm_subscriptions();
  // From now on the tasks behind the target group use what `load` says.
  void send_traffic(const std::string& target_group_arn, sim::LoadModel& load, sim::TrafficLedger& ledger);
  void forget_old_metrics();
  // The coming minutes would be as the last one was (see QuietStretches): the clock stands behind them at
  // once. `memory`: how far back a rule may look from there.
  void skip(std::int64_t minutes, Duration memory);

  SimLoop& loop() { return loop_; }
  const SimLoop& loop() const { return loop_; }
  Store& store() { return store_; }
  const Store& store() const { return store_; }
  const cloudwatch::MetricStore& metrics() const { return metrics_; }
  sim::LoadedBalancer& balancer() { return balancer_; }
  const std::vector<world::Mail>& mails() const { return mailer_.mails(); }

  world::Usage usage(const world::TaskSpec& task, SteadyTime started) override;

 private:
  sim::ImageBehaviour behaviour(const world::TaskSpec& task);
  Result<std::string> make(OutsideKind kind, const Values& surroundings);
  Result<> make_cluster(const std::string& name);
  Result<> make_role(const std::string& name);

  RegionOptions options_;
  MemoryLogEvents log_events_;
  Store store_;
  cloudwatch::MetricStore metrics_;
  SimLoop loop_;
  Settings settings_;
  Context context_;
  ControlPlane control_;
  sim::FakeRuntime runtime_;
  sim::LoadedBalancer balancer_;
  sim::IdleNetwork network_;
  sim::KeepingMailer mailer_;
  sim::AcceptingPoster poster_;
  sim::LoadModel* load_ = nullptr;
};

}  // namespace berth::study
