// A Query request's parameters (`MetricData.member.1.MetricName=CPU`) as a tree, one level per dot. It knows
// no shape.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth::wire {

struct FormNode {
  std::optional<std::string> value;
  std::map<std::string, FormNode, std::less<>> children;

  const FormNode* child(std::string_view name) const;
  // The children with a number for a name, in the order of the numbers.
  std::vector<const FormNode*> numbered() const;
};

// Adds the parameters of one application/x-www-form-urlencoded text. Later texts do not replace earlier ones.
class FormReader {
 public:
  Result<> add(std::string_view encoded);
  const FormNode& root() const { return root_; }

 private:
  Result<> add_parameter(std::string_view name, std::string_view value);

  FormNode root_;
  std::size_t nodes_ = 0;
};

}  // namespace berth::wire
