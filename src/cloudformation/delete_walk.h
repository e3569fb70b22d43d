// DeleteWalk: takes resources away, those that others depend on last: all of a stack that is deleted or whose
// creation is rolled back, the retired ones of a stack that cleans up after an update.
#pragma once

#include <vector>

#include "cloudformation/attempt.h"
#include "cloudformation/plan.h"

namespace berth::cloudformation {

class DeleteWalk {
 public:
  // `stack` is the store's own row.
  DeleteWalk(Context& context, const StackRow& stack) : context_(context), stack_(stack) {}

  Progress advance();

 private:
  using Rows = std::vector<const StackResourceRow*>;

  bool cleaning_up() const { return stack_.status.ends_with("_CLEANUP_IN_PROGRESS"); }
  // What is to go and is still there.
  Rows present() const;
  bool failed(const StackResourceRow& row) const;
  bool keeps(const StackResourceRow& row) const;

  Progress begin(const StackResourceRow& row);
  Progress remove(const StackResourceRow& row);
  Progress check_removed(const StackResourceRow& row);
  // A step without a handler.
  Progress record(const StackResourceRow& row, const std::string& status, const std::string& reason = {});
  Progress finish(bool any_failed);
  void finish_cleanup(StackRow& stack, bool any_failed);
  void finish_deletion(StackRow& stack);

  Context& context_;
  const StackRow& stack_;
};

}  // namespace berth::cloudformation
