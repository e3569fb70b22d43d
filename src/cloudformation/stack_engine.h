// StackEngine: carries out what CreateStack, ExecuteChangeSet, UpdateStack and DeleteStack have written down,
// one transaction per step, for every stack whose status ends in _IN_PROGRESS. It keeps nothing that the
// store does not have: a new engine goes on where an earlier one stopped.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "cloudformation/attempt.h"
#include "cloudformation/plan.h"

namespace berth::cloudformation {

class StackEngine {
 public:
  explicit StackEngine(const Context& around);
  ~StackEngine();
  StackEngine(const StackEngine&) = delete;

  void start();

 private:
  struct CachedPlan {
    std::string operation_id;
    Plan plan;
  };

  void notice(const Changes& changes);
  void post();
  void reconcile();
  Progress advance(const std::string& stack_id);
  Progress advance_waiting(Context& context, const StackRow& stack);
  Progress advance_deployment(Context& context, const StackRow& stack);
  // Of the operation under way; read once.
  Result<const Plan*> plan_of(const Context& context, const StackRow& stack, const Deployment& deployment);
  Context context_of(const StackRow& stack);
  void arm(Time when);
  void forget_daily();

  const Context around_;  // the caller is each stack's own
  Store& store_;
  Loop& loop_;
  std::map<std::string, CachedPlan> plans_;  // by stack id
  bool active_ = false;                      // some stack is under way
  bool posted_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  TimerId timer_ = no_timer;
  TimerId daily_ = no_timer;
  int watch_ = 0;
};

}  // namespace berth::cloudformation
