// S3: what is set on a bucket. Tags, versioning, encryption, public access, ownership and policy are
// recorded; docs/STATUS.md says what of it has no effect.
#include <algorithm>

#include "base/json.h"
#include "handlers/s3.h"
#include "services/lists.h"
#include "services/s3/buckets.h"
#include "services/s3/errors.h"

namespace berth::s3 {
namespace {

constexpr std::size_t settable_tags_max = 50;
constexpr std::size_t policy_bytes_max = 20 << 10;

berth::Error not_set(const char* code, const char* message, const std::string& bucket) {
  return {code, message, 404, {{"BucketName", bucket}}};
}

Result<> check_encryption(const ServerSideEncryptionConfiguration& configuration) {
  const auto& rules = services::list_of(configuration.rules);
  if (rules.size() != 1) return malformed_xml();
  const auto& by_default = rules.front().apply_server_side_encryption_by_default;
  if (by_default && by_default->sse_algorithm.value_or("") != "AES256") {
    return not_implemented("encryption with KMS");
  }
  return {};
}

}  // namespace

Result<PutBucketTaggingOutput> put_bucket_tagging(Context& context, const PutBucketTaggingRequest& input) {
  auto row = edit_bucket(context, input.bucket);
  if (!row) return row.error();
  const auto& tags = services::list_of(input.tagging->tag_set);
  if (auto checked = check_tags(tags, settable_tags_max); !checked) return checked.error();
  // CloudFormation's tags are not a client's to take away.
  std::vector<Tag> kept;
  for (const auto& tag : (*row)->tags) {
    if (tag.key.value_or("").starts_with("aws:")) kept.push_back(tag);
  }
  kept.insert(kept.end(), tags.begin(), tags.end());
  (*row)->tags = std::move(kept);
  return PutBucketTaggingOutput{};
}

Result<GetBucketTaggingOutput> get_bucket_tagging(Context& context, const GetBucketTaggingRequest& input) {
  const auto row = find_bucket(context, input.bucket);
  if (!row) return row.error();
  if ((*row)->tags.empty()) return not_set("NoSuchTagSet", "The TagSet does not exist", (*row)->name);
  return GetBucketTaggingOutput{(*row)->tags};
}

Result<DeleteBucketTaggingOutput> delete_bucket_tagging(Context& context,
                                                        const DeleteBucketTaggingRequest& input) {
  auto row = edit_bucket(context, input.bucket);
  if (!row) return row.error();
  std::erase_if((*row)->tags, [](const Tag& tag) { return !tag.key.value_or("").starts_with("aws:"); });
  return DeleteBucketTaggingOutput{};
}

Result<PutBucketVersioningOutput> put_bucket_versioning(Context& context,
                                                        const PutBucketVersioningRequest& input) {
  auto row = edit_bucket(context, input.bucket);
  if (!row) return row.error();
  const auto& wanted = *input.versioning_configuration;
  if (wanted.mfa_delete.value_or("Disabled") == "Enabled") return not_implemented("MFA Delete");
  if (!wanted.status) {
    return berth::Error{"IllegalVersioningConfigurationException", "The Versioning element must be specified",
                        400};
  }
  (*row)->versioning = *wanted.status;
  return PutBucketVersioningOutput{};
}

Result<GetBucketVersioningOutput> get_bucket_versioning(Context& context,
                                                        const GetBucketVersioningRequest& input) {
  const auto row = find_bucket(context, input.bucket);
  if (!row) return row.error();
  GetBucketVersioningOutput output;
  if (!(*row)->versioning.empty()) output.status = (*row)->versioning;
  return output;
}

Result<PutBucketEncryptionOutput> put_bucket_encryption(Context& context,
                                                        const PutBucketEncryptionRequest& input) {
  auto row = edit_bucket(context, input.bucket);
  if (!row) return row.error();
  if (auto checked = check_encryption(*input.server_side_encryption_configuration); !checked)
    return checked.error();
  (*row)->encryption = input.server_side_encryption_configuration;
  return PutBucketEncryptionOutput{};
}

// Without a choice of its own a bucket has S3's default.
Result<GetBucketEncryptionOutput> get_bucket_encryption(Context& context,
                                                        const GetBucketEncryptionRequest& input) {
  const auto row = find_bucket(context, input.bucket);
  if (!row) return row.error();
  GetBucketEncryptionOutput output;
  output.server_side_encryption_configuration = (*row)->encryption;
  if ((*row)->encryption) return output;
  ServerSideEncryptionRule rule;
  rule.apply_server_side_encryption_by_default.emplace().sse_algorithm = "AES256";
  rule.bucket_key_enabled = false;
  output.server_side_encryption_configuration.emplace().rules = {rule};
  return output;
}

Result<DeleteBucketEncryptionOutput> delete_bucket_encryption(Context& context,
                                                              const DeleteBucketEncryptionRequest& input) {
  auto row = edit_bucket(context, input.bucket);
  if (!row) return row.error();
  (*row)->encryption.reset();
  return DeleteBucketEncryptionOutput{};
}

Result<PutPublicAccessBlockOutput> put_public_access_block(Context& context,
                                                           const PutPublicAccessBlockRequest& input) {
  auto row = edit_bucket(context, input.bucket);
  if (!row) return row.error();
  PublicAccessBlockConfiguration wanted = *input.public_access_block_configuration;
  for (auto* flag : {&wanted.block_public_acls, &wanted.ignore_public_acls, &wanted.block_public_policy,
                     &wanted.restrict_public_buckets}) {
    *flag = flag->value_or(false);
  }
  (*row)->public_access_block = wanted;
  return PutPublicAccessBlockOutput{};
}

Result<GetPublicAccessBlockOutput> get_public_access_block(Context& context,
                                                           const GetPublicAccessBlockRequest& input) {
  const auto row = find_bucket(context, input.bucket);
  if (!row) return row.error();
  if ((*row)->public_access_block) return GetPublicAccessBlockOutput{(*row)->public_access_block};
  return not_set("NoSuchPublicAccessBlockConfiguration",
                 "The public access block configuration was not found", (*row)->name);
}

Result<DeletePublicAccessBlockOutput> delete_public_access_block(
    Context& context, const DeletePublicAccessBlockRequest& input) {
  auto row = edit_bucket(context, input.bucket);
  if (!row) return row.error();
  (*row)->public_access_block.reset();
  return DeletePublicAccessBlockOutput{};
}

Result<PutBucketOwnershipControlsOutput> put_bucket_ownership_controls(
    Context& context, const PutBucketOwnershipControlsRequest& input) {
  auto row = edit_bucket(context, input.bucket);
  if (!row) return row.error();
  if (services::list_of(input.ownership_controls->rules).size() != 1) return malformed_xml();
  (*row)->ownership_controls = input.ownership_controls;
  return PutBucketOwnershipControlsOutput{};
}

Result<GetBucketOwnershipControlsOutput> get_bucket_ownership_controls(
    Context& context, const GetBucketOwnershipControlsRequest& input) {
  const auto row = find_bucket(context, input.bucket);
  if (!row) return row.error();
  if ((*row)->ownership_controls) return GetBucketOwnershipControlsOutput{(*row)->ownership_controls};
  return not_set("OwnershipControlsNotFoundError", "The bucket ownership controls were not found",
                 (*row)->name);
}

Result<DeleteBucketOwnershipControlsOutput> delete_bucket_ownership_controls(
    Context& context, const DeleteBucketOwnershipControlsRequest& input) {
  auto row = edit_bucket(context, input.bucket);
  if (!row) return row.error();
  (*row)->ownership_controls.reset();
  return DeleteBucketOwnershipControlsOutput{};
}

Result<PutBucketPolicyOutput> put_bucket_policy(Context& context, const PutBucketPolicyRequest& input) {
  auto row = edit_bucket(context, input.bucket);
  if (!row) return row.error();
  const std::string policy = input.policy.value_or("");
  json::value document;
  JsonError error;
  const bool is_policy = policy.size() <= policy_bytes_max && parse_json(policy, document, error) &&
                         find(document, "Statement") != nullptr;
  if (!is_policy) {
    return berth::Error{"MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'", 400};
  }
  (*row)->policy = policy;
  return PutBucketPolicyOutput{};
}

Result<GetBucketPolicyOutput> get_bucket_policy(Context& context, const GetBucketPolicyRequest& input) {
  const auto row = find_bucket(context, input.bucket);
  if (!row) return row.error();
  if (!(*row)->policy.empty()) return GetBucketPolicyOutput{(*row)->policy};
  return not_set("NoSuchBucketPolicy", "The bucket policy does not exist", (*row)->name);
}

Result<DeleteBucketPolicyOutput> delete_bucket_policy(Context& context,
                                                      const DeleteBucketPolicyRequest& input) {
  auto row = edit_bucket(context, input.bucket);
  if (!row) return row.error();
  (*row)->policy.clear();
  return DeleteBucketPolicyOutput{};
}

}  // namespace berth::s3
