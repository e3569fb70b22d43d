// ECR: lifecycle policies and their previews.
#include "services/ecr/lifecycle.h"

#include <algorithm>
#include <utility>

#include "handlers/ecr.h"
#include "services/ecr/errors.h"
#include "services/ecr/repository.h"
#include "services/ecr/tagging.h"
#include "services/paging.h"

namespace berth::ecr {
namespace {

constexpr std::int64_t results_per_page = 100;

Error policy_not_found(const Context& context, std::string_view repository) {
  return document_not_found("LifecyclePolicyNotFoundException", "Lifecycle policy", repository,
                            context.settings.account);
}

Error preview_not_found(const Context& context, std::string_view repository) {
  return document_not_found("LifecyclePolicyPreviewNotFoundException", "Lifecycle policy preview", repository,
                            context.settings.account);
}

Result<std::vector<control::LifecycleRule>> read_policy(const std::string& text) {
  auto rules = control::read_lifecycle_policy(text);
  if (rules) return rules;
  return invalid_parameter("LifecyclePolicyText",
                           "Lifecycle policy validation failure: " + rules.error().message);
}

template <class Response>
Response answer_with(const Context& context, const RepositoryRow& row,
                     const std::optional<std::string>& text) {
  auto response = answer_for<Response>(context, row);
  response.lifecycle_policy_text = text;
  return response;
}

LifecyclePolicyPreviewResult show_expired(const control::ExpiredImage& expired) {
  LifecyclePolicyPreviewResult result;
  result.image_digest = expired.image->digest;
  if (!expired.image->tags.empty()) result.image_tags = expired.image->tags;
  result.image_pushed_at = expired.image->pushed_at;
  result.action = LifecyclePolicyRuleAction{"EXPIRE"};
  result.applied_rule_priority = expired.rule_priority;
  return result;
}

}  // namespace

std::vector<control::LifecycleImage> lifecycle_images(const Store& store, std::string_view repository) {
  std::vector<control::LifecycleImage> images;
  for (const auto* entry : store.rows_of<ImageRow>(repository)) {
    const ImageRow& row = entry->second;
    images.push_back({row.digest, row.tags, row.pushed_at});
  }
  return images;
}

std::vector<control::ExpiredImage> expired_images(const Store& store, std::string_view repository,
                                                  const std::vector<control::LifecycleRule>& rules,
                                                  const std::vector<control::LifecycleImage>& images,
                                                  Time now) {
  auto expired = control::expired_images(rules, images, now);
  const auto goes = [&](const std::string& digest) {
    return std::any_of(expired.begin(), expired.end(),
                       [&](const auto& one) { return one.image->digest == digest; });
  };
  std::vector<control::ExpiredImage> free;
  for (const auto& one : expired) {
    const auto* row = store.find<ImageRow>(ImageRow::key_of(repository, one.image->digest));
    const auto lists = lists_of(store, *row);
    if (std::all_of(lists.begin(), lists.end(), goes)) free.push_back(one);
  }
  return free;
}

std::size_t apply_lifecycle_policy(Store& store, const RepositoryRow& repository, Time now) {
  const auto rules = control::read_lifecycle_policy(repository.lifecycle_policy.value_or(""));
  store.edit<RepositoryRow>(repository.name)->lifecycle_evaluated_at = now;
  if (!rules) return 0;
  const auto images = lifecycle_images(store, repository.name);
  const auto expired = expired_images(store, repository.name, *rules, images, now);
  for (const auto& one : expired) store.erase<ImageRow>(ImageRow::key_of(repository.name, one.image->digest));
  return expired.size();
}

Result<PutLifecyclePolicyResponse> put_lifecycle_policy(Context& context,
                                                        const PutLifecyclePolicyRequest& input) {
  const auto row = edit_repository(context, input.repository_name, input.registry_id);
  if (!row) return row.error();
  const std::string text = input.lifecycle_policy_text.value_or("");
  if (const auto rules = read_policy(text); !rules) return rules.error();
  (*row)->lifecycle_policy = text;
  (*row)->lifecycle_evaluated_at.reset();
  return answer_with<PutLifecyclePolicyResponse>(context, **row, text);
}

Result<GetLifecyclePolicyResponse> get_lifecycle_policy(Context& context,
                                                        const GetLifecyclePolicyRequest& input) {
  const auto row = find_repository(context, input.repository_name, input.registry_id);
  if (!row) return row.error();
  if (!(*row)->lifecycle_policy) return policy_not_found(context, (*row)->name);
  auto response = answer_with<GetLifecyclePolicyResponse>(context, **row, (*row)->lifecycle_policy);
  response.last_evaluated_at = (*row)->lifecycle_evaluated_at;
  return response;
}

Result<DeleteLifecyclePolicyResponse> delete_lifecycle_policy(Context& context,
                                                              const DeleteLifecyclePolicyRequest& input) {
  const auto row = edit_repository(context, input.repository_name, input.registry_id);
  if (!row) return row.error();
  if (!(*row)->lifecycle_policy) return policy_not_found(context, (*row)->name);
  const auto text = std::exchange((*row)->lifecycle_policy, std::nullopt);
  auto response = answer_with<DeleteLifecyclePolicyResponse>(context, **row, text);
  response.last_evaluated_at = std::exchange((*row)->lifecycle_evaluated_at, std::nullopt);
  return response;
}

// AWS takes a while; here the result is there at once.
Result<StartLifecyclePolicyPreviewResponse> start_lifecycle_policy_preview(
    Context& context, const StartLifecyclePolicyPreviewRequest& input) {
  const auto row = edit_repository(context, input.repository_name, input.registry_id);
  if (!row) return row.error();
  const auto text = input.lifecycle_policy_text ? input.lifecycle_policy_text : (*row)->lifecycle_policy;
  if (!text) return policy_not_found(context, (*row)->name);
  const auto rules = read_policy(*text);
  if (!rules) return rules.error();
  LifecyclePreviewRow preview{(*row)->name, *text, {}};
  const auto images = lifecycle_images(context.store, preview.repository);
  for (const auto& one : expired_images(context.store, preview.repository, *rules, images, context.now())) {
    preview.expired.push_back(show_expired(one));
  }
  context.store.put(preview);
  auto response = answer_with<StartLifecyclePolicyPreviewResponse>(context, **row, text);
  response.status = "IN_PROGRESS";
  return response;
}

Result<GetLifecyclePolicyPreviewResponse> get_lifecycle_policy_preview(
    Context& context, const GetLifecyclePolicyPreviewRequest& input) {
  const auto row = find_repository(context, input.repository_name, input.registry_id);
  if (!row) return row.error();
  const auto* preview = context.store.find<LifecyclePreviewRow>((*row)->name);
  if (!preview) return preview_not_found(context, (*row)->name);
  auto page = services::page_of(
      preview->expired, input.next_token, input.max_results.value_or(results_per_page),
      [](const LifecyclePolicyPreviewResult& result) { return *result.image_digest; }, invalid_page_token);
  if (!page) return page.error();
  auto response = answer_with<GetLifecyclePolicyPreviewResponse>(context, **row, preview->policy);
  response.status = "COMPLETE";
  response.next_token = page->next_token;
  response.preview_results = page->items;
  response.summary.emplace().expiring_image_total_count = static_cast<std::int64_t>(preview->expired.size());
  return response;
}

}  // namespace berth::ecr
