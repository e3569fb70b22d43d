#include "cloudformation/types/retagging.h"

#include <algorithm>

#include "handlers/cloudwatch.h"
#include "handlers/ec2.h"
#include "handlers/ecr.h"
#include "handlers/ecs.h"
#include "handlers/elbv2.h"
#include "handlers/events.h"
#include "handlers/iam.h"
#include "handlers/logs.h"
#include "handlers/servicediscovery.h"
#include "handlers/sns.h"
#include "handlers/ssm.h"

namespace berth::cfn {
namespace {

template <class Call>
Result<> if_any(bool any, Call call) {
  return any ? done(call()) : Result<>{};
}

// For services that tag by { resource, tags } and untag by { resource, keys }.
template <class Tag, class Put, class Drop>
Result<> retag(TypeContext& context, const std::string& resource, const TagChange& change, Put put,
               Drop drop) {
  const auto tags = tag_structs<Tag>(change.put);
  auto tagged = if_any(!tags.empty(), [&] { return put(context.context, {resource, tags}); });
  if (!tagged) return tagged;
  return if_any(!change.dropped.empty(), [&] { return drop(context.context, {resource, change.dropped}); });
}

}  // namespace

TagChange tag_change(const TypeContext& context, const ResourceView& before, const json::object& after) {
  TagChange change;
  change.put = tags_of(context, after);
  const TypeContext former{context.context, context.former_stack_tags, {}};
  for (const auto& old : tags_of(former, before.properties)) {
    const bool kept = std::any_of(change.put.begin(), change.put.end(),
                                  [&](const auto& tag) { return tag.first == old.first; });
    if (!kept) change.dropped.push_back(old.first);
  }
  return change;
}

Result<> retag_alarm(TypeContext& context, const std::string& name, const TagChange& change) {
  const std::string arn = context.context.settings.arn("cloudwatch", "alarm:" + name);
  return retag<cloudwatch::Tag>(context, arn, change, cloudwatch::tag_resource, cloudwatch::untag_resource);
}

Result<> retag_discovery(TypeContext& context, const std::string& arn, const TagChange& change) {
  return retag<servicediscovery::Tag>(context, arn, change, servicediscovery::tag_resource,
                                      servicediscovery::untag_resource);
}

Result<> retag_ec2(TypeContext& context, const std::string& id, const TagChange& change) {
  ec2::CreateTagsRequest put;
  put.resources = {id};
  put.tags = tag_structs<ec2::Tag>(change.put);
  auto tagged = if_any(!change.put.empty(), [&] { return ec2::create_tags(context.context, put); });
  if (!tagged) return tagged;
  ec2::DeleteTagsRequest drop;
  drop.resources = {id};
  drop.tags.emplace();
  for (const auto& key : change.dropped) drop.tags->push_back({key, {}});
  return if_any(!change.dropped.empty(), [&] { return ec2::delete_tags(context.context, drop); });
}

Result<> retag_ecs(TypeContext& context, const std::string& arn, const TagChange& change) {
  return retag<ecs::Tag>(context, arn, change, ecs::tag_resource, ecs::untag_resource);
}

Result<> retag_elbv2(TypeContext& context, const std::string& arn, const TagChange& change) {
  const std::vector<std::string> arns{arn};
  const auto put = tag_structs<elbv2::Tag>(change.put);
  auto tagged = if_any(!put.empty(), [&] { return elbv2::add_tags(context.context, {arns, put}); });
  if (!tagged) return tagged;
  return if_any(!change.dropped.empty(), [&] {
    return elbv2::remove_tags(context.context, {arns, change.dropped});
  });
}

Result<> retag_log_group(TypeContext& context, const std::string& arn, const TagChange& change) {
  const auto put = tag_map(change.put);
  auto tagged = if_any(!put.empty(), [&] { return logs::tag_resource(context.context, {arn, put}); });
  if (!tagged) return tagged;
  return if_any(!change.dropped.empty(), [&] {
    return logs::untag_resource(context.context, {arn, change.dropped});
  });
}

Result<> retag_parameter(TypeContext& context, const std::string& name, const TagChange& change) {
  const auto put = tag_structs<ssm::Tag>(change.put);
  auto tagged = if_any(!put.empty(), [&] {
    return ssm::add_tags_to_resource(context.context, {"Parameter", name, put});
  });
  if (!tagged) return tagged;
  return if_any(!change.dropped.empty(), [&] {
    return ssm::remove_tags_from_resource(context.context, {"Parameter", name, change.dropped});
  });
}

Result<> retag_policy(TypeContext& context, const std::string& arn, const TagChange& change) {
  return retag<iam::Tag>(context, arn, change, iam::tag_policy, iam::untag_policy);
}

Result<> retag_role(TypeContext& context, const std::string& name, const TagChange& change) {
  return retag<iam::Tag>(context, name, change, iam::tag_role, iam::untag_role);
}

Result<> retag_repository(TypeContext& context, const std::string& arn, const TagChange& change) {
  return retag<ecr::Tag>(context, arn, change, ecr::tag_resource, ecr::untag_resource);
}

Result<> retag_rule(TypeContext& context, const std::string& arn, const TagChange& change) {
  return retag<events::Tag>(context, arn, change, events::tag_resource, events::untag_resource);
}

Result<> retag_topic(TypeContext& context, const std::string& arn, const TagChange& change) {
  return retag<sns::Tag>(context, arn, change, sns::tag_resource, sns::untag_resource);
}

}  // namespace berth::cfn
