#include "rest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cloudformation/rows.h"
#include "cloudformation/stack_lookup.h"
#include "plan.h"
#include "services/autoscaling/names.h"
#include "services/autoscaling/rows.h"
#include "services/ec2/networking.h"
#include "services/ec2/rows.h"
#include "services/ecs/rows.h"
#include "services/elbv2/rows.h"
#include "services/iam/rows.h"
#include "services/logs/rows.h"
#include "services/sns/rows.h"
#include "services/ssm/rows.h"

namespace berth::worlds {
namespace {

using Found = std::optional<Problem>;

Found stacks_done(const Store& store) {
  for (const auto& [id, stack] : store.all<cloudformation::StackRow>()) {
    if (cloudformation::is_in_progress(stack.status)) {
      return Problem{invariant::stack, fmt::format("{} is {}", stack.name, stack.status)};
    }
  }
  return {};
}

template <class Row>
bool has(const Store& store, const std::string& key) {
  return store.find<Row>(key) != nullptr;
}

bool exists(const Store& store, const std::string& type, const std::string& id) {
  if (type == "AWS::ECS::Service") {
    const auto& rows = store.all<ecs::ServiceRow>();
    return std::any_of(rows.begin(), rows.end(), [&](const auto& entry) {
      return entry.second.arn == id && entry.second.status == "ACTIVE";
    });
  }
  if (type == "AWS::ApplicationAutoScaling::ScalableTarget") {
    return has<autoscaling::ScalableTargetRow>(store, id.substr(0, id.find('|')));
  }
  if (type == "AWS::ApplicationAutoScaling::ScalingPolicy")
    return autoscaling::find_policy(store, id) != nullptr;
  if (type == "AWS::ECS::TaskDefinition") return has<ecs::TaskDefinitionRow>(store, id);
  if (type == "AWS::ECS::Cluster") return has<ecs::ClusterRow>(store, id);
  if (type == "AWS::CloudWatch::Alarm") return has<cloudwatch::AlarmRow>(store, id);
  if (type == "AWS::SNS::Topic") return has<sns::TopicRow>(store, id);
  if (type == "AWS::SNS::Subscription") return has<sns::SubscriptionRow>(store, id);
  if (type == "AWS::Logs::LogGroup") return has<logs::LogGroupRow>(store, id);
  if (type == "AWS::EC2::VPC") return has<ec2::VpcRow>(store, id);
  if (type == "AWS::EC2::Subnet") return has<ec2::SubnetRow>(store, id);
  if (type == "AWS::EC2::SecurityGroup") return has<ec2::SecurityGroupRow>(store, id);
  if (type == "AWS::EC2::RouteTable") return has<ec2::RouteTableRow>(store, id);
  if (type == "AWS::EC2::InternetGateway") return has<ec2::InternetGatewayRow>(store, id);
  if (type == "AWS::ElasticLoadBalancingV2::LoadBalancer") return has<elbv2::LoadBalancerRow>(store, id);
  if (type == "AWS::ElasticLoadBalancingV2::TargetGroup") return has<elbv2::TargetGroupRow>(store, id);
  if (type == "AWS::ElasticLoadBalancingV2::Listener") return has<elbv2::ListenerRow>(store, id);
  if (type == "AWS::IAM::Role") return has<iam::RoleRow>(store, id);
  if (type == "AWS::SSM::Parameter") return has<ssm::ParameterRow>(store, id);
  return true;
}

Found resources_there(const Store& store) {
  for (const auto& [key, row] : store.all<cloudformation::StackResourceRow>()) {
    const bool complete = row.status == "CREATE_COMPLETE" || row.status == "UPDATE_COMPLETE";
    if (!complete || exists(store, row.type, row.physical_id)) continue;
    return Problem{invariant::resource, fmt::format("{} {} is {}, and there is no {}", row.type,
                                                    row.logical_id, row.status, row.physical_id)};
  }
  return {};
}

Problem unconverged(std::string text) {
  return {invariant::convergence, std::move(text)};
}

Found service_as_wanted(const Store& store) {
  const auto* service = store.find<ecs::ServiceRow>(service_key);
  if (!service || service->status != "ACTIVE") return unconverged("there is no active service");
  int running = 0;
  for (const auto& [id, task] : store.all<ecs::TaskRow>()) {
    if (task.last_status == "STOPPED") continue;
    if (task.last_status != "RUNNING" || task.desired_status != "RUNNING") {
      return unconverged(
          fmt::format("task {} is {} and wanted {}", id.substr(0, 8), task.last_status, task.desired_status));
    }
    ++running;
  }
  if (running != service->desired_count) {
    return unconverged(fmt::format("{} tasks run, {} are wanted", running, service->desired_count));
  }
  if (service->deployments.size() != 1 || service->deployments.front().rollout_state != "COMPLETED") {
    return unconverged(
        fmt::format("{} deployments, the first {}", service->deployments.size(),
                    service->deployments.empty() ? "none" : service->deployments.front().rollout_state));
  }
  for (const auto& [arn, row] : store.all<ecs::ServiceDeploymentRow>()) {
    const std::string status = row.description.status.value_or("");
    if (status.ends_with("IN_PROGRESS")) return unconverged("the record of a deployment says " + status);
  }
  for (const auto& [key, row] : store.all<autoscaling::ScalingActivityRow>()) {
    if (row.open()) return unconverged("scaling activity " + key + " is still open");
  }
  return {};
}

Found nobody_too_much(const Store& store, const Outside& outside) {
  std::set<std::string> wanted;
  for (const auto& [id, task] : store.all<ecs::TaskRow>()) {
    if (task.last_status == "STOPPED") continue;
    wanted.insert(id);
  }
  for (const auto& id : outside.engine.tasks.task_ids()) {
    if (!wanted.contains(id)) return Problem{invariant::orphan, "no row knows task " + id.substr(0, 8)};
  }
  for (const auto& id : wanted) {
    if (!outside.engine.tasks.task_ids().contains(id)) {
      return unconverged("task " + id.substr(0, 8) + " does not run");
    }
  }
  std::size_t taken = 0;  // by tasks; load balancers have theirs
  for (const auto& [key, claim] : store.all<ec2::AddressClaimRow>())
    taken += claim.subnet_id != ec2::public_pool && !claim.owner.starts_with("arn:");
  if (taken != wanted.size()) {
    return Problem{invariant::orphan,
                   fmt::format("{} addresses are taken by {} tasks", taken, wanted.size())};
  }
  return {};
}

Found targets_healthy(const Store& store, const Outside& outside) {
  const auto& targets = store.all<elbv2::TargetRow>();
  for (const auto& [key, row] : targets) {
    if (row.state != "healthy") return unconverged("target " + key + " is " + row.state);
  }
  const auto& tasks = store.all<ecs::TaskRow>();
  const auto running = std::count_if(tasks.begin(), tasks.end(),
                                     [](const auto& entry) { return entry.second.last_status == "RUNNING"; });
  if (static_cast<std::size_t>(running) != targets.size() || outside.proxy.target_count() != targets.size()) {
    return unconverged(fmt::format("{} tasks, {} targets, {} in the load balancer", running, targets.size(),
                                   outside.proxy.target_count()));
  }
  return {};
}

Found mails_came(const Store& store, const Outside& outside, const Judge& judge) {
  for (const auto& [key, row] : store.all<sns::DeliveryRow>()) {
    if (!row.gave_up_at) return Problem{invariant::mail, "still to be delivered: " + row.subject};
  }
  std::map<std::string, int> came;
  const auto count = [&](const std::string& subject, int times) {
    const auto end = subject.find("\" in ");
    if (end != std::string::npos) came[subject.substr(0, end + 1)] += times;
  };
  for (const auto& received : outside.relay.mailbox()) count(received.mail.subject, 1);
  for (const auto& [subject, times] : outside.relay.refused()) count(subject, times);
  for (const auto& [subject, times] : judge.expected_mails()) {
    const int got = came[subject];
    if (got != times) {
      return Problem{invariant::mail, fmt::format("{} mails \"{}\", {} are due", got, subject, times)};
    }
  }
  for (const auto& [subject, times] : came) {
    if (!judge.expected_mails().contains(subject) && times > 0) {
      return Problem{invariant::mail, fmt::format("{} mails \"{}\", none is due", times, subject)};
    }
  }
  return {};
}

Found alarms_right(Daemon& daemon) {
  for (const auto& [name, row] : daemon.store().all<cloudwatch::AlarmRow>()) {
    if (!row.metric || row.metric->metrics) continue;
    const auto said = state_by_datapoints(daemon.metrics(), *row.metric, daemon.context().now());
    if (said && *said != row.state()) {
      return Problem{invariant::alarm,
                     fmt::format("{} is {}, its datapoints say {}", name, row.state(), *said)};
    }
  }
  return {};
}

Found history_tells(const Store& store, const Judge& judge) {
  std::map<std::string, int> told;
  for (const auto& [key, row] : store.all<cloudwatch::AlarmHistoryRow>()) {
    if (row.type == "StateUpdate") ++told[row.alarm];
  }
  if (told == judge.transitions()) return {};
  for (const auto& [name, times] : judge.transitions()) {
    if (told[name] == times) continue;
    return Problem{invariant::history,
                   fmt::format("{} changed {} times, its history tells of {}", name, times, told[name])};
  }
  return Problem{invariant::history, "the history tells of alarms that never changed"};
}

// The last minute's CPU against what the engine gave the tasks.
Found cpu_as_used(Daemon& daemon, const Outside& outside) {
  constexpr double tolerance = 0.01;
  const Time settled = daemon.context().now() - Duration::minutes(3);
  for (const auto& [id, task] : daemon.store().all<ecs::TaskRow>()) {
    if (task.started_at > settled || task.execution_stopped_at > settled) return {};
  }
  const auto running = static_cast<double>(outside.engine.started_tasks().size());
  const double used = std::min(100.0, outside.engine.demand_vcpu() / running / task_vcpu * 100);
  const Time end = floor_to_minute(daemon.context().now());
  const cloudwatch::MetricId id{"AWS/ECS",
                                "CPUUtilization",
                                {{"ClusterName", "learner-cluster"}, {"ServiceName", "learner-svc-service"}}};
  const auto points = daemon.metrics().query(id, end - Duration::minutes(1), end, Duration::minutes(1));
  if (points.empty()) return Problem{invariant::metric, "no CPUUtilization of the last minute"};
  const auto& set = points.front().values.set;
  const double shown = set.sum / set.sample_count;
  if (std::abs(shown - used) <= tolerance && set.sample_count == running) return {};
  return Problem{invariant::metric, fmt::format("{} tasks use {} %, the metric says {} of {}", running, used,
                                                shown, set.sample_count)};
}

// What is stored of a task's output has neither gap nor repeat; of a task that runs nothing is missing. (Of
// one that ended while nobody listened the end may be.)
Found lines_stored(const Store& store, const Outside& outside) {
  LogQuery query;
  query.group = log_group;
  query.limit = 1'000'000;
  const auto events = outside.disk.log_events().read(query);
  std::map<std::string, std::vector<std::string>> stored;
  for (const auto& event : *events) {
    stored[event.stream.substr(event.stream.rfind('/') + 1)].push_back(event.message);
  }
  for (const auto& [id, lines] : stored) {
    const auto written = outside.engine.lines().find(id);
    const bool whole = written != outside.engine.lines().end() && lines.size() <= written->second.size() &&
                       std::equal(lines.begin(), lines.end(), written->second.begin());
    if (!whole)
      return Problem{invariant::log, "the lines of task " + id.substr(0, 8) + " are not what it wrote"};
  }
  for (const auto& [id, written] : outside.engine.lines()) {
    const auto* task = store.find<ecs::TaskRow>(id);
    if (!task || task->last_status != "RUNNING" || stored[id].size() == written.size()) continue;
    return Problem{invariant::log, fmt::format("{} of {} lines of task {} are stored", stored[id].size(),
                                               written.size(), id.substr(0, 8))};
  }
  return {};
}

template <class Row>
void name_rows(const Store& store, std::string& names) {
  for (const auto& [key, row] : store.all<Row>()) {
    // Application Auto Scaling keeps its own role.
    if (key.find("AWSServiceRole") == std::string::npos) names += std::string(" ") + Row::table + " " + key;
  }
}

}  // namespace

Found unrest(Daemon& daemon, const Outside& outside, const Judge& judge) {
  const Store& store = daemon.store();
  if (auto found = stacks_done(store)) return found;
  if (auto found = service_as_wanted(store)) return found;
  if (auto found = nobody_too_much(store, outside)) return found;
  if (auto found = targets_healthy(store, outside)) return found;
  if (auto found = resources_there(store)) return found;
  if (auto found = alarms_right(daemon)) return found;
  if (auto found = history_tells(store, judge)) return found;
  if (auto found = cpu_as_used(daemon, outside)) return found;
  if (auto found = mails_came(store, outside, judge)) return found;
  return lines_stored(store, outside);
}

Found leftovers(Daemon& daemon, const Outside& outside) {
  const Store& store = daemon.store();
  if (auto found = stacks_done(store)) return found;
  std::string names;
  name_rows<elbv2::LoadBalancerRow>(store, names);
  name_rows<elbv2::TargetGroupRow>(store, names);
  name_rows<elbv2::ListenerRow>(store, names);
  name_rows<elbv2::RuleRow>(store, names);
  name_rows<elbv2::TargetRow>(store, names);
  name_rows<iam::RoleRow>(store, names);
  name_rows<ssm::ParameterRow>(store, names);
  name_rows<sns::TopicRow>(store, names);
  name_rows<sns::SubscriptionRow>(store, names);
  name_rows<cloudwatch::AlarmRow>(store, names);
  name_rows<autoscaling::ScalableTargetRow>(store, names);
  name_rows<autoscaling::ScalingPolicyRow>(store, names);
  name_rows<logs::LogGroupRow>(store, names);
  name_rows<ec2::VpcRow>(store, names);
  name_rows<ec2::SubnetRow>(store, names);
  name_rows<ec2::SecurityGroupRow>(store, names);
  name_rows<ec2::RouteTableRow>(store, names);
  name_rows<ec2::InternetGatewayRow>(store, names);
  name_rows<ec2::AddressClaimRow>(store, names);
  for (const auto& [key, cluster] : store.all<ecs::ClusterRow>()) {
    if (cluster.status != "INACTIVE") names += " cluster " + key;
  }
  for (const auto& [key, service] : store.all<ecs::ServiceRow>()) {
    if (service.status != "INACTIVE") names += " service " + key;
  }
  for (const auto& id : outside.engine.tasks.task_ids()) names += " container of task " + id.substr(0, 8);
  if (outside.proxy.target_count() > 0 || !outside.proxy.spec().load_balancers.empty())
    names += " load balancer";
  if (!outside.networks.vpcs().empty()) names += " network";
  if (names.empty()) return {};
  return Problem{invariant::leftover, "left:" + names};
}

}  // namespace berth::worlds
