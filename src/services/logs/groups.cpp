// CloudWatch Logs: groups, their retention and tags.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "handlers/logs.h"
#include "services/logs/listing.h"
#include "services/logs/rows.h"
#include "services/tags.h"
#include "store/log_events.h"

namespace berth::logs {
namespace {

constexpr std::size_t group_name_characters_max = 512;
constexpr std::array retention_choices_days{1,   3,   5,   7,   14,   30,   60,   90,   120,  150,  180,
                                            365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};

using Tags = std::map<std::string, std::string>;

Result<> check_group_name(const std::string& name) {
  const auto refused = [&](const std::string& constraint) {
    return invalid_parameter(fmt::format(
        "1 validation error detected: Value '{}' at 'logGroupName' failed to satisfy constraint: Member "
        "must {}",
        name, constraint));
  };
  if (name.empty()) return refused("have length greater than or equal to 1");
  if (name.size() > group_name_characters_max) return refused("have length less than or equal to 512");
  const bool fits = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '-' || c == '_' || c == '/' || c == '#';
  });
  if (!fits) return refused("satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+");
  if (name.starts_with("aws/"))
    return invalid_parameter("Log groups starting with AWS/ are reserved for AWS.");
  return {};
}

Result<> add_tags(Tags& tags, const std::optional<Tags>& added) {
  for (const auto& [key, value] : added.value_or(Tags{})) tags[key] = value;
  if (services::too_many_tags(tags)) {
    return Error{"TooManyTagsException", "The resource already has the maximum number of tags."};
  }
  return {};
}

Result<LogGroupRow*> edit_group(Context& context, const std::optional<std::string>& name) {
  auto found = find_group(context.store, name);
  if (!found) return found.error();
  return context.store.edit<LogGroupRow>((*found)->name);
}

LogGroup describe(const Context& context, const LogGroupRow& row) {
  LogGroup group;
  group.log_group_name = row.name;
  group.creation_time = unix_ms(row.created_at);
  if (row.retention_days) group.retention_in_days = *row.retention_days;
  group.metric_filter_count = 0;
  group.log_group_arn = group_arn(context.settings, row.name);
  group.arn = *group.log_group_arn + ":*";
  group.log_group_class = row.log_group_class;
  group.deletion_protection_enabled = row.deletion_protection;
  group.stored_bytes = 0;
  for (const auto* stream : streams_of(context.store, row.name)) *group.stored_bytes += stream->stored_bytes;
  return group;
}

bool is_wanted(const LogGroupRow& row, const DescribeLogGroupsRequest& input) {
  if (!row.name.starts_with(input.log_group_name_prefix.value_or(""))) return false;
  if (row.name.find(input.log_group_name_pattern.value_or("")) == std::string::npos) return false;
  return !input.log_group_class || row.log_group_class == *input.log_group_class;
}

}  // namespace

Result<CreateLogGroupOutput> create_log_group(Context& context, const CreateLogGroupRequest& input) {
  LogGroupRow row;
  row.name = input.log_group_name.value_or("");
  if (auto checked = check_group_name(row.name); !checked) return checked.error();
  if (context.store.find<LogGroupRow>(row.name)) {
    return Error{"ResourceAlreadyExistsException", "The specified log group already exists"};
  }
  if (input.kms_key_id)
    return invalid_parameter("berth does not encrypt log groups: kmsKeyId is not supported");
  row.created_at = context.now();
  row.log_group_class = input.log_group_class.value_or("STANDARD");
  row.deletion_protection = input.deletion_protection_enabled.value_or(false);
  if (auto tagged = add_tags(row.tags, input.tags); !tagged) return tagged.error();
  context.store.put(std::move(row));
  return CreateLogGroupOutput{};
}

Result<DeleteLogGroupOutput> delete_log_group(Context& context, const DeleteLogGroupRequest& input) {
  auto found = find_group(context.store, input.log_group_name);
  if (!found) return found.error();
  const LogGroupRow& row = **found;
  if (row.deletion_protection) {
    return Error{"ValidationException", "The log group has deletion protection enabled."};
  }
  const std::string name = row.name;
  if (auto erased = context.log_events.erase(name, "", std::nullopt); !erased) return erased.error();
  std::vector<std::string> keys;
  for (const auto* stream : streams_of(context.store, name)) keys.push_back(stream->key());
  for (const auto& key : keys) context.store.erase<LogStreamRow>(key);
  context.store.erase<LogGroupRow>(name);
  return DeleteLogGroupOutput{};
}

