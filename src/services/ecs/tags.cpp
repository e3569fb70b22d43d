// Tags of clusters, services, tasks and task definitions, by ARN.
#include "services/tags.h"

#include "base/text.h"
#include "handlers/ecs.h"
#include "services/ecs/errors.h"
#include "services/ecs/names.h"
#include "services/ecs/rows.h"
#include "services/ecs/tagging.h"

namespace berth::ecs {

namespace {

Error resource_not_found() {
  return invalid_parameter("The specified resource was not found. Specify a valid ARN and try again.");
}

template <class Row>
std::vector<Tag>* tags_of(Store& store, const std::string& key) {
  auto* row = store.edit<Row>(key);
  return row ? &row->tags : nullptr;
}

// The tags of what the ARN names, for changing, or null.
std::vector<Tag>* find_tags(Store& store, const std::string& resource_arn) {
  const auto arn = parse_arn(resource_arn);
  if (!arn || arn->service != "ecs") return nullptr;
  const auto parts = split(arn->resource, '/');
  if (parts.size() == 2 && parts[0] == "cluster") return tags_of<ClusterRow>(store, parts[1]);
  if (parts.size() == 3 && parts[0] == "service")
    return tags_of<ServiceRow>(store, parts[1] + "/" + parts[2]);
  if (parts.size() == 3 && parts[0] == "task") return tags_of<TaskRow>(store, parts[2]);
  if (parts.size() == 2 && parts[0] == "task-definition")
    return tags_of<TaskDefinitionRow>(store, resource_arn);
  return nullptr;
}

Result<std::vector<Tag>*> existing_tags(Context& context, const std::optional<std::string>& arn) {
  if (!arn || !parse_arn(*arn)) return invalid_parameter("Invalid ARN: " + arn.value_or(""));
  auto* tags = find_tags(context.store, *arn);
  if (!tags) return resource_not_found();
  return tags;
}

}  // namespace

Result<ListTagsForResourceResponse> list_tags_for_resource(Context& context,
                                                           const ListTagsForResourceRequest& input) {
  const auto tags = existing_tags(context, input.resource_arn);
  if (!tags) return tags.error();
  return ListTagsForResourceResponse{.tags = **tags};
}

Result<TagResourceResponse> tag_resource(Context& context, const TagResourceRequest& input) {
  const auto tags = existing_tags(context, input.resource_arn);
  if (!tags) return tags.error();
  std::vector<Tag> merged = **tags;
  const auto added = input.tags.value_or(std::vector<Tag>{});
  if (auto checked = check_tags(added); !checked) return checked.error();
  merge_tags(merged, added);
  if (services::too_many_tags(merged))
    return invalid_parameter("Too many tags: the limit is 50 tags per resource.");
  **tags = std::move(merged);
  return TagResourceResponse{};
}

Result<UntagResourceResponse> untag_resource(Context& context, const UntagResourceRequest& input) {
  const auto tags = existing_tags(context, input.resource_arn);
  if (!tags) return tags.error();
  remove_tags(**tags, input.tag_keys.value_or(std::vector<std::string>{}));
  return UntagResourceResponse{};
}

}  // namespace berth::ecs
