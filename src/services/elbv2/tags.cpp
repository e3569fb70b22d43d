// Tags of load balancers, listeners, rules and target groups.
#include "services/tags.h"

#include "handlers/elbv2.h"
#include "services/elbv2/resources.h"

namespace berth::elbv2 {
namespace {

constexpr std::size_t described_resources_most = 20;

template <class Row>
Result<std::vector<Tag>*> tags_in(Store& store, const Kind& kind, const std::string& arn) {
  auto* row = store.edit<Row>(arn);
  if (!row) return not_found(kind);
  return &row->tags;
}

Result<std::vector<Tag>*> editable_tags(Store& store, const std::string& arn) {
  if (check_arn(kinds::load_balancer, arn)) return tags_in<LoadBalancerRow>(store, kinds::load_balancer, arn);
  if (check_arn(kinds::listener, arn)) return tags_in<ListenerRow>(store, kinds::listener, arn);
  if (check_arn(kinds::rule, arn)) return tags_in<RuleRow>(store, kinds::rule, arn);
  if (check_arn(kinds::target_group, arn)) return tags_in<TargetGroupRow>(store, kinds::target_group, arn);
  return validation_error(fmt::format("'{}' is not a valid ARN", arn));
}

template <class Row>
const std::vector<Tag>* find_tags(const Store& store, const std::string& arn) {
  const auto* row = store.find<Row>(arn);
  return row ? &row->tags : nullptr;
}

Result<std::vector<Tag>> tags_of(const Store& store, const std::string& arn) {
  for (const auto* tags : {find_tags<LoadBalancerRow>(store, arn), find_tags<ListenerRow>(store, arn),
                           find_tags<RuleRow>(store, arn), find_tags<TargetGroupRow>(store, arn)}) {
    if (tags) return *tags;
  }
  for (const Kind* kind : {&kinds::load_balancer, &kinds::listener, &kinds::rule, &kinds::target_group}) {
    if (check_arn(*kind, arn)) return not_found(*kind);
  }
  return validation_error(fmt::format("'{}' is not a valid ARN", arn));
}

}  // namespace

Result<AddTagsOutput> add_tags(Context& context, const AddTagsInput& input) {
  auto added = checked_tags(input.tags);
  if (!added) return added.error();
  for (const std::string& arn : list_of(input.resource_arns)) {
    auto tags = editable_tags(context.store, arn);
    if (!tags) return tags.error();
    services::merge_tags(**tags, *added);
    if (services::too_many_tags(**tags)) {
      return Error{"TooManyTagsException",
                   "You've reached the limit on the number of tags for this resource"};
    }
  }
  return AddTagsOutput{};
}

Result<RemoveTagsOutput> remove_tags(Context& context, const RemoveTagsInput& input) {
  for (const std::string& arn : list_of(input.resource_arns)) {
    auto tags = editable_tags(context.store, arn);
    if (!tags) return tags.error();
    services::remove_tags(**tags, list_of(input.tag_keys));
  }
  return RemoveTagsOutput{};
}

Result<DescribeTagsOutput> describe_tags(Context& context, const DescribeTagsInput& input) {
  if (list_of(input.resource_arns).size() > described_resources_most) {
    return validation_error(fmt::format("You can specify up to {} resources", described_resources_most));
  }
  DescribeTagsOutput output;
  output.tag_descriptions.emplace();
  for (const std::string& arn : list_of(input.resource_arns)) {
    auto tags = tags_of(context.store, arn);
    if (!tags) return tags.error();
    output.tag_descriptions->push_back({arn, std::move(*tags)});
  }
  return output;
}

}  // namespace berth::elbv2
