#include "study/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "cloudformation/template/language_extensions.h"
#include "cloudformation/template/template_reader.h"
#include "services/ecs/rows.h"
#include "sim/event_load.h"
#include "sim/fluid_load.h"
#include "study/quiet_stretches.h"
#include "study/recorder.h"
#include "study/template_edit.h"

namespace berth::study {
namespace {

// A Sunday evening; the traffic begins at midnight, so that schedules lie where people expect them.
constexpr Time region_start = from_unix_seconds(1'767'567'600);
constexpr Duration hour = Duration::minutes(60);
constexpr Duration settling = Duration::minutes(5);
constexpr std::int64_t minutes_between_reports = 256;

struct Prepared {
  std::string body;
  Outside outside;
};

Result<Prepared> prepare(const RunOptions& options) {
  auto document = cfn::read_template(options.template_text, cfn::template_url_bytes_max);
  if (!document) return document.error();
  for (const auto& setting : options.sets) {
    if (auto set = set_property(*document, setting); !set) return set.error();
  }
  const auto parsed = cfn::parse_template(*document);
  if (!parsed) return parsed.error();
  auto outside = outside_of(*parsed, options.parameters);
  if (!outside) return outside.error();
  return Prepared{json::serialize(*document), std::move(*outside)};
}

Result<const ecs::ServiceRow*> choose_service(const Store& store, const std::string& wanted) {
  const ecs::ServiceRow* found = nullptr;
  std::string names;
  int balanced = 0;
  for (const auto& [key, row] : store.all<ecs::ServiceRow>()) {
    if (!wanted.empty() && row.name != wanted) continue;
    if (row.load_balancers.empty()) continue;
    found = &row;
    ++balanced;
    names += (names.empty() ? "" : ", ") + row.name;
  }
  if (balanced == 1) return found;
  if (balanced > 1) return Error{"UsageError", "Which service has the traffic? Give --service: " + names};
  return Error{"UsageError", wanted.empty() ? "The template has no service behind a load balancer"
                                            : "There is no service " + wanted + " behind a load balancer"};
}

// The CPU that the requests of this part of the traffic ask for, in vCPU.
double offered_vcpu(const sim::Traffic& traffic, const sim::AppModel& app, std::int64_t from_us,
                    std::int64_t until) {
  double requests = 0;
  const double span_s = static_cast<double>(until - from_us) / 1e6;
  for (std::int64_t at = from_us; at < until;) {
    const std::int64_t next = std::min(traffic.next_change(at), until);
    requests += traffic.rate_at(at) * static_cast<double>(next - at) / 1e6;
    at = next;
  }
  return requests * app.cpu_ms / 1000 / span_s;
}

class Play {
 public:
  explicit Play(const RunOptions& options)
      : options_(options),
        region_({options.times, options.app, options.seed, options.time_scale, region_start}) {}

  Result<RunResult> run() {
    if (options_.tier != "fluid" && options_.tier != "events") {
      return Error{"UsageError", fmt::format("--tier {}: give fluid or events", options_.tier)};
    }
    auto prepared = prepare(options_);
    if (!prepared) return prepared.error();
    if (auto deployed = deploy(*prepared); !deployed) return deployed.error();
    const auto service = choose_service(region_.store(), options_.service);
    if (!service) return service.error();
    if (auto played = play(**service); !played) return played.error();
    return std::move(result_);
  }

 private:
  Result<> deploy(const Prepared& prepared) {
    Values parameters = options_.parameters;
    for (std::size_t i = 0; i < options_.before.size(); ++i) {
      if (auto made = region_.deploy(fmt::format("before-{}", i + 1), options_.before[i], {}); !made)
        return made;
    }
    if (auto made = region_.make_up(prepared.outside, parameters, result_.made_up); !made) return made;
    const Time began = region_.loop().now();
    if (auto deployed = region_.deploy("simulated", prepared.body, parameters); !deployed) return deployed;
    result_.deployed_in_s = (region_.loop().now() - began).in_seconds();
    region_.loop().run_for(Duration::seconds(1));
    return region_.confirm_subscriptions();
  }

  Result<> play(const ecs::ServiceRow& service) {
    auto& loop = region_.loop();
    const double vcpu = task_vcpu(service);
    const Time origin = floor_to(loop.now() + settling, hour) + hour;
    const auto origin_steady =
        loop.steady() + RealDuration{static_cast<std::int64_t>(static_cast<double>((origin - loop.now()).us) /
                                                               loop.time_scale())};
    const sim::LatencyTable table(options_.app, vcpu, options_.seed);
    sim::TrafficLedger ledger(options_.app, table);
    const auto load = make_load(origin_steady, ledger);
    const std::string group = service.load_balancers.front().target_group_arn.value_or("");
    Recorder recorder(region_, service, origin);
    QuietStretches quiet(region_);
    loop.run_until(just_before(origin));
    region_.send_traffic(group, *load, ledger);
    // Requests come in real time; the timeline's minutes are those of berth's clock.
    const auto minute_us = static_cast<std::int64_t>(us_per_minute / loop.time_scale());
    const std::int64_t minutes = (options_.traffic.duration_us + minute_us - 1) / minute_us;
    std::int64_t next_report = 0;
    for (std::int64_t minute = 0; minute < minutes; ++minute) {
      loop.run_until(just_before(origin + Duration{us_per_minute} * (minute + 1)));
      const auto traffic = region_.balancer().close_minute();
      recorder.close_minute(traffic, offered_vcpu(options_.traffic, options_.app, minute * minute_us,
                                                  (minute + 1) * minute_us));
      if (const std::int64_t alike = quiet.minutes_ahead(level_until(origin, minute * minute_us));
          alike > 0) {
        region_.skip(alike, quiet.memory());
        static_cast<void>(
            ledger
                .close_minute());  // the skipped requests; the control code hears of them as repeated points
        recorder.repeat_minute(alike);
        minute += alike;
        result_.quiet_minutes += alike;
      }
      if (minute < next_report) continue;
      next_report = minute + minutes_between_reports;
      region_.forget_old_metrics();
      if (options_.progress &&
          !options_.progress(static_cast<double>(minute) / static_cast<double>(minutes))) {
        return Error{"Interrupted", "interrupted"};
      }
    }
    // The last minutes' points are still on their way.
    loop.run_for(Duration::seconds(options_.times.metric_lag_s) + Duration::minutes(2));
    result_.timeline = recorder.finish(ledger);
    result_.best_utilization = table.utilization_within(options_.app.objective_ms, 0.05);
    return {};
  }

  // The clock's last moment before `when`: it goes by as many microseconds at a time as it is fast.
  Time just_before(Time when) const {
    return when - Duration{static_cast<std::int64_t>(std::ceil(region_.loop().time_scale()))};
  }

  // Until when the traffic stays as it is at `at_us` of it, on berth's clock.
  Time level_until(Time origin, std::int64_t at_us) const {
    if (options_.every_minute || options_.tier != "fluid") return origin;
    const std::int64_t until_us = std::min(options_.traffic.level_until(at_us), options_.traffic.duration_us);
    return origin +
           Duration{static_cast<std::int64_t>(static_cast<double>(until_us) * region_.loop().time_scale())};
  }

  std::unique_ptr<sim::LoadModel> make_load(SteadyTime origin, sim::TrafficLedger& ledger) const {
    if (options_.tier == "fluid")
      return std::make_unique<sim::FluidLoad>(options_.app, options_.traffic, origin, ledger);
    return std::make_unique<sim::EventLoad>(options_.app, options_.traffic, origin, ledger, options_.seed);
  }

  double task_vcpu(const ecs::ServiceRow& service) const {
    for (const auto& [id, task] : region_.store().all<ecs::TaskRow>()) {
      if (task.service == service.name) return task.cpu_vcpu;
    }
    return 0.25;
  }

  const RunOptions& options_;
  SimulatedRegion region_;
  RunResult result_;
};

}  // namespace

Result<RunResult> play(const RunOptions& options) {
  return Play(options).run();
}

}  // namespace berth::study
