#include "cloudformation/types/retagging.h"

#include <algorithm>

#include "handlers/cloudwatch.h"
#include "handlers/ec2.h"
#include "handlers/ecr.h"
#include "handlers/ecs.h"
#include "handlers/elbv2.h"
#include "handlers/iam.h"
#include "handlers/logs.h"
#include "handlers/sns.h"
#include "handlers/ssm.h"

namespace berth::cfn {
namespace {

template <class Call>
Result<> if_any(bool any, Call call) {
  return any ? done(call()) : Result<>{};
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
  const auto put = tag_structs<cloudwatch::Tag>(change.put);
  auto tagged = if_any(!put.empty(), [&] { return cloudwatch::tag_resource(context.context, {arn, put}); });
  if (!tagged) return tagged;
  return if_any(!change.dropped.empty(), [&] {
    return cloudwatch::untag_resource(context.context, {arn, change.dropped});
  });
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
  const auto put = tag_structs<ecs::Tag>(change.put);
  auto tagged = if_any(!put.empty(), [&] { return ecs::tag_resource(context.context, {arn, put}); });
  if (!tagged) return tagged;
  return if_any(!change.dropped.empty(), [&] {
    return ecs::untag_resource(context.context, {arn, change.dropped});
  });
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
  const auto put = tag_structs<iam::Tag>(change.put);
  auto tagged = if_any(!put.empty(), [&] { return iam::tag_policy(context.context, {arn, put}); });
  if (!tagged) return tagged;
  return if_any(!change.dropped.empty(), [&] {
    return iam::untag_policy(context.context, {arn, change.dropped});
  });
}

Result<> retag_role(TypeContext& context, const std::string& name, const TagChange& change) {
  const auto put = tag_structs<iam::Tag>(change.put);
  auto tagged = if_any(!put.empty(), [&] { return iam::tag_role(context.context, {name, put}); });
  if (!tagged) return tagged;
  return if_any(!change.dropped.empty(), [&] {
    return iam::untag_role(context.context, {name, change.dropped});
  });
}

Result<> retag_repository(TypeContext& context, const std::string& arn, const TagChange& change) {
  const auto put = tag_structs<ecr::Tag>(change.put);
  auto tagged = if_any(!put.empty(), [&] { return ecr::tag_resource(context.context, {arn, put}); });
  if (!tagged) return tagged;
  return if_any(!change.dropped.empty(), [&] {
    return ecr::untag_resource(context.context, {arn, change.dropped});
  });
}

Result<> retag_topic(TypeContext& context, const std::string& arn, const TagChange& change) {
  const auto put = tag_structs<sns::Tag>(change.put);
  auto tagged = if_any(!put.empty(), [&] { return sns::tag_resource(context.context, {arn, put}); });
  if (!tagged) return tagged;
  return if_any(!change.dropped.empty(), [&] {
    return sns::untag_resource(context.context, {arn, change.dropped});
  });
}

}  // namespace berth::cfn
