// Labels: names for versions of a parameter, moved from one version to another.
#include <algorithm>
#include <regex>

#include "base/text.h"
#include "handlers/ssm.h"
#include "services/ssm/rows.h"

namespace berth::ssm {
namespace {

constexpr std::size_t labels_max = 10;  // AWS: on one version

bool is_label(const std::string& text) {
  static const std::regex allowed("[a-zA-Z_.-][a-zA-Z0-9_.-]{0,99}");
  const std::string lowered = lower(text);
  return std::regex_match(text, allowed) && !lowered.starts_with("aws") && !lowered.starts_with("ssm");
}

Result<ParameterVersion*> edit_version(Context& context, const std::optional<std::string>& name,
                                       const std::optional<std::int64_t>& version) {
  auto* row = context.store.edit<ParameterRow>(name.value_or(""));
  if (!row) return Error{"ParameterNotFound", ""};
  if (!version) return &row->versions.back();
  for (auto& candidate : row->versions) {
    if (candidate.version == *version) return &candidate;
  }
  return Error{"ParameterVersionNotFound", "Systems Manager could not find version " +
                                               std::to_string(*version) + " of " + row->name +
                                               ". "
                                               "Verify the version and try again."};
}

}  // namespace

Result<LabelParameterVersionResult> label_parameter_version(Context& context,
                                                            const LabelParameterVersionRequest& input) {
  auto version = edit_version(context, input.name, input.parameter_version);
  if (!version) return version.error();
  LabelParameterVersionResult result;
  result.invalid_labels.emplace();
  result.parameter_version = (*version)->version;
  for (const auto& label : input.labels.value_or(std::vector<std::string>{})) {
    if (!is_label(label)) {
      result.invalid_labels->push_back(label);
      continue;
    }
    for (auto& other : context.store.edit<ParameterRow>(*input.name)->versions)
      std::erase(other.labels, label);
    (*version)->labels.push_back(label);
  }
  if ((*version)->labels.size() > labels_max) {
    return Error{
        "ParameterVersionLabelLimitExceeded",
        "A parameter version can have maximum 10 labels. Move one or more labels to another version and try "
        "again."};
  }
  return result;
}

Result<UnlabelParameterVersionResult> unlabel_parameter_version(Context& context,
                                                                const UnlabelParameterVersionRequest& input) {
  auto version = edit_version(context, input.name, input.parameter_version);
  if (!version) return version.error();
  UnlabelParameterVersionResult result;
  result.removed_labels.emplace();
  result.invalid_labels.emplace();
  for (const auto& label : input.labels.value_or(std::vector<std::string>{})) {
    const bool removed = std::erase((*version)->labels, label) > 0;
    (removed ? result.removed_labels : result.invalid_labels)->push_back(label);
  }
  return result;
}

}  // namespace berth::ssm
