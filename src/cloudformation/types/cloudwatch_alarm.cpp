// AWS::CloudWatch::Alarm. Ref: the name; GetAtt Arn.
#include "cloudformation/types/retagging.h"
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/cloudwatch.h"
#include "services/cloudwatch/rows.h"

namespace berth::cfn {
namespace {

class Alarm final : public TableType {
 public:
  Alarm()
      : TableType("AWS::CloudWatch::Alarm", {{"AlarmName", false, replaces, as_text},
                                             {"AlarmDescription", false, in_place, as_text},
                                             {"ActionsEnabled", false, in_place, as_boolean},
                                             {"AlarmActions", false, in_place, as_list},
                                             {"OKActions", false, in_place, as_list},
                                             {"InsufficientDataActions", false, in_place, as_list},
                                             {"MetricName", false, in_place, as_text},
                                             {"Namespace", false, in_place, as_text},
                                             {"Statistic", false, in_place, as_text},
                                             {"ExtendedStatistic", false, in_place, as_text},
                                             {"Dimensions", false, in_place, as_list},
                                             {"Period", false, in_place, as_integer},
                                             {"Unit", false, in_place, as_text},
                                             {"EvaluationPeriods", false, in_place, as_integer},
                                             {"DatapointsToAlarm", false, in_place, as_integer},
                                             {"Threshold", false, in_place, as_number},
                                             {"ComparisonOperator", false, in_place, as_text},
                                             {"TreatMissingData", false, in_place, as_text},
                                             {"EvaluateLowSampleCountPercentile", false, in_place, as_text},
                                             {"Metrics", false, in_place, as_list},
                                             {"ThresholdMetricId", false, in_place, as_text},
                                             {"Tags", false, in_place, as_list}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    std::string name = text_property(resource.properties, "AlarmName");
    if (name.empty()) name = context.generated_name(resource);
    if (context.context.store.find<cloudwatch::AlarmRow>(name)) return already_exists(this->name(), name);
    if (auto put = put_alarm(context, name, resource.properties); !put) return put.error();
    return Created{name};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    if (auto put = put_alarm(context, resource.physical_id, properties); !put) return put;
    return retag_alarm(context, resource.physical_id, tag_change(context, resource, properties));
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    cloudwatch::DeleteAlarmsInput request;
    request.alarm_names = {resource.physical_id};
    return done(cloudwatch::delete_alarms(context.context, request));
  }

  std::optional<json::value> attribute(TypeContext& context, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name != "Arn") return std::nullopt;
    return json::string(context.context.settings.arn("cloudwatch", "alarm:" + resource.physical_id));
  }

 private:
  static Result<> put_alarm(TypeContext& context, const std::string& name, const json::object& properties) {
    auto request = request_of<cloudwatch::PutMetricAlarmInput>(renamed(properties, {{"Tags", ""}}));
    if (!request) return request.error();
    request->alarm_name = name;
    if (const auto tags = tags_of(context, properties); !tags.empty()) {
      request->tags = tag_structs<cloudwatch::Tag>(tags);
    }
    return done(cloudwatch::put_metric_alarm(context.context, *request));
  }
};

}  // namespace

types::Made types::cloudwatch_alarm() {
  return std::make_unique<Alarm>();
}

}  // namespace berth::cfn
