#include "gateway/waiter_rules.h"

#include <algorithm>

#include "base/text.h"
#include "model/cloudformation.h"
#include "model/ecs.h"
#include "model/elbv2.h"

namespace berth::gateway {
namespace {

template <class T>
const std::vector<T>& items(const std::optional<std::vector<T>>& list) {
  static const std::vector<T> none;
  return list ? *list : none;
}

// A stack in review waits for a person, not for us.
bool is_under_way(const std::optional<std::string>& status) {
  return status && status->ends_with("_IN_PROGRESS") && *status != "REVIEW_IN_PROGRESS";
}

bool stacks_unsettled(const void* output) {
  const auto& stacks = items(static_cast<const cloudformation::DescribeStacksOutput*>(output)->stacks);
  return std::any_of(stacks.begin(), stacks.end(),
                     [](const auto& stack) { return is_under_way(stack.stack_status); });
}

bool change_set_unsettled(const void* output) {
  const auto& status = static_cast<const cloudformation::DescribeChangeSetOutput*>(output)->status;
  return is_under_way(status) || status == "CREATE_PENDING" || status == "DELETE_PENDING";
}

bool services_unsettled(const void* output) {
  const auto& services = items(static_cast<const ecs::DescribeServicesResponse*>(output)->services);
  return std::any_of(services.begin(), services.end(), [](const auto& service) {
    if (service.status == "DRAINING") return true;
    return service.status == "ACTIVE" &&
           (items(service.deployments).size() > 1 || service.running_count != service.desired_count);
  });
}

bool tasks_unsettled(const void* output) {
  const auto& tasks = items(static_cast<const ecs::DescribeTasksResponse*>(output)->tasks);
  return std::any_of(tasks.begin(), tasks.end(), [](const auto& task) {
    if (task.last_status == "RUNNING") return task.desired_status == "STOPPED";
    return task.last_status != "STOPPED";
  });
}

bool targets_unsettled(const void* output) {
  const auto& targets =
      items(static_cast<const elbv2::DescribeTargetHealthOutput*>(output)->target_health_descriptions);
  return std::any_of(targets.begin(), targets.end(), [](const auto& target) {
    if (!target.target_health) return false;
    const auto& state = target.target_health->state;
    return state == "initial" || state == "draining" || state == "unhealthy";
  });
}

bool load_balancers_unsettled(const void* output) {
  const auto& balancers =
      items(static_cast<const elbv2::DescribeLoadBalancersOutput*>(output)->load_balancers);
  return std::any_of(balancers.begin(), balancers.end(), [](const auto& balancer) {
    return balancer.state && balancer.state->code == "provisioning";
  });
}

struct Rule {
  std::string_view service;
  std::string_view operation;
  Unsettled unsettled;
};

constexpr Rule rules[] = {
    {"cloudformation", "DescribeStacks", stacks_unsettled},
    {"cloudformation", "DescribeChangeSet", change_set_unsettled},
    {"ecs", "DescribeServices", services_unsettled},
    {"ecs", "DescribeTasks", tasks_unsettled},
    {"elbv2", "DescribeTargetHealth", targets_unsettled},
    {"elbv2", "DescribeLoadBalancers", load_balancers_unsettled},
};

}  // namespace

// Current botocore lists the features in use as `m/N,g,B`, B being a waiter; awscli v2 before that named the
// command: `command/ecs.wait.services-stable`, `command/cloudformation.deploy`.
bool is_waiter_call(const wire::Request& request) {
  for (const auto& part : split(request.header("user-agent"), ' ')) {
    if (part.starts_with("m/")) {
      const auto features = split(std::string_view(part).substr(2), ',');
      if (std::find(features.begin(), features.end(), "B") != features.end()) return true;
    }
    if (!part.starts_with("command/")) continue;
    if (part.find(".wait.") != std::string::npos || part == "command/cloudformation.deploy") return true;
  }
  return false;
}

Unsettled find_waiter_rule(std::string_view service, std::string_view operation) {
  for (const Rule& rule : rules) {
    if (rule.service == service && rule.operation == operation) return rule.unsettled;
  }
  return nullptr;
}

}  // namespace berth::gateway
