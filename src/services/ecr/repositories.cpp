// ECR: repositories and their settings, and the password of the registry.
#include "base/digest.h"
#include "handlers/ecr.h"
#include "services/ecr/errors.h"
#include "services/ecr/password.h"
#include "services/ecr/repository.h"
#include "services/ecr/tagging.h"
#include "services/lists.h"
#include "services/paging.h"
#include "services/tags.h"

namespace berth::ecr {
namespace {

constexpr std::int64_t repositories_per_page = 100;

using Exclusions = std::vector<ImageTagMutabilityExclusionFilter>;

Repository describe_repository(const Settings& settings, const RepositoryRow& row) {
  Repository repository;
  repository.repository_arn = repository_arn(settings, row.name);
  repository.registry_id = settings.account;
  repository.repository_name = row.name;
  repository.repository_uri = repository_uri(settings, row.name);
  repository.created_at = row.created_at;
  repository.image_tag_mutability = row.tag_mutability;
  if (!row.mutability_exclusions.empty()) {
    repository.image_tag_mutability_exclusion_filters = row.mutability_exclusions;
  }
  repository.image_scanning_configuration = ImageScanningConfiguration{row.scan_on_push};
  repository.encryption_configuration.emplace().encryption_type = row.encryption_type;
  if (!row.kms_key.empty()) repository.encryption_configuration->kms_key = row.kms_key;
  return repository;
}

Result<> set_mutability(RepositoryRow& row, const std::string& mutability, const Exclusions& exclusions) {
  const bool needs_filters = mutability.ends_with("_WITH_EXCLUSION");
  if (needs_filters == exclusions.empty()) {
    return invalid_parameter("imageTagMutabilityExclusionFilters",
                             needs_filters ? "must not be empty when imageTagMutability is " + mutability
                                           : "must be empty when imageTagMutability is " + mutability);
  }
  row.tag_mutability = mutability;
  row.mutability_exclusions = exclusions;
  return {};
}

Result<> set_encryption(RepositoryRow& row, const std::optional<EncryptionConfiguration>& wanted) {
  if (!wanted) return {};
  row.encryption_type = wanted->encryption_type.value_or("AES256");
  if (row.encryption_type != "AES256")
    return unsupported("repositories encrypted with " + row.encryption_type);
  return {};
}

Result<std::vector<const RepositoryRow*>> chosen_repositories(const Context& context,
                                                              const DescribeRepositoriesRequest& input) {
  const std::string registry = input.registry_id.value_or(context.settings.account);
  std::vector<const RepositoryRow*> rows;
  if (!input.repository_names) {
    if (registry != context.settings.account) return rows;
    for (const auto& [name, row] : context.store.all<RepositoryRow>()) rows.push_back(&row);
    return rows;
  }
  for (const auto& name : *input.repository_names) {
    const auto found = find_repository(context, name, registry);
    if (!found) return found.error();
    rows.push_back(*found);
  }
  return rows;
}

}  // namespace

Result<CreateRepositoryResponse> create_repository(Context& context, const CreateRepositoryRequest& input) {
  RepositoryRow row;
  row.name = input.repository_name.value_or("");
  if (auto checked = check_repository_name(row.name); !checked) return checked.error();
  if (context.store.find<RepositoryRow>(row.name)) {
    return repository_exists(row.name, context.settings.account);
  }
  row.created_at = context.now();
  auto mutability = set_mutability(row, input.image_tag_mutability.value_or("MUTABLE"),
                                   services::list_of(input.image_tag_mutability_exclusion_filters));
  if (!mutability) return mutability.error();
  if (auto encrypted = set_encryption(row, input.encryption_configuration); !encrypted)
    return encrypted.error();
  if (input.image_scanning_configuration) {
    row.scan_on_push = input.image_scanning_configuration->scan_on_push.value_or(false);
  }
  if (auto tagged = add_tags(row, services::list_of(input.tags)); !tagged) return tagged.error();
  context.store.put(row);
  return CreateRepositoryResponse{describe_repository(context.settings, row)};
}

Result<DescribeRepositoriesResponse> describe_repositories(Context& context,
                                                           const DescribeRepositoriesRequest& input) {
  auto rows = chosen_repositories(context, input);
  if (!rows) return rows.error();
  auto page = services::page_of(
      std::move(*rows), input.next_token, input.max_results.value_or(repositories_per_page),
      [](const RepositoryRow* row) { return row->name; }, invalid_page_token);
  if (!page) return page.error();
  DescribeRepositoriesResponse response;
  response.next_token = page->next_token;
  response.repositories.emplace();
  for (const auto* row : page->items) {
    response.repositories->push_back(describe_repository(context.settings, *row));
  }
  return response;
}

Result<DeleteRepositoryResponse> delete_repository(Context& context, const DeleteRepositoryRequest& input) {
  const auto found = find_repository(context, input.repository_name, input.registry_id);
  if (!found) return found.error();
  const std::string name = (*found)->name;
  std::vector<std::string> images;
  for (const auto* entry : context.store.rows_of<ImageRow>(name)) images.push_back(entry->first);
  if (!images.empty() && !input.force.value_or(false)) {
    return repository_not_empty(name, context.settings.account);
  }
  DeleteRepositoryResponse response{describe_repository(context.settings, **found)};
  for (const auto& image : images) context.store.erase<ImageRow>(image);
  context.store.erase<LifecyclePreviewRow>(name);
  context.store.erase<RepositoryRow>(name);
  return response;
}

Result<PutImageTagMutabilityResponse> put_image_tag_mutability(Context& context,
                                                               const PutImageTagMutabilityRequest& input) {
  const auto row = edit_repository(context, input.repository_name, input.registry_id);
  if (!row) return row.error();
  const auto& exclusions = input.image_tag_mutability_exclusion_filters;
  auto set = set_mutability(**row, input.image_tag_mutability.value_or(""), services::list_of(exclusions));
  if (!set) return set.error();
  PutImageTagMutabilityResponse response;
  response.registry_id = context.settings.account;
  response.repository_name = (*row)->name;
  response.image_tag_mutability = (*row)->tag_mutability;
  response.image_tag_mutability_exclusion_filters = exclusions;
  return response;
}

// Kept and shown; that nothing is scanned, DescribeImages says.
Result<PutImageScanningConfigurationResponse> put_image_scanning_configuration(
    Context& context, const PutImageScanningConfigurationRequest& input) {
  const auto row = edit_repository(context, input.repository_name, input.registry_id);
  if (!row) return row.error();
  const auto& wanted = input.image_scanning_configuration;
  (*row)->scan_on_push = wanted && wanted->scan_on_push.value_or(false);
  PutImageScanningConfigurationResponse response;
  response.registry_id = context.settings.account;
  response.repository_name = (*row)->name;
  response.image_scanning_configuration = ImageScanningConfiguration{(*row)->scan_on_push};
  return response;
}

Result<GetAuthorizationTokenResponse> get_authorization_token(Context& context,
                                                              const GetAuthorizationTokenRequest& input) {
  for (const auto& registry : services::list_of(input.registry_ids)) {
    if (registry != context.settings.account)
      return unsupported("the registry of another account, " + registry);
  }
  if (context.store.all<RegistryUseRow>().empty()) context.store.put(RegistryUseRow{context.now()});
  const Time expires_at = context.loop.real_now() + password_life;
  const std::string password =
      make_password(context.settings.registry_key, context.principal.arn, expires_at);
  AuthorizationData data;
  data.authorization_token = base64(std::string(registry_user) + ":" + password);
  data.expires_at = expires_at;
  data.proxy_endpoint = "http://" + context.settings.registry_address;
  return GetAuthorizationTokenResponse{{{data}}};
}

}  // namespace berth::ecr
