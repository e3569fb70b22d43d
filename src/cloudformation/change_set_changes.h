// What a deployment would change in a stack, resource by resource, as a change set shows it. It changes
// nothing.
#pragma once

#include <vector>

#include "cloudformation/plan.h"

namespace berth::cloudformation {

struct StackChanges {
  std::vector<Change> resources;
  bool outputs = false;
  bool tags = false;

  bool any() const { return !resources.empty() || outputs || tags; }
};

// `current`: what the stack is deployed with; null for a creation.
Result<StackChanges> changes_of(Context& context, const StackRow& stack, const Deployment* current,
                                const Plan& plan, const Deployment& wanted);

}  // namespace berth::cloudformation
