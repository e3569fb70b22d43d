#include "study/simulated_region.h"

#include <fmt/format.h>

#include "cloudformation/stack_lookup.h"
#include "handlers/cloudformation.h"
#include "handlers/ecs.h"
#include "handlers/iam.h"
#include "handlers/sns.h"
#include "handlers/ssm.h"
#include "region/services.h"
#include "services/ecs/rows.h"
#include "services/iam/rows.h"
#include "services/sns/rows.h"
#include "services/ssm/rows.h"

namespace berth::study {
namespace {

constexpr Duration deploy_patience = Duration::minutes(180);
constexpr const char* trusted_by_tasks =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},)"
    R"("Action":"sts:AssumeRole"}]})";
constexpr double mebibyte = 1024 * 1024;

std::string first_failure(const Store& store, const std::string& stack_id) {
  for (const auto* row : cloudformation::rows_of_stack<cloudformation::StackEventRow>(store, stack_id)) {
    const auto& event = row->event;
    if (event.resource_status->find("FAILED") == std::string::npos) continue;
    return fmt::format("{} ({}): {}", *event.logical_resource_id, event.resource_type.value_or(""),
                       event.resource_status_reason.value_or("failed"));
  }
  return "no reason is recorded";
}

}  // namespace

SimulatedRegion::SimulatedRegion(const RegionOptions& options)
    : options_(options),
      loop_(options.start, options.seed, options.time_scale),
      context_{store_, loop_, settings_, metrics_, log_events_},
      control_(context_, Duration::seconds(options.times.metric_lag_s)),
      runtime_(loop_),
      balancer_(loop_, control_.balancer_listener(),
                {RealDuration::seconds(options.times.first_probe_s.least),
                 RealDuration::seconds(options.times.first_probe_s.most)}),
      network_(loop_),
      mailer_(loop_),
      poster_(loop_) {
  add_all_tables(store_);
  context_.principal.arn = settings_.global_arn("iam", "root");
  runtime_.set_listener(&control_.runtime_listener());
  runtime_.set_meter(this);
  runtime_.set_behaviour([this](const world::TaskSpec& task) { return behaviour(task); });
  control_.start({network_, runtime_, balancer_, mailer_, poster_});
}

SimulatedRegion::~SimulatedRegion() {
  control_.stop();
}

sim::ImageBehaviour SimulatedRegion::behaviour(const world::TaskSpec& task) {
  balancer_.note_task(task.interface.address, task.cpu_vcpu);
  Rng& rng = loop_.rng("task");
  const auto drawn = [&](const sim::SecondsRange& range) {
    return RealDuration::seconds(range.least + (range.most - range.least) * rng.uniform());
  };
  sim::ImageBehaviour behaviour;
  behaviour.pull = drawn(options_.times.pull_s);
  behaviour.start = drawn(options_.times.start_s);
  behaviour.stop = drawn(options_.times.stop_s);
  return behaviour;
}

world::Usage SimulatedRegion::usage(const world::TaskSpec& task, SteadyTime started) {
  const SteadyTime now = loop_.steady();
  double cpu_us = options_.app.base_cpu_vcpu * static_cast<double>((now - started).us);
  if (load_) {
    load_->advance(now);
    cpu_us += load_->cpu_us(task.interface.address);
  }
  return {.cpu_us = static_cast<std::int64_t>(cpu_us),
          .memory_bytes = static_cast<std::int64_t>(options_.app.memory_mib * mebibyte),
          .measured_at = now};
}

void SimulatedRegion::send_traffic(const std::string& target_group_arn, sim::LoadModel& load,
                                   sim::TrafficLedger& ledger) {
  load_ = &load;
  balancer_.send_traffic(target_group_arn, load, ledger);
}

void SimulatedRegion::forget_old_metrics() {
  (void)metrics_.flush(loop_.now());  // without a journal it cannot fail
}

void SimulatedRegion::skip(std::int64_t minutes, Duration memory) {
  const Duration span = Duration::minutes(1) * minutes;
  metrics_.repeat_newest(floor_to_minute(loop_.now()) + span, memory, loop_.now(), newest_point_age);
  loop_.sleep_for(span);
  control_.pass_over(span);
  balancer_.catch_up();
}

