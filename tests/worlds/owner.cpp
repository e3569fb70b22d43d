#include "owner.h"

#include <fmt/format.h>

#include "base/text.h"
#include "cloudformation/rows.h"
#include "cloudformation/stack_lookup.h"
#include "handlers/autoscaling.h"
#include "handlers/cloudformation.h"
#include "handlers/cloudwatch.h"
#include "handlers/ecs.h"
#include "handlers/sns.h"
#include "services/autoscaling/rows.h"
#include "services/ecs/rows.h"
#include "services/sns/rows.h"

namespace berth::worlds {
namespace {

namespace cfn = cloudformation;

constexpr const char* cluster_name = "learner-cluster";
constexpr const char* service_name = "learner-svc-service";
constexpr const char* mail_address = "you@example.com";

std::vector<cfn::Parameter> parameters_of(const std::string& stack, const std::string& to) {
  if (stack != service_stack) return {};
  cfn::Parameter email;
  email.parameter_key = "AlertEmail";
  email.parameter_value = to;
  return {email};
}

std::size_t choose(double draw, std::size_t count) {
  return std::min(count - 1, static_cast<std::size_t>(draw * static_cast<double>(count)));
}

// What stands behind `name` up to the line's end, exchanged.
std::string exchanged(std::string body, const std::string& name, const std::string& value) {
  const auto begin = body.find(name) + name.size();
  return body.replace(begin, body.find('\n', begin) - begin, value);
}

}  // namespace

template <class In, class Out>
bool Owner::ask(const char* what, Result<Out> (*handler)(Context&, const In&),
                const std::type_identity_t<In>& input) {
  judge_.by_hand = true;
  const auto answer = daemon_->call(handler, input);
  judge_.by_hand = false;
  machine_.trace(fmt::format("owner: {}{}", what, answer ? "" : ": " + answer.error().message));
  return answer.has_value();
}

std::string Owner::status_of(const std::string& stack) const {
  const auto* row = cfn::find_stack(daemon_->context(), stack);
  return row ? row->status : "DELETE_COMPLETE";
}

void Owner::look() {
  if (!daemon_) return;
  if (deleting_) {
    delete_stack(service_stack);
    if (status_of(service_stack) == "DELETE_COMPLETE") delete_stack(prerequisites_stack);
    return;
  }
  if (keep_stack(prerequisites_stack, prerequisites_)) keep_stack(service_stack, body_);
  confirm_subscription();
}

bool Owner::satisfied() const {
  if (!daemon_) return false;
  for (const char* stack : {service_stack, prerequisites_stack}) {
    const std::string status = status_of(stack);
    const bool gone = status == "DELETE_COMPLETE";
    if (deleting_ != gone || cfn::is_in_progress(status) || status.ends_with("_FAILED")) return false;
    if (status == "ROLLBACK_COMPLETE") return false;
  }
  return true;
}

// True when the stack stands.
bool Owner::keep_stack(const std::string& name, const std::string& body) {
  const std::string status = status_of(name);
  if (cfn::is_in_progress(status)) return false;
  if (status == "DELETE_COMPLETE") {
    cfn::CreateStackInput input;
    input.stack_name = name;
    input.template_body = body;
    input.parameters = parameters_of(name, mail_address);
    input.capabilities = {"CAPABILITY_NAMED_IAM"};
    ask("create-stack", cfn::create_stack, input);
    return false;
  }
  if (status == "UPDATE_ROLLBACK_FAILED") {
    cfn::ContinueUpdateRollbackInput input;
    input.stack_name = name;
    ask("continue-update-rollback", cfn::continue_update_rollback, input);
    return false;
  }
  if (status == "ROLLBACK_COMPLETE" || status.ends_with("_FAILED")) {
    delete_stack(name);
    return false;
  }
  return true;
}

void Owner::delete_stack(const std::string& name) {
  const std::string status = status_of(name);
  if (status == "DELETE_COMPLETE" || cfn::is_in_progress(status)) return;
  cfn::DeleteStackInput input;
  input.stack_name = name;
  ask("delete-stack", cfn::delete_stack, input);
}

// The link of every confirmation mail is followed.
void Owner::confirm_subscription() {
  const auto& mailbox = relay_.mailbox();
  for (; mails_read_ < mailbox.size(); ++mails_read_) {
    if (mailbox[mails_read_].mail.subject == "AWS Notification - Subscription Confirmation")
      confirming_ = true;
  }
  if (!confirming_) return;
  for (const auto& [arn, row] : daemon_->store().all<sns::SubscriptionRow>()) {
    if (row.confirmed) continue;
    sns::ConfirmSubscriptionInput input;
    input.topic_arn = row.topic_arn;
    input.token = row.token;
    if (ask("follows the confirmation link", sns::confirm_subscription, input)) confirming_ = false;
    return;
  }
}

void Owner::update_stack(const std::string& body, const std::string& to) {
  cfn::UpdateStackInput input;
  input.stack_name = service_stack;
  input.template_body = body;
  input.parameters = parameters_of(service_stack, to);
  ask("update-stack", cfn::update_stack, input);
}

void Owner::act(const Deed& deed) {
  if (!daemon_) return machine_.trace("owner: nobody answers");
  switch (deed.kind) {
    case DeedKind::set_count:
      return set_count(deed.draw);
    case DeedKind::force_deployment:
      ask("update-service --force-new-deployment", ecs::update_service,
          {.service = service_name, .cluster = cluster_name, .force_new_deployment = true});
      return;
    case DeedKind::stop_task:
      return stop_task(deed.draw);
    case DeedKind::change_memory: {
      const bool more = body_.find("Memory: 512") != std::string::npos;
      body_ = more ? replace_all(body_, "Memory: 512", "Memory: 1024")
                   : replace_all(body_, "Memory: 1024", "Memory: 512");
      return update_stack(body_, mail_address);
    }
    case DeedKind::change_target:
      body_ = exchanged(body_, "TargetValue: ", fmt::format("{}.0", 20 + 10 * choose(deed.draw, 7)));
      return update_stack(body_, mail_address);
    case DeedKind::change_topic:  // another name: another topic, and the subscription is to be confirmed
                                  // again
      body_ = exchanged(body_, "TopicName: ", fmt::format("alerts-{}", choose(deed.draw, 1000)));
      return update_stack(body_, mail_address);
    case DeedKind::schedule_limits:
      return schedule_limits(deed.draw);
    case DeedKind::failing_update:
      return update_stack(
          replace_all(replace_all(body_, "Memory: 512", "Memory: 2048"), "Memory: 1024", "Memory: 2048"),
          "not an address");
    case DeedKind::force_alarm:
      return force_alarm(deed.draw);
    default:
      return;
  }
}

void Owner::set_count(double draw) {
  const auto& targets = daemon_->store().all<autoscaling::ScalableTargetRow>();
  if (targets.empty()) return;
  const auto& limits = targets.begin()->second;
  const auto span = static_cast<std::size_t>(limits.max_capacity - limits.min_capacity) + 1;
  const int count = limits.min_capacity + static_cast<int>(choose(draw, span));
  ask(fmt::format("update-service --desired-count {}", count).c_str(), ecs::update_service,
      {.service = service_name, .cluster = cluster_name, .desired_count = count});
}

// New limits in a few minutes, by a scheduled action.
void Owner::schedule_limits(double draw) {
  autoscaling::PutScheduledActionRequest request;
  request.service_namespace = "ecs";
  request.scheduled_action_name = "new-limits";
  request.resource_id = std::string("service/") + service_key;
  request.scalable_dimension = "ecs:service:DesiredCount";
  request.schedule =
      "at(" + format_utc(machine_.loop.now() + Duration::minutes(1 + 9 * draw), "%Y-%m-%dT%H:%M:%S") + ")";
  request.scalable_target_action.emplace();
  request.scalable_target_action->min_capacity = 1 + static_cast<std::int64_t>(choose(draw, 4));
  request.scalable_target_action->max_capacity = 5 + static_cast<std::int64_t>(choose(draw, 3));
  ask("put-scheduled-action", autoscaling::put_scheduled_action, request);
}

void Owner::stop_task(double draw) {
  std::vector<std::string> running;
  for (const auto& [id, task] : daemon_->store().all<ecs::TaskRow>()) {
    if (task.desired_status == "RUNNING") running.push_back(id);
  }
  if (running.empty()) return;
  ask("stop-task", ecs::stop_task, {.task = running[choose(draw, running.size())], .cluster = cluster_name});
}

void Owner::force_alarm(double draw) {
  std::vector<std::string> names;
  for (const auto& [name, row] : daemon_->store().all<cloudwatch::AlarmRow>()) names.push_back(name);
  if (names.empty()) return;
  const std::size_t which = choose(draw, names.size() * 2);
  cloudwatch::SetAlarmStateInput input;
  input.alarm_name = names[which / 2];
  input.state_value = which % 2 == 0 ? "ALARM" : "OK";
  input.state_reason = "by hand";
  ask(("set-alarm-state " + *input.alarm_name + " " + *input.state_value).c_str(),
      cloudwatch::set_alarm_state, input);
}

}  // namespace berth::worlds
