// AWS::SNS::Subscription. It is complete while an e-mail address is still to be confirmed, as on AWS.
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/sns.h"

namespace berth::cfn {
namespace {

class Subscription final : public TableType {
 public:
  Subscription()
      : TableType("AWS::SNS::Subscription", {{"TopicArn", true, replaces, as_text},
                                             {"Protocol", true, replaces, as_text},
                                             {"Endpoint", false, replaces, as_text},
                                             {"FilterPolicy", false, in_place, as_document},
                                             {"FilterPolicyScope", false, in_place, as_text},
                                             {"RawMessageDelivery", false, in_place, as_boolean},
                                             {"RedrivePolicy", false, in_place, as_document},
                                             {"DeliveryPolicy", false, in_place, as_document},
                                             {"ReplayPolicy", false, in_place, as_document},
                                             {"SubscriptionRoleArn", false, in_place, as_text},
                                             {"Region", false, in_place, as_text}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    sns::SubscribeInput request;
    request.topic_arn = text_property(resource.properties, "TopicArn");
    request.protocol = text_property(resource.properties, "Protocol");
    if (has_property(resource.properties, "Endpoint"))
      request.endpoint = text_property(resource.properties, "Endpoint");
    if (const auto attributes = attributes_of(resource.properties); !attributes.empty())
      request.attributes = attributes;
    request.return_subscription_arn = true;
    auto subscribed = sns::subscribe(context.context, request);
    if (!subscribed) return subscribed.error();
    return Created{*subscribed->subscription_arn};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    for (const auto& [name, value] : attributes_of(properties)) {
      sns::SetSubscriptionAttributesInput request;
      request.subscription_arn = resource.physical_id;
      request.attribute_name = name;
      request.attribute_value = value;
      if (auto set = sns::set_subscription_attributes(context.context, request); !set) return set.error();
    }
    return {};
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    sns::UnsubscribeInput request;
    request.subscription_arn = resource.physical_id;
    // AWS: one that was never confirmed cannot be unsubscribed; it expires.
    return ignoring(sns::unsubscribe(context.context, request),
                    {"NotFoundException", "InvalidParameterException"});
  }

  std::optional<json::value> attribute(TypeContext&, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name != "Arn") return std::nullopt;
    return json::string(resource.physical_id);
  }

 private:
  static std::map<std::string, std::string> attributes_of(const json::object& properties) {
    std::map<std::string, std::string> attributes;
    for (const char* name : {"FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy",
                             "DeliveryPolicy", "ReplayPolicy", "SubscriptionRoleArn"}) {
      if (has_property(properties, name)) attributes[name] = text_property(properties, name);
    }
    return attributes;
  }
};

}  // namespace

types::Made types::sns_subscription() {
  return std::make_unique<Subscription>();
}

}  // namespace berth::cfn
