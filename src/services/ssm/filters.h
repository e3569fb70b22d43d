// The filters of DescribeParameters and GetParametersByPath: which are valid, and which parameters pass.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "services/ssm/rows.h"

namespace berth::ssm {

using ParameterFilters = std::optional<std::vector<ParameterStringFilter>>;

enum class Filtered { by_path, described };

Result<> check_filters(const ParameterFilters& filters, Filtered operation);

// DescribeParameters' older `Filters`, as filters of today.
ParameterFilters modern(const std::vector<ParametersFilter>& filters);

bool lies_below(const ParameterRow& row, const std::string& path, bool recursive);

// The version that all filters let through: the labelled one where a label is asked for, else the latest.
const ParameterVersion* passing_version(const ParameterRow& row, const ParameterFilters& filters);

}  // namespace berth::ssm
