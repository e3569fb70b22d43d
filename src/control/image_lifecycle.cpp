#include "control/image_lifecycle.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/json.h"
#include "base/text.h"

namespace berth::control {
namespace {

constexpr std::size_t rules_max = 50;
constexpr Duration day = Duration::minutes(24 * 60);

using Status = LifecycleRule::Status;

Error invalid(std::string message) {
  return {"InvalidParameterException", std::move(message)};
}

Error no_schema_fits() {
  return invalid("instance failed to match exactly one schema (matched 0 out of 2)");
}

std::optional<std::int64_t> positive(const json::value& value, std::string_view member) {
  const json::value* found = find(value, member);
  if (found == nullptr || !found->is_int64() || found->as_int64() < 1) return std::nullopt;
  return found->as_int64();
}

Result<> read_patterns(const json::value& selection, std::string_view member, std::string_view ending,
                       std::vector<std::string>& patterns) {
  const json::value* list = find(selection, member);
  if (list == nullptr) return {};
  if (!list->is_array() || list->as_array().empty()) return no_schema_fits();
  for (const auto& entry : list->as_array()) {
    if (!entry.is_string()) return no_schema_fits();
    patterns.push_back(std::string(entry.as_string()) + std::string(ending));
  }
  return {};
}

Result<Status> read_status(const json::value& selection) {
  const std::string status = string_or(selection, "tagStatus");
  if (status == "tagged") return Status::tagged;
  if (status == "untagged") return Status::untagged;
  if (status == "any") return Status::any;
  return no_schema_fits();
}

Result<> read_count(const json::value& selection, LifecycleRule& rule) {
  const std::string type = string_or(selection, "countType");
  const auto count = positive(selection, "countNumber");
  rule.by_age = type == "sinceImagePushed";
  if (!count || (!rule.by_age && type != "imageCountMoreThan")) return no_schema_fits();
  const json::value* unit = find(selection, "countUnit");
  if (rule.by_age ? string_or(selection, "countUnit") != "days" : unit != nullptr) return no_schema_fits();
  rule.count = *count;
  return {};
}

Result<LifecycleRule> read_rule(const json::value& document) {
  const json::value* selection = find(document, "selection");
  const json::value* action = find(document, "action");
  const auto priority = positive(document, "rulePriority");
  if (selection == nullptr || action == nullptr || !priority) return no_schema_fits();
  if (string_or(*action, "type") != "expire") return no_schema_fits();
  LifecycleRule rule;
  rule.priority = static_cast<int>(*priority);
  const auto status = read_status(*selection);
  if (!status) return status.error();
  rule.status = *status;
  if (auto read = read_patterns(*selection, "tagPrefixList", "*", rule.tag_patterns); !read)
    return read.error();
  if (auto read = read_patterns(*selection, "tagPatternList", "", rule.tag_patterns); !read)
    return read.error();
  if ((rule.status == Status::tagged) == rule.tag_patterns.empty()) return no_schema_fits();
  if (auto read = read_count(*selection, rule); !read) return read.error();
  return rule;
}

Result<> check_together(const std::vector<LifecycleRule>& rules) {
  std::set<int> priorities;
  for (const auto& rule : rules) {
    if (!priorities.insert(rule.priority).second) {
      return invalid(
          fmt::format("Rule priorities must be unique: {} is given more than once", rule.priority));
    }
    if (rule.status == Status::any && &rule != &rules.back()) {
      return invalid("A rule with the tag status any must have the lowest priority of all");
    }
  }
  const auto untagged = std::count_if(rules.begin(), rules.end(),
                                      [](const auto& rule) { return rule.status == Status::untagged; });
  if (untagged > 1) return invalid("Only one rule is allowed with the tag status untagged");
  return {};
}

bool selects(const LifecycleRule& rule, const LifecycleImage& image) {
  if (rule.status == Status::any) return true;
  if (rule.status == Status::untagged) return image.tags.empty();
  return std::all_of(rule.tag_patterns.begin(), rule.tag_patterns.end(), [&](const std::string& pattern) {
    return std::any_of(image.tags.begin(), image.tags.end(),
                       [&](const std::string& tag) { return matches_wildcard(pattern, tag); });
  });
}

}  // namespace

Result<std::vector<LifecycleRule>> read_lifecycle_policy(std::string_view text) {
  json::value document;
  JsonError problem;
  if (!parse_json(text, document, problem)) {
    return invalid(
        fmt::format("could not parse the policy as JSON: line {}: {}", problem.line, problem.message));
  }
  const json::value* entries = find(document, "rules");
  if (entries == nullptr || !entries->is_array() || entries->as_array().empty()) {
    return invalid(R"(object has missing required properties (["rules"]))");
  }
  if (entries->as_array().size() > rules_max) return invalid("A policy can have at most 50 rules");
  std::vector<LifecycleRule> rules;
  for (const auto& entry : entries->as_array()) {
    auto rule = read_rule(entry);
    if (!rule) return rule.error();
    rules.push_back(std::move(*rule));
  }
  std::sort(rules.begin(), rules.end(), [](const auto& a, const auto& b) { return a.priority < b.priority; });
  if (auto checked = check_together(rules); !checked) return checked.error();
  return rules;
}

std::vector<ExpiredImage> expired_images(const std::vector<LifecycleRule>& rules,
                                         const std::vector<LifecycleImage>& images, Time now) {
  std::vector<const LifecycleImage*> youngest_first;
  for (const auto& image : images) youngest_first.push_back(&image);
  std::stable_sort(youngest_first.begin(), youngest_first.end(),
                   [](const auto* a, const auto* b) { return a->pushed_at > b->pushed_at; });
  std::vector<ExpiredImage> expired;
  std::set<const LifecycleImage*> taken;  // selected by a rule before
  for (const auto& rule : rules) {
    std::int64_t seen = 0;
    std::vector<const LifecycleImage*> selected;
    for (const auto* image : youngest_first) {
      if (!selects(rule, *image)) continue;
      ++seen;
      const bool due = rule.by_age ? now - image->pushed_at > day * rule.count : seen > rule.count;
      if (due && !taken.contains(image)) expired.push_back({image, rule.priority});
      selected.push_back(image);
    }
    taken.insert(selected.begin(), selected.end());
  }
  return expired;
}

}  // namespace berth::control
