// Tags of repositories, by ARN.
#include "services/tags.h"

#include "base/arn.h"
#include "handlers/ecr.h"
#include "services/ecr/errors.h"
#include "services/ecr/repository.h"
#include "services/ecr/tagging.h"
#include "services/lists.h"

namespace berth::ecr {
namespace {

constexpr std::size_t tag_key_characters_max = 128;
constexpr std::size_t tag_value_characters_max = 256;

Result<std::string> repository_of_arn(const Context& context, const std::optional<std::string>& text) {
  constexpr std::string_view kind = "repository/";
  const auto arn = parse_arn(text.value_or(""));
  if (!arn || arn->service != "ecr" || !arn->resource.starts_with(kind)) {
    return invalid_parameter("resourceArn", "Invalid ARN");
  }
  const std::string name = arn->resource.substr(kind.size());
  if (arn->account != context.settings.account || arn->region != context.settings.region) {
    return repository_not_found(name, arn->account);
  }
  return name;
}

Result<RepositoryRow*> tagged_repository(Context& context, const std::optional<std::string>& arn) {
  const auto name = repository_of_arn(context, arn);
  if (!name) return name.error();
  return edit_repository(context, *name, {});
}

}  // namespace

Result<> add_tags(RepositoryRow& repository, const std::vector<Tag>& added) {
  for (const Tag& tag : added) {
    const std::size_t characters = tag.key.value_or("").size();
    if (characters == 0 || characters > tag_key_characters_max) {
      return Error{"InvalidTagParameterException", "A tag key must have between 1 and 128 characters"};
    }
    if (tag.value.value_or("").size() > tag_value_characters_max) {
      return Error{"InvalidTagParameterException", "A tag value can have at most 256 characters"};
    }
  }
  services::merge_tags(repository.tags, added);
  if (services::too_many_tags(repository.tags)) {
    return Error{"TooManyTagsException",
                 "The list of tags on the repository is over the limit. The maximum "
                 "number of tags that can be applied to a repository is 50."};
  }
  return {};
}

Result<TagResourceResponse> tag_resource(Context& context, const TagResourceRequest& input) {
  const auto row = tagged_repository(context, input.resource_arn);
  if (!row) return row.error();
  if (auto added = add_tags(**row, services::list_of(input.tags)); !added) return added.error();
  return TagResourceResponse{};
}

Result<UntagResourceResponse> untag_resource(Context& context, const UntagResourceRequest& input) {
  const auto row = tagged_repository(context, input.resource_arn);
  if (!row) return row.error();
  services::remove_tags((*row)->tags, services::list_of(input.tag_keys));
  return UntagResourceResponse{};
}

Result<ListTagsForResourceResponse> list_tags_for_resource(Context& context,
                                                           const ListTagsForResourceRequest& input) {
  const auto name = repository_of_arn(context, input.resource_arn);
  if (!name) return name.error();
  const auto row = find_repository(context, *name, {});
  if (!row) return row.error();
  return ListTagsForResourceResponse{(*row)->tags};
}

}  // namespace berth::ecr
