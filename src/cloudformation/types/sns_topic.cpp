// AWS::SNS::Topic. Ref: the ARN; GetAtt TopicArn, TopicName.
#include "base/arn.h"
#include "base/text.h"
#include "cloudformation/types/retagging.h"
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/sns.h"
#include "services/sns/rows.h"

namespace berth::cfn {
namespace {

constexpr std::size_t topic_name_characters_max = 256;

class Topic final : public TableType {
 public:
  Topic()
      : TableType("AWS::SNS::Topic", {{"TopicName", false, replaces, as_text},
                                      {"FifoTopic", false, replaces, as_boolean},
                                      {"DisplayName", false, in_place, as_text},
                                      {"Subscription", false, in_place, as_list},
                                      {"KmsMasterKeyId", false, in_place, as_text},
                                      {"SignatureVersion", false, in_place, as_text},
                                      {"TracingConfig", false, in_place, as_text},
                                      {"ContentBasedDeduplication", false, in_place, as_boolean},
                                      {"DataProtectionPolicy", false, in_place, as_document},
                                      {"DeliveryStatusLogging", false, in_place, as_list},
                                      {"ArchivePolicy", false, in_place, as_document},
                                      {"FifoThroughputScope", false, in_place, as_text},
                                      {"Tags", false, in_place, as_list}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    sns::CreateTopicInput request;
    request.name = text_property(resource.properties, "TopicName");
    if (request.name->empty()) request.name = context.generated_name(resource, topic_name_characters_max);
    const auto arn = context.context.settings.arn("sns", *request.name);
    if (context.context.store.find<sns::TopicRow>(arn)) return already_exists(name(), arn);
    request.attributes = attributes_of(resource.properties);
    if (request.attributes->empty()) request.attributes.reset();
    if (const auto tags = tags_of(context, resource.properties); !tags.empty()) {
      request.tags = tag_structs<sns::Tag>(tags);
    }
    auto created = sns::create_topic(context.context, request);
    if (!created) return created.error();
    if (auto subscribed = subscribe(context, *created->topic_arn, resource.properties); !subscribed) {
      return subscribed.error();
    }
    return Created{*created->topic_arn};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    for (const auto& [name, value] : attributes_of(properties)) {
      sns::SetTopicAttributesInput request;
      request.topic_arn = resource.physical_id;
      request.attribute_name = name;
      request.attribute_value = value;
      if (auto set = sns::set_topic_attributes(context.context, request); !set) return set.error();
    }
    const auto change = tag_change(context, resource, properties);
    if (auto tagged = retag_topic(context, resource.physical_id, change); !tagged) return tagged;
    return subscribe(context, resource.physical_id, properties);
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    sns::DeleteTopicInput request;
    request.topic_arn = resource.physical_id;
    return ignoring(sns::delete_topic(context.context, request), {"NotFoundException"});
  }

  std::optional<json::value> attribute(TypeContext&, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name == "TopicArn") return json::string(resource.physical_id);
    if (name == "TopicName")
      return json::string(resource.physical_id.substr(resource.physical_id.rfind(':') + 1));
    return std::nullopt;
  }

 private:
  static std::map<std::string, std::string> attributes_of(const json::object& properties) {
    std::map<std::string, std::string> attributes;
    for (const char* name :
         {"DisplayName", "FifoTopic", "KmsMasterKeyId", "SignatureVersion", "TracingConfig",
          "ContentBasedDeduplication", "ArchivePolicy", "FifoThroughputScope"}) {
      if (has_property(properties, name)) attributes[name] = text_property(properties, name);
    }
    return attributes;
  }

  static Result<> subscribe(TypeContext& context, const std::string& topic_arn,
                            const json::object& properties) {
    const auto* subscriptions = properties.if_contains("Subscription");
    if (!subscriptions || !subscriptions->is_array()) return {};
    for (const auto& subscription : subscriptions->get_array()) {
      sns::SubscribeInput request;
      request.topic_arn = topic_arn;
      request.protocol = string_or(subscription, "Protocol");
      request.endpoint = string_or(subscription, "Endpoint");
      if (auto subscribed = sns::subscribe(context.context, request); !subscribed) return subscribed.error();
    }
    return {};
  }
};

}  // namespace

types::Made types::sns_topic() {
  return std::make_unique<Topic>();
}

}  // namespace berth::cfn
