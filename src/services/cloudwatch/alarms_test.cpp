// What CloudWatch refuses of alarms, and what an alarm's mail says.
#include <gtest/gtest.h>

#include "handlers/cloudwatch.h"
#include "services/cloudwatch/alarm_notification.h"
#include "services/cloudwatch/rows.h"
#include "services/testing.h"

namespace berth::cloudwatch {
namespace {

class AlarmsTest : public testing::Test, protected services::HandlerTest {
 protected:
  AlarmsTest() { add_tables(store); }

  static PutMetricAlarmInput metric_alarm(const std::string& name) {
    PutMetricAlarmInput input;
    input.alarm_name = name;
    input.namespace_ = "App";
    input.metric_name = "Errors";
    input.statistic = "Sum";
    input.period = 60;
    input.evaluation_periods = 1;
    input.threshold = 5;
    input.comparison_operator = "GreaterThanThreshold";
    return input;
  }
  static PutCompositeAlarmInput composite_alarm(const std::string& name, const std::string& rule = "TRUE") {
    PutCompositeAlarmInput input;
    input.alarm_name = name;
    input.alarm_rule = rule;
    return input;
  }
  static DeleteAlarmsInput deletion(std::vector<std::string> names) {
    DeleteAlarmsInput input;
    input.alarm_names = std::move(names);
    return input;
  }
};

TEST_F(AlarmsTest, names_are_unique_among_both_kinds) {
  ASSERT_EQ(code_of(put_metric_alarm, metric_alarm("a")), "");
  ASSERT_EQ(code_of(put_composite_alarm, composite_alarm("b")), "");
  EXPECT_EQ(code_of(put_composite_alarm, composite_alarm("a")), "ValidationError");
  EXPECT_EQ(code_of(put_metric_alarm, metric_alarm("b")), "ValidationError");
  EXPECT_TRUE(store.find<AlarmRow>("a")->metric);
  EXPECT_TRUE(store.find<AlarmRow>("b")->composite);
  EXPECT_EQ(code_of(put_metric_alarm, metric_alarm("a")), "");
}

TEST_F(AlarmsTest, one_composite_alarm_is_deleted_at_a_time) {
  ASSERT_EQ(code_of(put_metric_alarm, metric_alarm("a")), "");
  ASSERT_EQ(code_of(put_composite_alarm, composite_alarm("b")), "");
  ASSERT_EQ(code_of(put_composite_alarm, composite_alarm("c")), "");
  EXPECT_EQ(code_of(delete_alarms, deletion({"a", "b", "c"})), "ValidationError");
  EXPECT_EQ(store.all<AlarmRow>().size(), 3u);
  EXPECT_EQ(code_of(delete_alarms, deletion({"a", "b", "b", "none"})), "");
  EXPECT_EQ(store.all<AlarmRow>().size(), 1u);
}

TEST_F(AlarmsTest, data_of_a_state_is_json) {
  ASSERT_EQ(code_of(put_metric_alarm, metric_alarm("a")), "");
  SetAlarmStateInput input;
  input.alarm_name = "a";
  input.state_value = "ALARM";
  input.state_reason = "a try";
  input.state_reason_data = "{broken";
  EXPECT_EQ(code_of(set_alarm_state, input), "InvalidFormatFault");
  EXPECT_EQ(store.find<AlarmRow>("a")->state(), "INSUFFICIENT_DATA");
  input.state_reason_data = R"({"why": 1})";
  EXPECT_EQ(code_of(set_alarm_state, input), "");
  EXPECT_EQ(store.find<AlarmRow>("a")->metric->state_reason_data, R"({"why": 1})");
}

TEST_F(AlarmsTest, mail_of_an_expression_names_its_metrics) {
  auto input = metric_alarm("a");
  input.namespace_.reset();
  input.metric_name.reset();
  input.statistic.reset();
  input.period.reset();
  MetricDataQuery errors;
  errors.id = "m1";
  errors.return_data = false;
  errors.metric_stat.emplace();
  errors.metric_stat->stat = "Sum";
  errors.metric_stat->period = 300;
  errors.metric_stat->metric.emplace();
  errors.metric_stat->metric->namespace_ = "App";
  errors.metric_stat->metric->metric_name = "Errors";
  Dimension dimension;
  dimension.name = "Route";
  dimension.value = "/";
  errors.metric_stat->metric->dimensions = {dimension};
  MetricDataQuery doubled;
  doubled.id = "e1";
  doubled.expression = "m1*2";
  doubled.label = "Doubled";
  input.metrics = {errors, doubled};
  ASSERT_EQ(message_of(put_metric_alarm, input), "");
  const auto mail =
      alarm_publication(settings, *store.find<AlarmRow>("a"), "OK", "topic").by_protocol["email"];
  EXPECT_NE(mail.find("Threshold:\n"
                      "- The alarm is in the ALARM state when the metric is greater than 5.0 for at "
                      "least 1 of the last 1 period(s) of 300 seconds.\n\n"
                      "Monitored Metrics:\n"
                      "- MetricExpression:                    m1*2\n"
                      "- MetricLabel:                         Doubled\n\n"
                      "- MetricNamespace:                     App\n"
                      "- MetricName:                          Errors\n"
                      "- Dimensions:                          [Route = /]\n"
                      "- Period:                              300 seconds\n"
                      "- Statistic:                           Sum\n"
                      "- Unit:                                not specified\n"
                      "- TreatMissingData:                    missing\n\n"
                      "State Change Actions:\n"),
            std::string::npos)
      << mail;
}

}  // namespace
}  // namespace berth::cloudwatch
