"""CloudWatch through boto3, whose Debian version speaks the query protocol: alarms and metrics."""

import datetime

from clients.harness import ClientTest, wait_for

ALARM = {"Namespace": "Clients", "MetricName": "Load", "Statistic": "Average", "Period": 60, "EvaluationPeriods": 1,
         "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold"}


class CloudWatch(ClientTest):
    def setUp(self):
        self.cloudwatch = self.client("cloudwatch")

    def alarm(self, name, **changed):
        self.cloudwatch.put_metric_alarm(**dict(ALARM, AlarmName=name, **changed))
        self.addCleanup(self.cloudwatch.delete_alarms, AlarmNames=[name])
        return f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{name}"

    def described(self, name):
        return self.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]

    def test_life_of_an_alarm(self):
        cloudwatch = self.cloudwatch
        arn = self.alarm("life", Dimensions=[{"Name": "Host", "Value": "a"}], MetricName="Silent")
        self.until(cloudwatch, "alarm_exists", AlarmNames=["life"])
        alarm = self.described("life")
        self.assertEqual((alarm["AlarmArn"], alarm["StateValue"], alarm["Threshold"]), (arn, "INSUFFICIENT_DATA", 5.0))
        self.assertTrue(alarm["ActionsEnabled"])
        self.alarm("life", MetricName="Silent", Threshold=7.5, TreatMissingData="ignore",
                   Dimensions=[{"Name": "Host", "Value": "a"}])
        alarm = self.described("life")
        self.assertEqual((alarm["Threshold"], alarm["TreatMissingData"]), (7.5, "ignore"))
        found = cloudwatch.describe_alarms_for_metric(Namespace="Clients", MetricName="Silent",
                                                      Dimensions=[{"Name": "Host", "Value": "a"}])["MetricAlarms"]
        self.assertEqual([a["AlarmName"] for a in found], ["life"])
        cloudwatch.disable_alarm_actions(AlarmNames=["life"])
        self.assertFalse(self.described("life")["ActionsEnabled"])
        cloudwatch.enable_alarm_actions(AlarmNames=["life"])
        self.assertTrue(self.described("life")["ActionsEnabled"])
        cloudwatch.set_alarm_state(AlarmName="life", StateValue="ALARM", StateReason="by hand")
        history = cloudwatch.describe_alarm_history(AlarmName="life", HistoryItemType="StateUpdate")["AlarmHistoryItems"]
        self.assertIn("Alarm updated from INSUFFICIENT_DATA to ALARM", [h["HistorySummary"] for h in history])
        cloudwatch.delete_alarms(AlarmNames=["life"])
        self.assertEqual(cloudwatch.describe_alarms(AlarmNames=["life"])["MetricAlarms"], [])
        kinds = cloudwatch.describe_alarm_history(AlarmName="life", HistoryItemType="ConfigurationUpdate")
        self.assertEqual([h["HistorySummary"] for h in kinds["AlarmHistoryItems"]],
                         ['Alarm "life" deleted', 'Alarm "life" updated', 'Alarm "life" created'])

    def test_alarms_are_listed_in_pages_and_composed(self):
        for n in range(3):
            self.alarm(f"paged-{n}")
        found = self.pages(self.cloudwatch, "describe_alarms", "MetricAlarms", 2, AlarmNamePrefix="paged-")
        self.assertEqual([a["AlarmName"] for a in found], ["paged-0", "paged-1", "paged-2"])
        self.cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule='ALARM("paged-0") AND ALARM("paged-1")')
        self.cloudwatch.set_alarm_state(AlarmName="paged-0", StateValue="ALARM", StateReason="by hand")
        self.cloudwatch.set_alarm_state(AlarmName="paged-1", StateValue="ALARM", StateReason="by hand")
        wait_for("the composite alarm", lambda: self.cloudwatch.describe_alarm_history(
            AlarmName="both", HistoryItemType="StateUpdate", AlarmTypes=["CompositeAlarm"])["AlarmHistoryItems"])
        composite = self.cloudwatch.describe_alarms(AlarmNames=["both"], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
        self.assertEqual([a["AlarmRule"] for a in composite], ['ALARM("paged-0") AND ALARM("paged-1")'])
        self.refused("ValidationError", "Cannot delete paged-0 as there are composite alarm(s) depending on it.",
                     self.cloudwatch.delete_alarms, AlarmNames=["paged-2", "paged-0"])
        self.assertIn("paged-2", [a["AlarmName"] for a in self.cloudwatch.describe_alarms()["MetricAlarms"]])
        self.cloudwatch.delete_alarms(AlarmNames=["both"])

    def test_what_could_never_do_anything_is_refused(self):
        put = dict(ALARM, AlarmName="never")
        refused = self.cloudwatch.put_metric_alarm
        self.refused("ValidationError", "Invalid arn syntax: zz", refused, **put, AlarmActions=["zz"])
        self.refused("NotImplemented", "berth does not implement the alarm action arn:aws:lambda:", refused, **put,
                     AlarmActions=["arn:aws:lambda:us-east-1:123456789012:function:x"])
        self.refused("ValidationError", "alarms [nope, never] in the alarm rule do not exist",
                     self.cloudwatch.put_composite_alarm, AlarmName="never", AlarmRule='ALARM("nope") OR ALARM("never")')
        math = {key: put[key] for key in ("AlarmName", "EvaluationPeriods", "Threshold", "ComparisonOperator")}
        metric = {"Metric": {"Namespace": "Clients", "MetricName": "Load"}, "Period": 60, "Stat": "Sum"}
        self.refused("ValidationError", "Exactly one element of the metrics list should return data.", refused, **math,
                     Metrics=[{"Id": "e", "Expression": "m * 2"}, {"Id": "m", "MetricStat": metric}])

    def test_metrics(self):
        cloudwatch = self.cloudwatch
        now = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
        dimensions = [{"Name": "Host", "Value": "a"}]
        for minute, values in ((3, [1, 2]), (2, [10])):
            cloudwatch.put_metric_data(Namespace="Clients", MetricData=[
                {"MetricName": "Latency", "Dimensions": dimensions, "Unit": "Seconds", "Values": values,
                 "Timestamp": now - datetime.timedelta(minutes=minute)}])
        cloudwatch.put_metric_data(Namespace="Clients", MetricData=[
            {"MetricName": f"Other{n}", "Value": n} for n in range(3)])
        listed = cloudwatch.list_metrics(Namespace="Clients", MetricName="Latency")["Metrics"]
        self.assertEqual(listed, [{"Namespace": "Clients", "MetricName": "Latency", "Dimensions": dimensions}])
        window = {"StartTime": now - datetime.timedelta(minutes=5), "EndTime": now}
        points = cloudwatch.get_metric_statistics(Namespace="Clients", MetricName="Latency", Dimensions=dimensions,
                                                  Period=60, Statistics=["Average", "SampleCount"], **window)["Datapoints"]
        points = {p["Timestamp"]: (p["Average"], p["SampleCount"], p["Unit"]) for p in points}
        self.assertEqual(points, {now - datetime.timedelta(minutes=3): (1.5, 2.0, "Seconds"),
                                  now - datetime.timedelta(minutes=2): (10.0, 1.0, "Seconds")})
        metric = {"Namespace": "Clients", "MetricName": "Latency", "Dimensions": dimensions}
        queries = [{"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}},
                   {"Id": "e1", "Expression": "m1 * 2", "Label": "twice"}]
        results = cloudwatch.get_metric_data(MetricDataQueries=queries, ScanBy="TimestampAscending", **window)
        results = {r["Id"]: (r["Values"], r["StatusCode"]) for r in results["MetricDataResults"]}
        self.assertEqual(results, {"m1": ([2.0, 10.0], "Complete"), "e1": ([4.0, 20.0], "Complete")})

    def test_tags(self):
        arn = self.alarm("tagged", Tags=[{"Key": "team", "Value": "a"}])
        self.cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "stage", "Value": "dev"}])
        self.cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["team"])
        self.assertEqual(self.by_key(self.cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"]), {"stage": "dev"})
        self.refused("ResourceNotFoundException", "", self.cloudwatch.list_tags_for_resource, ResourceARN=arn + "none")

    def test_wrong_input(self):
        cloudwatch = self.cloudwatch
        self.alarm("wrong")
        self.refused("ValidationError", "1 validation error detected: Value 'INVALID' at 'stateValue' failed to satisfy "
                     "constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]",
                     cloudwatch.set_alarm_state, AlarmName="wrong", StateValue="INVALID", StateReason="x")
        self.refused("ResourceNotFound", "", cloudwatch.set_alarm_state, AlarmName="none", StateValue="OK", StateReason="x")
        self.refused("InvalidFormat", "Data was not syntactically valid JSON.", cloudwatch.set_alarm_state, AlarmName="wrong",
                     StateValue="OK", StateReason="x", StateReasonData="{broken")
        self.refused("ValidationError", "in use by a metric alarm", cloudwatch.put_composite_alarm, AlarmName="wrong",
                     AlarmRule="TRUE")
        for name in ("c1", "c2"):
            cloudwatch.put_composite_alarm(AlarmName=name, AlarmRule="FALSE")
            self.addCleanup(cloudwatch.delete_alarms, AlarmNames=[name])
        self.refused("ValidationError", "no more than one composite alarm", cloudwatch.delete_alarms, AlarmNames=["c1", "c2"])
        self.refused("ValidationError", "Period", cloudwatch.put_metric_alarm, **dict(ALARM, AlarmName="w", Period=61))
        self.refused("InvalidParameterCombination", "The parameters MetricData.member.1.Value and "
                     "MetricData.member.1.Values are mutually exclusive and you have specified both.",
                     cloudwatch.put_metric_data, Namespace="Clients",
                     MetricData=[{"MetricName": "x", "Value": 1, "Values": [1]}])
        self.refused("InvalidParameterValue", "The parameters MetricData.member.1.Values and MetricData.member.1.Counts "
                     "must be of the same size.", cloudwatch.put_metric_data, Namespace="Clients",
                     MetricData=[{"MetricName": "x", "Values": [1, 2], "Counts": [1]}])
        self.refused("InvalidParameterValue", "Namespace", cloudwatch.put_metric_data, Namespace="AWS/ECS",
                     MetricData=[{"MetricName": "x", "Value": 1}])
        now = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
        statistics = {"Namespace": "Clients", "MetricName": "x", "Statistics": ["Sum"]}
        self.refused("InvalidParameterCombination", "You have requested up to 86400 datapoints, which exceeds the limit of "
                     "1440. You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
                     cloudwatch.get_metric_statistics, **statistics, Period=1, EndTime=now,
                     StartTime=now - datetime.timedelta(days=1))
        self.refused("InvalidParameterValue", "The parameter StartTime must be less than the parameter EndTime.",
                     cloudwatch.get_metric_statistics, **statistics, Period=60, StartTime=now, EndTime=now)
