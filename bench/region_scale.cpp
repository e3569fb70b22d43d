// How the control code grows: services with ten tasks and target tracking each, in one simulated region, for
// an hour of virtual time. Prints the wall time of that hour and the memory per task.
//   region_scale SERVICES [SERVICES ...]
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>

#include "base/text.h"
#include "handlers/autoscaling.h"
#include "handlers/ecs.h"
#include "services/ecs/rows.h"
#include "study/simulated_region.h"

namespace {

using namespace berth;

constexpr int tasks_per_service = 10;
constexpr int vpcs = 4;  // 131,000 addresses in the subnets used

std::string network_template() {
  std::string text = "Resources:\n";
  std::string outputs = "Outputs:\n";
  for (int i = 0; i < vpcs; ++i) {
    text += fmt::format("  V{0}: {{Type: AWS::EC2::VPC, Properties: {{CidrBlock: 10.{0}.0.0/16}}}}\n", i);
    text += fmt::format(
        "  S{0}: {{Type: AWS::EC2::Subnet, Properties: {{VpcId: !Ref V{0}, CidrBlock: 10.{0}.0.0/16}}}}\n",
        i);
    outputs += fmt::format("  S{0}: {{Value: !Ref S{0}}}\n", i);
  }
  return text + outputs;
}

void must(bool done, const std::string& what) {
  if (done) return;
  fmt::print(stderr, "region_scale: {}\n", what);
  std::exit(1);
}

template <class Out>
void must(const Result<Out>& result) {
  must(result.has_value(), result ? "" : result.error().message);
}

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// Every task takes the same time to start, so that a region is filled in a few steps.
const sim::WorldTimes even_times{
    .pull_s = {1, 1}, .start_s = {1, 1}, .stop_s = {1, 1}, .first_probe_s = {1, 1}};

class Scale {
 public:
  explicit Scale(int services)
      // 38 % of the tasks' CPU: between the two alarms' thresholds of a target of 40.
      : services_(services),
        region_({.times = even_times,
                 .app = {.base_cpu_vcpu = 0.095},
                 .start = from_unix_seconds(1'767'567'600)}) {}

  void run() {
    const double before = resident_bytes();
    must(region_.deploy("network", network_template(), {}));
    make_cluster_and_definition();
    for (int i = 0; i < services_; ++i) make_service(i);
    region_.loop().run_for(Duration::minutes(20));
    const auto began = std::chrono::steady_clock::now();
    region_.loop().run_for(Duration::minutes(60));
    const double wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    int running = 0;
    for (const auto& [id, task] : region_.store().all<ecs::TaskRow>())
      running += task.last_status == "RUNNING";
    must(running == services_ * tasks_per_service, fmt::format("{} tasks run", running));
    fmt::print("{} services, {} tasks, {} alarms: an hour in {:.2f} s, {:.1f} KiB per task\n", services_,
               running, 2 * services_, wall_s, (resident_bytes() - before) / running / 1024);
  }

 private:
  void make_cluster_and_definition() {
    ecs::CreateClusterRequest cluster;
    cluster.cluster_name = "scale";
    must(region_.call(ecs::create_cluster, cluster));
    ecs::RegisterTaskDefinitionRequest definition;
    definition.family = "scale";
    definition.cpu = "256";
    definition.memory = "512";
    definition.network_mode = "awsvpc";
    definition.requires_compatibilities = {"FARGATE"};
    auto& container = definition.container_definitions.emplace().emplace_back();
    container.name = "app";
    container.image = "simulated/application:latest";
    must(region_.call(ecs::register_task_definition, definition));
  }

  void make_service(int index) {
    const std::string name = fmt::format("service-{:05}", index);
    ecs::CreateServiceRequest service;
    service.cluster = "scale";
    service.service_name = name;
    service.task_definition = "scale";
    service.launch_type = "FARGATE";
    service.desired_count = tasks_per_service;
    auto& network = service.network_configuration.emplace().awsvpc_configuration.emplace();
    network.subnets = {region_.outputs_of("network").at(fmt::format("S{}", index % vpcs))};
    must(region_.call(ecs::create_service, service));
    autoscaling::RegisterScalableTargetRequest target;
    target.service_namespace = "ecs";
    target.resource_id = "service/scale/" + name;
    target.scalable_dimension = "ecs:service:DesiredCount";
    target.min_capacity = 1;
    target.max_capacity = 20;
    must(region_.call(autoscaling::register_scalable_target, target));
    autoscaling::PutScalingPolicyRequest policy;
    policy.policy_name = "cpu";
    policy.service_namespace = "ecs";
    policy.resource_id = target.resource_id;
    policy.scalable_dimension = target.scalable_dimension;
    policy.policy_type = "TargetTrackingScaling";
    auto& tracking = policy.target_tracking_scaling_policy_configuration.emplace();
    tracking.target_value = 40;
    tracking.predefined_metric_specification.emplace().predefined_metric_type =
        "ECSServiceAverageCPUUtilization";
    must(region_.call(autoscaling::put_scaling_policy, policy));
  }

  int services_;
  study::SimulatedRegion region_;
};

}  // namespace

int main(int argc, char** argv) {
  spdlog::set_level(spdlog::level::warn);
  for (int i = 1; i < argc; ++i) {
    const auto services = parse_integer(argv[i]);
    must(services && *services > 0 && *services <= 13'000, "give numbers of services, 1 to 13000");
    Scale(static_cast<int>(*services)).run();
  }
}
