// AWS::Logs::LogGroup. Ref: the name; GetAtt Arn.
#include "cloudformation/types/retagging.h"
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/logs.h"

namespace berth::cfn {
namespace {

class LogGroup final : public TableType {
 public:
  LogGroup()
      : TableType("AWS::Logs::LogGroup", {{"LogGroupName", false, replaces, as_text},
                                          {"RetentionInDays", false, in_place, as_integer},
                                          {"Tags", false, in_place, as_list},
                                          {"LogGroupClass", false, in_place, as_text},
                                          {"KmsKeyId", false, in_place, as_text}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request = request_of<logs::CreateLogGroupRequest>(
        renamed(resource.properties, {{"Tags", ""}, {"RetentionInDays", ""}}));
    if (!request) return request.error();
    if (!request->log_group_name) request->log_group_name = context.generated_name(resource);
    if (const auto tags = tag_map(tags_of(context, resource.properties)); !tags.empty()) request->tags = tags;
    if (auto created = logs::create_log_group(context.context, *request); !created) return created.error();
    if (auto kept = set_retention(context, *request->log_group_name, resource.properties); !kept)
      return kept.error();
    return Created{*request->log_group_name};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    const auto change = tag_change(context, resource, properties);
    if (auto tagged = retag_log_group(context, arn(context, resource), change); !tagged) return tagged;
    return set_retention(context, resource.physical_id, properties);
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    logs::DeleteLogGroupRequest request;
    request.log_group_name = resource.physical_id;
    return ignoring(logs::delete_log_group(context.context, request), {"ResourceNotFoundException"});
  }

  std::optional<json::value> attribute(TypeContext& context, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name != "Arn") return std::nullopt;
    return json::string(arn(context, resource) + ":*");
  }

 private:
  static std::string arn(const TypeContext& context, const ResourceView& resource) {
    return context.context.settings.arn("logs", "log-group:" + resource.physical_id);
  }

  static Result<> set_retention(TypeContext& context, const std::string& name,
                                const json::object& properties) {
    if (!has_property(properties, "RetentionInDays")) {
      logs::DeleteRetentionPolicyRequest request;
      request.log_group_name = name;
      return done(logs::delete_retention_policy(context.context, request));
    }
    auto request = request_of<logs::PutRetentionPolicyRequest>(
        json::object{{"LogGroupName", name}, {"RetentionInDays", properties.at("RetentionInDays")}});
    if (!request) return request.error();
    return done(logs::put_retention_policy(context.context, *request));
  }
};

}  // namespace

types::Made types::logs_log_group() {
  return std::make_unique<LogGroup>();
}

}  // namespace berth::cfn
