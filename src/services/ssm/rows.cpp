#include "services/ssm/rows.h"

#include <algorithm>

#include "base/arn.h"
#include "base/text.h"

namespace berth::ssm {

void add_tables(Store& store) {
  store.add<ParameterRow>();
}

namespace {

// arn:aws:ssm:<region>:<account>:parameter/a/b names /a/b, or the top-level parameter `a` when it has no
// slash.
std::string name_of_arn(const Store& store, const Arn& arn) {
  constexpr std::string_view prefix = "parameter";
  if (!arn.resource.starts_with(prefix)) return {};
  const std::string path = arn.resource.substr(prefix.size());
  return store.find<ParameterRow>(path) || path.find('/', 1) != std::string::npos ? path : path.substr(1);
}

}  // namespace

ParameterReference find_parameter(const Store& store, std::string_view reference) {
  std::string name(reference);
  if (const auto arn = parse_arn(reference)) name = name_of_arn(store, *arn);
  std::string selector;
  if (const auto colon = name.rfind(':'); colon != std::string::npos) {
    selector = name.substr(colon);
    name.resize(colon);
  }
  const auto* row = store.find<ParameterRow>(name);
  if (!row) return {};
  if (selector.empty()) return {row, &row->latest(), {}};
  const auto wanted = parse_integer(std::string_view(selector).substr(1));
  for (const auto& version : row->versions) {
    const auto& labels = version.labels;
    const bool labelled = std::find(labels.begin(), labels.end(), selector.substr(1)) != labels.end();
    if (wanted ? version.version == *wanted : labelled) return {row, &version, selector};
  }
  return {};
}

}  // namespace berth::ssm