Result<DescribeLogGroupsResponse> describe_log_groups(Context& context,
                                                      const DescribeLogGroupsRequest& input) {
  if (input.log_group_name_prefix && input.log_group_name_pattern) {
    return invalid_parameter(
        "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
  }
  const std::int64_t limit = input.limit.value_or(listing_page_max);
  if (limit < 1 || limit > listing_page_max) {
    return invalid_parameter(fmt::format(
        "1 validation error detected: Value '{}' at 'limit' failed to satisfy constraint: Member must "
        "have value less than or equal to 50",
        limit));
  }
  std::vector<const LogGroupRow*> rows;
  for (const auto& [name, row] : context.store.all<LogGroupRow>()) {
    if (is_wanted(row, input)) rows.push_back(&row);
  }
  auto page = services::page_of(
      std::move(rows), input.next_token, limit, [](const LogGroupRow* row) { return row->name; }, bad_token);
  if (!page) return page.error();
  DescribeLogGroupsResponse response;
  response.log_groups.emplace();
  for (const auto* row : page->items) response.log_groups->push_back(describe(context, *row));
  response.next_token = std::move(page->next_token);
  return response;
}

Result<PutRetentionPolicyOutput> put_retention_policy(Context& context,
                                                      const PutRetentionPolicyRequest& input) {
  auto row = edit_group(context, input.log_group_name);
  if (!row) return row.error();
  const auto days = input.retention_in_days.value_or(0);
  if (std::find(retention_choices_days.begin(), retention_choices_days.end(), days) ==
      retention_choices_days.end()) {
    return invalid_parameter(fmt::format(
        "1 validation error detected: Value '{}' at 'retentionInDays' failed to satisfy constraint: "
        "Member must satisfy enum value set: [{}]",
        days, fmt::join(retention_choices_days, ", ")));
  }
  (*row)->retention_days = static_cast<int>(days);
  return PutRetentionPolicyOutput{};
}

Result<DeleteRetentionPolicyOutput> delete_retention_policy(Context& context,
                                                            const DeleteRetentionPolicyRequest& input) {
  auto row = edit_group(context, input.log_group_name);
  if (!row) return row.error();
  (*row)->retention_days.reset();
  return DeleteRetentionPolicyOutput{};
}

Result<TagResourceOutput> tag_resource(Context& context, const TagResourceRequest& input) {
  auto row = edit_group(context, input.resource_arn);
  if (!row) return row.error();
  if (auto tagged = add_tags((*row)->tags, input.tags); !tagged) return tagged.error();
  return TagResourceOutput{};
}

Result<UntagResourceOutput> untag_resource(Context& context, const UntagResourceRequest& input) {
  auto row = edit_group(context, input.resource_arn);
  if (!row) return row.error();
  for (const auto& key : input.tag_keys.value_or(std::vector<std::string>{})) (*row)->tags.erase(key);
  return UntagResourceOutput{};
}

Result<ListTagsForResourceResponse> list_tags_for_resource(Context& context,
                                                           const ListTagsForResourceRequest& input) {
  auto row = find_group(context.store, input.resource_arn);
  if (!row) return row.error();
  return ListTagsForResourceResponse{(*row)->tags};
}

Result<TagLogGroupOutput> tag_log_group(Context& context, const TagLogGroupRequest& input) {
  auto row = edit_group(context, input.log_group_name);
  if (!row) return row.error();
  if (auto tagged = add_tags((*row)->tags, input.tags); !tagged) return tagged.error();
  return TagLogGroupOutput{};
}

Result<UntagLogGroupOutput> untag_log_group(Context& context, const UntagLogGroupRequest& input) {
  auto row = edit_group(context, input.log_group_name);
  if (!row) return row.error();
  for (const auto& key : input.tags.value_or(std::vector<std::string>{})) (*row)->tags.erase(key);
  return UntagLogGroupOutput{};
}

Result<ListTagsLogGroupResponse> list_tags_log_group(Context& context, const ListTagsLogGroupRequest& input) {
  auto row = find_group(context.store, input.log_group_name);
  if (!row) return row.error();
  return ListTagsLogGroupResponse{(*row)->tags};
}

}  // namespace berth::logs
