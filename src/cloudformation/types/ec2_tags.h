// EC2 takes tags as a TagSpecification at creation and by CreateTags afterwards.
#pragma once

#include "cloudformation/types/retagging.h"
#include "handlers/ec2.h"

namespace berth::cfn {

inline std::optional<std::vector<ec2::TagSpecification>> ec2_tags(const TypeContext& context,
                                                                  const json::object& properties,
                                                                  const char* resource_type) {
  const auto tags = tags_of(context, properties);
  if (tags.empty()) return std::nullopt;
  ec2::TagSpecification specification;
  specification.resource_type = resource_type;
  specification.tags = tag_structs<ec2::Tag>(tags);
  return std::vector{specification};
}

inline Result<> retag(TypeContext& context, const ResourceView& resource, const json::object& properties) {
  return retag_ec2(context, resource.physical_id, tag_change(context, resource, properties));
}

}  // namespace berth::cfn
