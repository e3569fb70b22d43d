#include "host/haproxy_balancer.h"

#include <filesystem>

#include "host/haproxy_worker.h"

namespace berth::host {
namespace {

// Three reports a minute, the last one just before the minute's end so that its counts still belong to it.
constexpr Duration report_period = Duration::seconds(20);
constexpr Duration report_lead = Duration::seconds(1);

}  // namespace

struct HaproxyBalancer::Receiver {
  world::BalancerListener& listener;
  world::BalancerInfo info{};
};

HaproxyBalancer::HaproxyBalancer(Loop& loop, world::BalancerListener& listener, HaproxyOptions options)
    : loop_(loop), options_(std::move(options)), receiver_(std::make_shared<Receiver>(Receiver{listener})) {
  const auto deliver = [&loop, weak = std::weak_ptr<Receiver>(receiver_)](auto action) {
    loop.post([weak, action = std::move(action)]() mutable {
      if (const auto receiver = weak.lock()) action(*receiver);
    });
  };
  haproxy::WorkerOutput output;
  output.health = [deliver](std::vector<world::TargetHealthEvent> events) {
    deliver([events = std::move(events)](Receiver& to) {
      for (const auto& event : events) to.listener.on_target_health(event);
    });
  };
  output.idle = [deliver](std::string group, std::string target) {
    deliver([group = std::move(group), target = std::move(target)](Receiver& to) {
      to.listener.on_target_idle(group, target);
    });
  };
  output.traffic = [deliver](std::vector<world::TrafficReport> reports) {
    deliver([reports = std::move(reports)](Receiver& to) { to.listener.on_traffic(reports); });
  };
  output.info = [deliver](world::BalancerInfo info) {
    deliver([info = std::move(info)](Receiver& to) mutable { to.info = std::move(info); });
  };
  const auto folder = std::filesystem::absolute(options_.data_dir) / "haproxy";
  worker_ = std::make_unique<haproxy::Worker>(options_.haproxy_path, folder.string(), loop.time_scale(),
                                              std::move(output));
  report_traffic_later();
}

HaproxyBalancer::~HaproxyBalancer() {
  loop_.cancel(report_timer_);
}

void HaproxyBalancer::apply(world::BalancerSpec spec) {
  haproxy::Wanted wanted;
  for (const auto& group : spec.target_groups) {
    if (options_.netns_of_vpc) wanted.netns_of_vpc[group.vpc_id] = options_.netns_of_vpc(group.vpc_id);
  }
  if (was_applied_ && spec == spec_) return;
  was_applied_ = true;
  spec_ = spec;
  wanted.spec = std::move(spec);
  worker_->want(std::move(wanted));
}

world::BalancerInfo HaproxyBalancer::info() {
  return receiver_->info;
}

void HaproxyBalancer::shutdown() {
  loop_.cancel(report_timer_);
  worker_->end();
  receiver_->info = {receiver_->info.program, false, "", {}};
}

void HaproxyBalancer::report_traffic_later() {
  const Time end = floor_to(loop_.now() + report_lead, report_period) + report_period;
  report_timer_ = loop_.at(end - report_lead, [this] {
    worker_->report_traffic();
    report_traffic_later();
  });
}

}  // namespace berth::host
