// DeployWalk: a stack's way to what its plan wants, in CREATE_IN_PROGRESS and UPDATE_IN_PROGRESS. Each call
// takes the next step that dependencies allow; what does not depend on each other goes side by side. Going
// back is done in delete_walk.h and restore_walk.h.
#pragma once

#include <map>
#include <string>

#include "cloudformation/attempt.h"
#include "cloudformation/resource_steps.h"

namespace berth::cloudformation {

class DeployWalk {
 public:
  // `stack` is the store's own row.
  DeployWalk(Context& context, const StackRow& stack, const Plan& plan, const Deployment& deployment)
      : context_(context), stack_(stack), plan_(plan), deployment_(deployment), steps_(context, stack) {}

  Progress advance();

 private:
  const StackResourceRow* visited(std::string_view logical_id) const;
  bool timed_out() const;
  Progress start_next();
  Progress settle_next();
  Progress finish();
  Progress fail(const std::string& cause);
  Result<> complete();
  void complete_update(StackRow& stack);

  Context& context_;
  const StackRow& stack_;
  const Plan& plan_;
  const Deployment& deployment_;
  ResourceSteps steps_;
};

}  // namespace berth::cloudformation
