// The steps that a resource takes while its stack is created or updated: it is created, updated in place or
// replaced, and settles. Each is one transaction with its handler calls, row and events. Which resource is
// next is decided in deployment.h and restoration.h.
#pragma once

#include <string>

#include "cloudformation/attempt.h"
#include "cloudformation/plan.h"

namespace berth::cloudformation {

class ResourceSteps {
 public:
  // `stack` is the store's own row.
  ResourceSteps(Context& context, const StackRow& stack) : context_(context), stack_(stack) {}

  // Makes the resource what the plan wants, as far as one step goes. A failure fails the operation.
  Progress start(const Plan& plan, const Deployment& deployment, const cfn::Resource& resource);
  // Fails every resource whose properties its type refuses, before anything is created; false: there are
  // none.
  bool refuse_bad_properties(const Plan& plan, const Deployment& deployment);

  enum class IfFailed { fail_operation, fail_resource };
  // A resource under way: does it do its job?
  Progress settle(const StackResourceRow& resource, IfFailed if_failed);

  // Undoes what the update has made of it: its successor is retired, its earlier properties are put back.
  Progress restore(const StackResourceRow& resource);

 private:
  bool updating() const { return stack_.status == "UPDATE_IN_PROGRESS"; }
  StackRow& edit_stack() { return *context_.store.edit<StackRow>(stack_.id); }

  // Of the template's resource or of a row: what names it.
  struct Identity {
    std::string logical_id;
    std::string type;
  };

  Result<> create(const Identity& resource, const ResourceVersion& version);
  Result<> create_in(StackResourceRow& row);
  Result<> visit(const StackResourceRow& existing, const ResourceVersion& version);
  Result<> update(StackResourceRow& row, const ResourceVersion& version);
  Result<> replace(const StackResourceRow& existing, const ResourceVersion& version);
  Result<> put_back(StackResourceRow& row);

  StackResourceRow new_row(const Identity& resource, const ResourceVersion& version) const;
  void record_failure(const Identity& resource, const ResourceVersion& version, const std::string& reason);
  Progress stalled() const;

  Context& context_;
  const StackRow& stack_;
};

}  // namespace berth::cloudformation
