// Which resource waits for which: Ref, GetAtt and the variables of Sub, and DependsOn. It answers what can be
// created or deleted now; what is under way, failed or kept is the stack engine's business.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cloudformation/template/functions.h"

namespace berth::cfn {

using LogicalIds = std::set<std::string, std::less<>>;

// Every reference of the template, in every branch, names something that exists. Loops must be expanded.
Result<void> check_references(const Template& of);

class DependencyOrder {
 public:
  // Of the resources whose condition holds; only the branches of Fn::If that are taken make dependencies.
  static Result<DependencyOrder> build(const Template& of, const Conditions& conditions);

  // All of them, each behind what it depends on; else in the template's order.
  const std::vector<std::string>& in_order() const { return in_order_; }
  // Direct ones only.
  const LogicalIds& dependencies(std::string_view logical_id) const;
  const LogicalIds& dependents(std::string_view logical_id) const;

  // Not in `done`, and all that they depend on is.
  std::vector<std::string> creatable(const LogicalIds& done) const;
  // In `present`, and nothing that depends on them is. The last to be created come first.
  std::vector<std::string> deletable(const LogicalIds& present) const;

 private:
  // Moves what can be ordered from `left` to in_order_; what stays waits for itself.
  void order(const Template& of, LogicalIds& left);

  std::vector<std::string> in_order_;
  std::map<std::string, LogicalIds, std::less<>> dependencies_;
  std::map<std::string, LogicalIds, std::less<>> dependents_;
};

}  // namespace berth::cfn
