#include "cloudformation/stack_engine.h"

#include <vector>

#include "base/arn.h"
#include "base/log.h"
#include "cloudformation/delete_walk.h"
#include "cloudformation/deleted_stacks.h"
#include "cloudformation/deploy_walk.h"
#include "cloudformation/nested_stacks.h"
#include "cloudformation/operation_failure.h"
#include "cloudformation/restore_walk.h"
#include "cloudformation/stack_lookup.h"

namespace berth::cloudformation {
namespace {

// Changes of the store wake the engine; this is for what changes by time alone.
constexpr Duration look_again_after = Duration::seconds(10);
constexpr Duration one_day = Duration::minutes(24 * 60);

bool is_deploying(const std::string& status) {
  return status == "CREATE_IN_PROGRESS" || status == "UPDATE_IN_PROGRESS";
}

}  // namespace

StackEngine::StackEngine(const Context& around) : around_(around), store_(around.store), loop_(around.loop) {}

StackEngine::~StackEngine() {
  *alive_ = false;
  loop_.cancel(timer_);
  loop_.cancel(daily_);
  store_.stop_watching(watch_);
}

void StackEngine::start() {
  watch_ = store_.watch([this](const Changes& changes) { notice(changes); });
  post();
  forget_daily();
}

void StackEngine::forget_daily() {
  if (auto forgotten = forget_deleted_stacks(store_, loop_.now()); !forgotten) {
    log::warn("deleted stacks: {}", forgotten.error().message);
  }
  daily_ = loop_.after(one_day, [this] { forget_daily(); });
}

// A resource may settle by a change of any table.
void StackEngine::notice(const Changes& changes) {
  if (active_ || changes.touched<StackRow>()) post();
}

void StackEngine::post() {
  if (posted_) return;
  posted_ = true;
  loop_.post([this, alive = alive_] {
    if (!*alive) return;
    posted_ = false;
    reconcile();
  });
}

void StackEngine::reconcile() {
  std::vector<std::string> under_way;
  for (const auto& [id, stack] : store_.all<StackRow>()) {
    if (is_in_progress(stack.status)) under_way.push_back(id);
  }
  std::erase_if(plans_, [&](const auto& entry) {
    const auto* stack = store_.find<StackRow>(entry.first);
    return !stack || !is_deploying(stack->status);
  });
  active_ = !under_way.empty();
  Progress all;
  for (const auto& id : under_way) {
    const auto progress = advance(id);
    all.stepped = all.stepped || progress.stepped;
    if (progress.look_again_at) all.wait_until(*progress.look_again_at);
  }
  if (all.stepped) post();
  loop_.cancel(timer_);
  timer_ = no_timer;
  if (!active_) return;
  all.wait_until(loop_.now() + look_again_after);
  arm(*all.look_again_at);
}

void StackEngine::arm(Time when) {
  timer_ = loop_.at(when, [this] {
    timer_ = no_timer;
    post();
  });
}

Progress StackEngine::advance(const std::string& stack_id) {
  const auto& stack = *store_.find<StackRow>(stack_id);
  Context context = context_of(stack);
  if (is_deploying(stack.status)) return advance_deployment(context, stack);
  if (stack.status == "UPDATE_ROLLBACK_IN_PROGRESS") return RestoreWalk(context, stack).advance();
  if (awaits_parent(store_, stack)) return advance_waiting(context, stack);
  return DeleteWalk(context, stack).advance();
}

// Its parent turns it back, or has come to a good end.
Progress StackEngine::advance_waiting(Context& context, const StackRow& stack) {
  if (is_parent_under_way(store_, stack)) return {};
  const auto outcome = attempt(store_, [&]() -> Result<> {
    settle_update(context, *store_.edit<StackRow>(stack.id));
    return {};
  });
  return {.stepped = outcome.done()};
}

Progress StackEngine::advance_deployment(Context& context, const StackRow& stack) {
  const auto* slot = stack.status == "CREATE_IN_PROGRESS" ? DeploymentRow::current : DeploymentRow::target;
  const auto* deployment = find_deployment(store_, stack.id, slot);
  BERTH_CHECK(deployment);
  const auto plan = plan_of(context, stack, *deployment);
  if (plan) return DeployWalk(context, stack, **plan, *deployment).advance();
  const auto outcome = attempt(store_, [&]() -> Result<> {
    fail_operation(context, *store_.edit<StackRow>(stack.id), plan.error().message);
    return {};
  });
  return {.stepped = outcome.done()};
}

Result<const Plan*> StackEngine::plan_of(const Context& context, const StackRow& stack,
                                         const Deployment& deployment) {
  auto& cached = plans_[stack.id];
  if (cached.operation_id != stack.operation_id) {
    auto plan = stored_plan(context, identity_of(stack), deployment);
    if (!plan) return plan.error();
    cached = {stack.operation_id, std::move(*plan)};
  }
  return &cached.plan;
}

// Handlers are called in the name of who deploys, or of the role that the stack was given.
Context StackEngine::context_of(const StackRow& stack) {
  Context context = around_;
  context.principal = {};
  context.request_id = stack.operation_id;
  const auto* deployment = find_deployment(store_, stack.id, DeploymentRow::target);
  if (!deployment) deployment = find_deployment(store_, stack.id, DeploymentRow::current);
  if (!deployment) return context;
  context.principal.arn = deployment->principal_arn;
  context.principal.user_id = deployment->principal_id;
  if (!deployment->role_arn.empty()) {
    const std::string role(last_part(deployment->role_arn));
    context.principal.arn = around_.settings.global_arn("sts", "assumed-role/" + role + "/AWSCloudFormation");
  }
  return context;
}

}  // namespace berth::cloudformation
