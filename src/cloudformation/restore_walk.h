// RestoreWalk: a stack's way back to what it was before an update that failed or was cancelled, in
// UPDATE_ROLLBACK_IN_PROGRESS. Resources that the update added are only marked here; delete_walk.h takes them
// away.
#pragma once

#include <vector>

#include "cloudformation/attempt.h"
#include "cloudformation/resource_steps.h"

namespace berth::cloudformation {

class RestoreWalk {
 public:
  // `stack` is the store's own row.
  RestoreWalk(Context& context, const StackRow& stack)
      : context_(context), stack_(stack), steps_(context, stack) {}

  Progress advance();

 private:
  bool visited(const StackResourceRow& row) const { return row.operation_id == stack_.operation_id; }
  // Rows that this rollback has to put back and has not looked at.
  std::vector<const StackResourceRow*> pending() const;
  Progress start_next(const std::vector<const StackResourceRow*>& pending);
  Progress settle_next();
  Progress finish(bool failed);

  Context& context_;
  const StackRow& stack_;
  ResourceSteps steps_;
};

}  // namespace berth::cloudformation