Result<> SimulatedRegion::deploy(const std::string& stack, const std::string& body,
                                 const Values& parameters) {
  cloudformation::CreateStackInput input;
  input.stack_name = stack;
  input.template_body = body;
  input.capabilities = {"CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"};
  input.parameters.emplace();
  for (const auto& [name, value] : parameters) {
    auto& parameter = input.parameters->emplace_back();
    parameter.parameter_key = name;
    parameter.parameter_value = value;
  }
  const auto made = call(cloudformation::create_stack, input);
  if (!made) return made.error();
  const std::string id = *made->stack_id;
  const Time patience_ends = loop_.now() + deploy_patience;
  const auto status = [&] { return cloudformation::find_stack(context_, id)->status; };
  while (cloudformation::is_in_progress(status()) && loop_.now() < patience_ends)
    loop_.run_for(Duration::seconds(1));
  if (status() == "CREATE_COMPLETE") return {};
  return Error{"DeployFailed",
               fmt::format("The stack {} ended as {}: {}", stack, status(), first_failure(store_, id))};
}

Values SimulatedRegion::outputs_of(const std::string& stack) const {
  Values out;
  if (const auto* row = cloudformation::find_stack(context_, stack)) {
    for (const auto& output : row->outputs) out[*output.output_key] = *output.output_value;
  }
  return out;
}

Result<> SimulatedRegion::make_cluster(const std::string& name) {
  ecs::CreateClusterRequest cluster;
  cluster.cluster_name = name;
  const auto made = call(ecs::create_cluster, cluster);
  return made ? Result<>() : made.error();
}

Result<> SimulatedRegion::make_role(const std::string& name) {
  iam::CreateRoleRequest role;
  role.role_name = name;
  role.assume_role_policy_document = trusted_by_tasks;
  if (const auto made = call(iam::create_role, role); !made) return made.error();
  // What it may do is not known: all.
  iam::AttachRolePolicyRequest attach;
  attach.role_name = name;
  attach.policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess";
  const auto attached = call(iam::attach_role_policy, attach);
  return attached ? Result<>() : attached.error();
}

Result<std::string> SimulatedRegion::make(OutsideKind kind, const Values& surroundings) {
  if (const auto output = output_of(kind); !output.empty()) return surroundings.at(std::string(output));
  switch (kind) {
    case OutsideKind::email:
      return std::string("you@example.com");
    case OutsideKind::role:
      if (auto made = make_role("simulated"); !made) return made.error();
      return settings_.global_arn("iam", "role/simulated");
    case OutsideKind::cluster:
      if (auto made = make_cluster("simulated"); !made) return made.error();
      return std::string("simulated");
    default:
      return std::string("simulated/application:latest");
  }
}

Result<> SimulatedRegion::make_up(const Outside& outside, Values& parameters,
                                  std::vector<std::string>& told) {
  for (const auto& name : outside.clusters) {
    if (store_.find<ecs::ClusterRow>(name)) continue;
    if (auto made = make_cluster(name); !made) return made;
    told.push_back("the cluster " + name);
  }
  for (const auto& name : outside.roles) {
    if (store_.find<iam::RoleRow>(name)) continue;
    if (auto made = make_role(name); !made) return made;
    told.push_back("the role " + name);
  }
  Outside missing = outside;
  std::erase_if(missing.needs, [&](const OutsideNeed& need) {
    if (need.ssm_name.empty() || !store_.find<ssm::ParameterRow>(need.ssm_name)) return false;
    parameters[need.parameter] = need.ssm_name;
    return true;
  });
  if (missing.needs_network()) {
    if (auto made = deploy("surroundings", surroundings_template, {}); !made) return made;
  }
  const Values surroundings = outputs_of("surroundings");
  for (const auto& need : missing.needs) {
    const auto value = make(need.kind, surroundings);
    if (!value) return value.error();
    if (need.ssm_name.empty()) {
      parameters[need.parameter] = *value;
      told.push_back(fmt::format("{} for {}", words_for(need.kind), need.parameter));
      continue;
    }
    ssm::PutParameterRequest put;
    put.name = need.ssm_name;
    put.type = "String";
    put.value = *value;
    put.overwrite = true;
    if (auto made = call(ssm::put_parameter, put); !made) return made.error();
    parameters[need.parameter] = need.ssm_name;
    told.push_back(fmt::format("{} under {} in SSM", words_for(need.kind), need.ssm_name));
  }
  return {};
}

Result<> SimulatedRegion::confirm_subscriptions() {
  std::vector<sns::SubscriptionRow> pending;
  for (const auto& [arn, row] : store_.all<sns::SubscriptionRow>()) {
    if (!row.confirmed && sns::is_mail(row.protocol)) pending.push_back(row);
  }
  for (const auto& row : pending) {
    sns::ConfirmSubscriptionInput input;
    input.topic_arn = row.topic_arn;
    input.token = row.token;
    if (auto confirmed = call(sns::confirm_subscription, input); !confirmed) return confirmed.error();
  }
  return {};
}

}  // namespace berth::study
