// Prints docs/coverage.md from the dispatch tables and the resource types: what berth implements, what AWS has besides,
// and what is recorded without doing anything.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "region/services.h"
#include "cloudformation/resource_type.h"
#include "cloudformation/types/types.h"

int main() {
  using namespace berth;
  cfn::types::add_all();
  std::cout << "# What berth implements\n\n"
               "Generated from the dispatch tables by `build/release/bin/coverage`; a test holds this page to them. Every "
               "operation\nthat is not listed answers `NotImplemented` in its own protocol.\n";
  for (const auto& handlers : implemented_services()) {
    const auto& service = handlers.service;
    std::cout << fmt::format("\n## {} ({} of {} operations)\n\n", service.title, service.operations.size(),
                             service.all_operations.size());
    for (const auto& operation : service.operations) std::cout << "- " << operation.name << "\n";
  }
  std::cout << "\n## CloudFormation resource types\n\n| type | what it is here |\n|---|---|\n";
  for (const auto name : cfn::type_names()) {
    const auto recorded = cfn::find_type(name)->recorded_only();
    std::cout << fmt::format("| {} | {} |\n", name, recorded.empty() ? "does its job" : recorded);
  }
  return 0;
}
