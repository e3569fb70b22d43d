// AWS::SNS::TopicPolicy: the Policy attribute of topics. Ref and GetAtt Id: a name of its own.
#include <algorithm>

#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/sns.h"

namespace berth::cfn {
namespace {

std::vector<std::string> topics_of(const json::object& properties) {
  std::vector<std::string> topics;
  const auto* list = properties.if_contains("Topics");
  if (!list || !list->is_array()) return topics;
  for (const auto& topic : list->get_array()) {
    if (const auto* arn = topic.if_string()) topics.emplace_back(arn->data(), arn->size());
  }
  return topics;
}

// An empty policy is SNS's own again.
Result<> put_policy(TypeContext& context, const std::string& topic, const std::string& policy) {
  sns::SetTopicAttributesInput request;
  request.topic_arn = topic;
  request.attribute_name = "Policy";
  request.attribute_value = policy;
  return done(sns::set_topic_attributes(context.context, request));
}

Result<> put_policies(TypeContext& context, const json::object& properties) {
  for (const auto& topic : topics_of(properties)) {
    if (auto put = put_policy(context, topic, text_property(properties, "PolicyDocument")); !put) return put;
  }
  return {};
}

class TopicPolicy final : public TableType {
 public:
  TopicPolicy()
      : TableType("AWS::SNS::TopicPolicy",
                  {{"PolicyDocument", true, in_place, as_document}, {"Topics", true, in_place, as_list}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    if (auto put = put_policies(context, resource.properties); !put) return put.error();
    return Created{context.generated_name(resource)};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    const auto topics = topics_of(properties);
    for (const auto& topic : topics_of(resource.properties)) {
      if (std::find(topics.begin(), topics.end(), topic) != topics.end()) continue;
      if (auto put = ignoring(put_policy(context, topic, ""), {"NotFoundException"}); !put) return put;
    }
    return put_policies(context, properties);
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    for (const auto& topic : topics_of(resource.properties)) {
      if (auto put = ignoring(put_policy(context, topic, ""), {"NotFoundException"}); !put) return put;
    }
    return {};
  }

  std::optional<json::value> attribute(TypeContext&, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name == "Id") return json::string(resource.physical_id);
    return std::nullopt;
  }
};

}  // namespace

types::Made types::sns_topic_policy() {
  return std::make_unique<TopicPolicy>();
}

}  // namespace berth::cfn
