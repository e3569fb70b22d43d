// The tags of what a type has made, brought from what they were to what the stack and the template say now,
// through the services' own operations. Which resources take tags, and their first ones, is the types' own.
#pragma once

#include "cloudformation/types/table_type.h"

namespace berth::cfn {

struct TagChange {
  TagList put;  // all that the resource shall have
  std::vector<std::string>
      dropped;  // keys that it had from the stack or the template and shall not have any more
};

TagChange tag_change(const TypeContext& context, const ResourceView& before, const json::object& after);

Result<> retag_alarm(TypeContext& context, const std::string& name, const TagChange& change);
Result<> retag_discovery(TypeContext& context, const std::string& arn, const TagChange& change);
Result<> retag_ec2(TypeContext& context, const std::string& id, const TagChange& change);
Result<> retag_ecs(TypeContext& context, const std::string& arn, const TagChange& change);
Result<> retag_elbv2(TypeContext& context, const std::string& arn, const TagChange& change);
Result<> retag_log_group(TypeContext& context, const std::string& arn, const TagChange& change);
Result<> retag_parameter(TypeContext& context, const std::string& name, const TagChange& change);
Result<> retag_policy(TypeContext& context, const std::string& arn, const TagChange& change);
Result<> retag_repository(TypeContext& context, const std::string& arn, const TagChange& change);
Result<> retag_role(TypeContext& context, const std::string& name, const TagChange& change);
Result<> retag_rule(TypeContext& context, const std::string& arn, const TagChange& change);
Result<> retag_topic(TypeContext& context, const std::string& arn, const TagChange& change);

}  // namespace berth::cfn
