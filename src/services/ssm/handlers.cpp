// Systems Manager: the Parameter Store.
#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "base/text.h"
#include "handlers/ssm.h"
#include "services/lists.h"
#include "services/paging.h"
#include "services/ssm/filters.h"
#include "services/ssm/rows.h"
#include "services/tags.h"

namespace berth::ssm {
namespace {

constexpr std::size_t standard_value_bytes_max = 4096;
constexpr std::size_t advanced_value_bytes_max = 8192;
constexpr std::size_t versions_max = 100;
constexpr std::size_t hierarchy_levels_max = 15;
constexpr const char* default_key = "alias/aws/ssm";

std::string parameter_arn(const Context& context, std::string_view name) {
  return context.settings.arn("ssm", fmt::format("parameter{}{}", name.starts_with('/') ? "" : "/", name));
}

// SecureString values stay hidden unless the caller asks for decryption, as on AWS, where only the ciphertext
// shows.
std::string shown_value(const ParameterVersion& version, bool decrypt) {
  if (version.type != "SecureString" || decrypt) return version.value;
  return "****";
}

Parameter describe(const Context& context, const ParameterReference& found, bool decrypt) {
  Parameter parameter;
  parameter.name = found.row->name;
  parameter.type = found.version->type;
  parameter.value = shown_value(*found.version, decrypt);
  parameter.version = found.version->version;
  if (!found.selector.empty()) parameter.selector = found.selector;
  parameter.last_modified_date = found.version->modified_at;
  parameter.arn = parameter_arn(context, found.row->name);
  parameter.data_type = found.version->data_type;
  return parameter;
}

Result<> check_name(const std::string& name) {
  static const std::regex allowed("[a-zA-Z0-9_.\\-/]+");
  const std::string first = lower(name.starts_with('/') ? name.substr(1) : name);
  if (first.starts_with("aws") || first.starts_with("ssm")) {
    return Error{"ValidationException",
                 "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). "};
  }
  if (!std::regex_match(name, allowed) || name.ends_with('/')) {
    return Error{"ValidationException",
                 "Parameter name must not end with slash. Only a mix of letters, numbers and the following 4 "
                 "symbols .-_/ is allowed."};
  }
  if (std::count(name.begin(), name.end(), '/') > 0 && !name.starts_with('/')) {
    return Error{"ValidationException", "Parameter name must be a fully qualified name."};
  }
  if (static_cast<std::size_t>(std::count(name.begin(), name.end(), '/')) > hierarchy_levels_max) {
    return Error{"HierarchyLevelLimitExceededException",
                 fmt::format("A parameter name hierarchy can have at most {} levels.", hierarchy_levels_max)};
  }
  return {};
}

Result<> check_value(const ParameterVersion& version) {
  const std::size_t bytes_max =
      version.tier == "Standard" ? standard_value_bytes_max : advanced_value_bytes_max;
  if (version.value.empty()) {
    return Error{
        "ValidationException",
        "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have "
        "length greater than or equal to 1"};
  }
  if (version.value.size() > bytes_max) {
    return Error{
        "ValidationException",
        fmt::format("{} tier parameters support a maximum parameter value of {} characters. To create a "
                    "larger parameter value, upgrade the parameter to use the advanced-parameter tier.",
                    version.tier, bytes_max)};
  }
  if (version.allowed_pattern.empty()) return {};
  try {
    if (std::regex_match(version.value, std::regex(version.allowed_pattern))) return {};
  } catch (const std::regex_error&) {
    return Error{"InvalidAllowedPatternException",
                 "The request does not meet the regular expression requirement."};
  }
  return Error{"ParameterPatternMismatchException",
               "Parameter value, cannot be validated against allowedPattern: " + version.allowed_pattern};
}

// The only key that there is without a KMS.
Result<> check_key_id(const Context& context, const PutParameterRequest& input, const std::string& type) {
  if (!input.key_id) return {};
  if (type != "SecureString") {
    return Error{"ValidationException", "KeyId is required for SecureString type parameter only."};
  }
  const std::string& key = *input.key_id;
  if (key == default_key || key == context.settings.arn("kms", default_key)) return {};
  return Error{"InvalidKeyId",
               fmt::format("Key '{}' does not exist (Service: AWSKMS; Status Code: 400; Error "
                           "Code: NotFoundException; Request ID: {}; Proxy: null)",
                           key, context.request_id)};
}

Result<> check_type_change(const std::string& before, const std::string& after) {
  if (before == after || (before != "SecureString" && after != "SecureString")) return {};
  return Error{"HierarchyTypeMismatchException",
               fmt::format("Parameter Store doesn't support changing a parameter type in a hierarchy. For "
                           "example, you can't change a parameter from a {} type to a {} type. You must "
                           "create a new, unique parameter.",
                           before, after)};
}

Result<ParameterRow*> tagged_parameter(Context& context, const std::optional<std::string>& type,
                                       const std::optional<std::string>& id) {
  if (type != "Parameter") {
    return Error{"InvalidResourceType",
                 "The resource type is not valid. Valid resource types are: Parameter."};
  }
  auto* row = context.store.edit<ParameterRow>(id.value_or(""));
  if (!row)
    return Error{"InvalidResourceId",
                 "The resource ID is not valid. Verify that you entered the correct ID."};
  return row;
}

}  // namespace

Result<PutParameterResult> put_parameter(Context& context, const PutParameterRequest& input) {
  const std::string name = input.name.value_or("");
  if (auto named = check_name(name); !named) return named.error();
  const auto* existing = context.store.find<ParameterRow>(name);
  if (existing && !input.overwrite.value_or(false)) {
    return Error{
        "ParameterAlreadyExists",
        "The parameter already exists. To overwrite this value, set the overwrite option in the request "
        "to true."};
  }
  if (existing && input.tags) {
    return Error{
        "ValidationException",
        "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, "
        "please remove overwrite flag. To update tags for an existing parameter, please use "
        "AddTagsToResource or RemoveTagsFromResource."};
  }
  if (!existing && !input.type) {
    return Error{"ValidationException", "A parameter type is required when you create a parameter."};
  }
  ParameterRow row = existing ? *existing : ParameterRow{name, {}, input.tags.value_or(std::vector<Tag>{})};
  ParameterVersion version = existing ? existing->latest() : ParameterVersion{};
  version.version = existing ? version.version + 1 : 1;
  version.labels.clear();  // a label stays with the version that it was given to
  version.value = input.value.value_or("");
  if (input.type) version.type = *input.type;
  if (input.description) version.description = *input.description;
  if (input.allowed_pattern) version.allowed_pattern = *input.allowed_pattern;
  if (input.tier) version.tier = *input.tier == "Intelligent-Tiering" ? "Standard" : *input.tier;
  if (input.data_type) version.data_type = *input.data_type;
  if (existing) {
    auto changed = check_type_change(existing->latest().type, version.type);
    if (!changed) return changed.error();
  }
  if (auto checked = check_key_id(context, input, version.type); !checked) return checked.error();
  version.key_id = version.type == "SecureString" ? input.key_id.value_or(default_key) : "";
  version.modified_by = context.principal.arn;
  version.modified_at = context.now();
  if (auto checked = check_value(version); !checked) return checked.error();
  row.versions.push_back(version);
  if (row.versions.size() > versions_max) row.versions.erase(row.versions.begin());
  context.store.put(std::move(row));
  PutParameterResult result;
  result.version = version.version;
  result.tier = version.tier;
  return result;
}

Result<GetParameterResult> get_parameter(Context& context, const GetParameterRequest& input) {
  const auto found = find_parameter(context.store, input.name.value_or(""));
  if (!found.version) return Error{"ParameterNotFound", ""};
  GetParameterResult result;
  result.parameter = describe(context, found, input.with_decryption.value_or(false));
  return result;
}

Result<GetParametersResult> get_parameters(Context& context, const GetParametersRequest& input) {
  GetParametersResult result;
  result.parameters.emplace();
  result.invalid_parameters.emplace();
  for (const auto& name : input.names.value_or(std::vector<std::string>{})) {
    const auto found = find_parameter(context.store, name);
    if (found.version) {
      result.parameters->push_back(describe(context, found, input.with_decryption.value_or(false)));
    } else {
      result.invalid_parameters->push_back(name);
    }
  }
  return result;
}

Result<GetParametersByPathResult> get_parameters_by_path(Context& context,
                                                         const GetParametersByPathRequest& input) {
  auto checked = check_filters(input.parameter_filters, Filtered::by_path);
  if (!checked) return checked.error();
  std::vector<Parameter> found;
  for (const auto& [name, row] : context.store.all<ParameterRow>()) {
    if (!lies_below(row, input.path.value_or("/"), input.recursive.value_or(false))) continue;
    const auto* version = passing_version(row, input.parameter_filters);
    if (!version) continue;
    found.push_back(describe(context, {&row, version, {}}, input.with_decryption.value_or(false)));
  }
  auto page = services::page_of(
      std::move(found), input.next_token, input.max_results.value_or(10),
      [](const Parameter& parameter) { return *parameter.name; }, services::invalid_next_token);
  if (!page) return page.error();
  return GetParametersByPathResult{std::move(page->items), std::move(page->next_token)};
}

Result<GetParameterHistoryResult> get_parameter_history(Context& context,
                                                        const GetParameterHistoryRequest& input) {
  const auto* row = context.store.find<ParameterRow>(input.name.value_or(""));
  if (!row) return Error{"ParameterNotFound", ""};
  std::vector<ParameterHistory> versions;
  for (const auto& version : row->versions) {
    ParameterHistory entry;
    entry.name = row->name;
    entry.type = version.type;
    if (!version.key_id.empty()) entry.key_id = version.key_id;
    entry.last_modified_date = version.modified_at;
    entry.last_modified_user = version.modified_by;
    if (!version.description.empty()) entry.description = version.description;
    entry.value = shown_value(version, input.with_decryption.value_or(false));
    if (!version.allowed_pattern.empty()) entry.allowed_pattern = version.allowed_pattern;
    entry.version = version.version;
    entry.labels = version.labels;
    entry.tier = version.tier;
    entry.policies.emplace();
    entry.data_type = version.data_type;
    versions.push_back(std::move(entry));
  }
  auto page = services::page_of(
      std::move(versions), input.next_token, input.max_results.value_or(50),
      [](const ParameterHistory& entry) { return std::to_string(*entry.version); },
      services::invalid_next_token);
  if (!page) return page.error();
  return GetParameterHistoryResult{std::move(page->items), std::move(page->next_token)};
}

Result<DescribeParametersResult> describe_parameters(Context& context,
                                                     const DescribeParametersRequest& input) {
  const auto& older = services::list_of(input.filters);
  if (!older.empty() && !services::list_of(input.parameter_filters).empty()) {
    return Error{"ValidationException",
                 "You can use either Filters or ParameterFilters in a single request."};
  }
  const auto filters = older.empty() ? input.parameter_filters : modern(older);
  if (auto checked = check_filters(filters, Filtered::described); !checked) return checked.error();
  std::vector<ParameterMetadata> found;
  for (const auto& [name, row] : context.store.all<ParameterRow>()) {
    if (!passing_version(row, filters)) continue;
    const auto& version = row.latest();
    ParameterMetadata entry;
    entry.name = name;
    entry.arn = parameter_arn(context, name);
    entry.type = version.type;
    if (!version.key_id.empty()) entry.key_id = version.key_id;
    entry.last_modified_date = version.modified_at;
    entry.last_modified_user = version.modified_by;
    if (!version.description.empty()) entry.description = version.description;
    if (!version.allowed_pattern.empty()) entry.allowed_pattern = version.allowed_pattern;
    entry.version = version.version;
    entry.tier = version.tier;
    entry.policies.emplace();
    entry.data_type = version.data_type;
    found.push_back(std::move(entry));
  }
  auto page = services::page_of(
      std::move(found), input.next_token, input.max_results.value_or(50),
      [](const ParameterMetadata& entry) { return *entry.name; }, services::invalid_next_token);
  if (!page) return page.error();
  return DescribeParametersResult{std::move(page->items), std::move(page->next_token)};
}

Result<DeleteParameterResult> delete_parameter(Context& context, const DeleteParameterRequest& input) {
  if (!context.store.erase<ParameterRow>(input.name.value_or(""))) return Error{"ParameterNotFound", ""};
  return DeleteParameterResult{};
}

Result<DeleteParametersResult> delete_parameters(Context& context, const DeleteParametersRequest& input) {
  DeleteParametersResult result;
  result.deleted_parameters.emplace();
  result.invalid_parameters.emplace();
  for (const auto& name : input.names.value_or(std::vector<std::string>{})) {
    (context.store.erase<ParameterRow>(name) ? result.deleted_parameters : result.invalid_parameters)
        ->push_back(name);
  }
  return result;
}

Result<AddTagsToResourceResult> add_tags_to_resource(Context& context,
                                                     const AddTagsToResourceRequest& input) {
  auto row = tagged_parameter(context, input.resource_type, input.resource_id);
  if (!row) return row.error();
  services::merge_tags((*row)->tags, input.tags.value_or(std::vector<Tag>{}));
  return AddTagsToResourceResult{};
}

Result<RemoveTagsFromResourceResult> remove_tags_from_resource(Context& context,
                                                               const RemoveTagsFromResourceRequest& input) {
  auto row = tagged_parameter(context, input.resource_type, input.resource_id);
  if (!row) return row.error();
  services::remove_tags((*row)->tags, input.tag_keys.value_or(std::vector<std::string>{}));
  return RemoveTagsFromResourceResult{};
}

Result<ListTagsForResourceResult> list_tags_for_resource(Context& context,
                                                         const ListTagsForResourceRequest& input) {
  auto row = tagged_parameter(context, input.resource_type, input.resource_id);
  if (!row) return row.error();
  return ListTagsForResourceResult{(*row)->tags};
}

}  // namespace berth::ssm
