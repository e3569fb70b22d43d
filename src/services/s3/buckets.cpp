// S3: buckets.
#include "services/s3/buckets.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/digest.h"
#include "base/text.h"
#include "handlers/s3.h"
#include "services/paging.h"
#include "services/s3/errors.h"

namespace berth::s3 {
namespace {

constexpr std::size_t bucket_tags_max = 50;
constexpr std::int64_t buckets_per_page = 10'000;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_bucket_name(const std::string& name) {
  if (name.size() < 3 || name.size() > 63 || !is_plain(name.front()) || !is_plain(name.back())) return false;
  const bool has_good_characters =
      std::all_of(name.begin(), name.end(), [](char c) { return is_plain(c) || c == '-' || c == '.'; });
  const bool is_address = name.find_first_not_of("0123456789.") == std::string::npos &&
                          std::count(name.begin(), name.end(), '.') == 3;
  return has_good_characters && !is_address && name.find("..") == std::string::npos &&
         !name.starts_with("xn--") && !name.ends_with("-s3alias");
}

// Every bucket is in this berth's region; us-east-1 is the one that has no name here.
Result<> check_location(const Settings& settings, const std::optional<CreateBucketConfiguration>& wanted) {
  const std::string location = wanted ? wanted->location_constraint.value_or("") : "";
  if (location == "us-east-1") {
    return berth::Error{"InvalidLocationConstraint",
                        "The specified location-constraint is not valid",
                        400,
                        {{"LocationConstraint", location}}};
  }
  if (location == (settings.region == "us-east-1" ? "" : settings.region)) return {};
  return berth::Error{
      "IllegalLocationConstraintException",
      fmt::format("The {} location constraint is incompatible for the region specific endpoint "
                  "this request was sent to.",
                  location.empty() ? "unspecified" : location),
      400};
}

Result<> check_new_bucket(const Context& context, const CreateBucketRequest& input) {
  const std::string name = input.bucket.value_or("");
  if (!is_bucket_name(name)) {
    return berth::Error{
        "InvalidBucketName", "The specified bucket is not valid.", 400, {{"BucketName", name}}};
  }
  if (auto located = check_location(context.settings, input.create_bucket_configuration); !located)
    return located;
  if (input.object_lock_enabled_for_bucket.value_or(false)) return not_implemented("Object Lock");
  if (input.acl.value_or("private") != "private") {
    return berth::Error{"InvalidBucketAclWithObjectOwnership",
                        "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
                        400};
  }
  return {};
}

}  // namespace

Result<const BucketRow*> find_bucket(const Context& context, const std::optional<std::string>& name) {
  const auto* row = context.store.find<BucketRow>(name.value_or(""));
  if (!row) return no_such_bucket(name.value_or(""));
  return row;
}

Result<BucketRow*> edit_bucket(Context& context, const std::optional<std::string>& name) {
  auto* row = context.store.edit<BucketRow>(name.value_or(""));
  if (!row) return no_such_bucket(name.value_or(""));
  return row;
}

Result<> check_tags(const std::vector<Tag>& tags, std::size_t tags_max) {
  if (tags.size() > tags_max) {
    return berth::Error{"BadRequest", fmt::format("Object tags cannot be greater than {}", tags_max), 400};
  }
  for (std::size_t i = 0; i < tags.size(); ++i) {
    const std::string key = tags[i].key.value_or("");
    if (key.empty() || key.size() > 128 || tags[i].value.value_or("").size() > 256) {
      return berth::Error{"InvalidTag", "The TagKey you have provided is invalid", 400};
    }
    for (std::size_t other = 0; other < i; ++other) {
      if (tags[other].key == tags[i].key) {
        return berth::Error{"InvalidTag", "Cannot provide multiple Tags with the same key", 400};
      }
    }
  }
  return {};
}

Result<CreateBucketOutput> create_bucket(Context& context, const CreateBucketRequest& input) {
  if (auto checked = check_new_bucket(context, input); !checked) return checked.error();
  BucketRow row;
  row.name = *input.bucket;
  const CreateBucketOutput output{"/" + row.name, bucket_arn(row.name)};
  if (context.store.find<BucketRow>(row.name)) {
    // In the oldest region, making one's own bucket again goes well.
    if (context.settings.region == "us-east-1") return output;
    return berth::Error{"BucketAlreadyOwnedByYou",
                        "Your previous request to create the named bucket succeeded and you already own it.",
                        409,
                        {{"BucketName", row.name}}};
  }
  row.created_at = context.now();
  if (input.create_bucket_configuration && input.create_bucket_configuration->tags) {
    row.tags = *input.create_bucket_configuration->tags;
  }
  if (auto tagged = check_tags(row.tags, bucket_tags_max); !tagged) return tagged.error();
  if (input.object_ownership) {
    row.ownership_controls.emplace().rules = {OwnershipControlsRule{*input.object_ownership}};
  }
  context.store.put(std::move(row));
  return output;
}

Result<HeadBucketOutput> head_bucket(Context& context, const HeadBucketRequest& input) {
  const auto row = find_bucket(context, input.bucket);
  if (!row) return row.error();
  HeadBucketOutput output;
  output.bucket_arn = bucket_arn((*row)->name);
  output.bucket_region = context.settings.region;
  output.access_point_alias = false;
  return output;
}

Result<DeleteBucketOutput> delete_bucket(Context& context, const DeleteBucketRequest& input) {
  const auto row = find_bucket(context, input.bucket);
  if (!row) return row.error();
  const std::string name = (*row)->name;
  if (!context.store.rows_of<ObjectRow>(name).empty()) {
    return berth::Error{
        "BucketNotEmpty", "The bucket you tried to delete is not empty", 409, {{"BucketName", name}}};
  }
  std::vector<std::string> uploads;
  for (const auto* entry : context.store.rows_of<UploadRow>(name)) uploads.push_back(entry->first);
  for (const auto& id : uploads) erase_upload(context.store, id);
  context.store.erase<BucketRow>(name);
  return DeleteBucketOutput{};
}

Result<ListBucketsOutput> list_buckets(Context& context, const ListBucketsRequest& input) {
  const std::string prefix = input.prefix.value_or("");
  std::vector<Bucket> buckets;
  for (const auto& [name, row] : context.store.all<BucketRow>()) {
    if (!name.starts_with(prefix)) continue;
    Bucket bucket;
    bucket.name = name;
    bucket.creation_date = row.created_at;
    if (input.max_buckets || input.prefix) bucket.bucket_region = context.settings.region;
    buckets.push_back(std::move(bucket));
  }
  auto page = services::page_of(
      std::move(buckets), input.continuation_token, input.max_buckets.value_or(buckets_per_page),
      [](const Bucket& bucket) { return *bucket.name; },
      services::BadToken{"InvalidArgument", "The continuation token provided is incorrect"});
  if (!page) return page.error();
  ListBucketsOutput output;
  output.buckets = std::move(page->items);
  output.owner = Owner{{}, hex(sha256(context.settings.account))};
  output.continuation_token = page->next_token;
  if (input.prefix) output.prefix = prefix;
  return output;
}

Result<GetBucketLocationOutput> get_bucket_location(Context& context, const GetBucketLocationRequest& input) {
  const auto row = find_bucket(context, input.bucket);
  if (!row) return row.error();
  GetBucketLocationOutput output;
  output.location_constraint = context.settings.region == "us-east-1" ? "" : context.settings.region;
  return output;
}

}  // namespace berth::s3
