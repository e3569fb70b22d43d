// The object that a copy is made of, as x-amz-copy-source names it.
#pragma once

#include "base/result.h"
#include "services/s3/object_checks.h"
#include "services/s3/rows.h"

namespace berth::s3 {

// Checks the conditions of the copy too. The role that asks may read it: see gateway/resource_arns.
template <class Request>
Result<const ObjectRow*> find_copy_source(const Context& context, const Request& input);

Result<const ObjectRow*> find_source(const Context& context, const std::string& source);
Result<> check_copy(const Conditions& conditions, const ObjectRow& row);

template <class Request>
Result<const ObjectRow*> find_copy_source(const Context& context, const Request& input) {
  auto row = find_source(context, input.copy_source.value_or(""));
  if (!row) return row;
  auto checked = check_copy({input.copy_source_if_match, input.copy_source_if_none_match,
                             input.copy_source_if_modified_since, input.copy_source_if_unmodified_since},
                            **row);
  if (!checked) return checked.error();
  return row;
}

}  // namespace berth::s3
