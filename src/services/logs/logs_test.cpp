#include "handlers/logs.h"

#include <gtest/gtest.h>

#include "services/logs/rows.h"
#include "services/testing.h"

namespace berth::logs {
namespace {

struct Logs : testing::Test, services::HandlerTest {
  Logs() {
    add_tables(store);
    EXPECT_EQ(make_group("/ecs/learner"), "");
    EXPECT_EQ(make_stream("a"), "");
  }

  std::string make_group(const std::string& name) {
    CreateLogGroupRequest request;
    request.log_group_name = name;
    return code_of(create_log_group, request);
  }
  std::string make_stream(const std::string& name) {
    CreateLogStreamRequest request;
    request.log_group_name = "/ecs/learner";
    request.log_stream_name = name;
    return code_of(create_log_stream, request);
  }

  // Events `offset_s` seconds from now.
  PutLogEventsRequest batch(const std::vector<std::pair<double, std::string>>& events,
                            const std::string& stream = "a") {
    PutLogEventsRequest request;
    request.log_group_name = "/ecs/learner";
    request.log_stream_name = stream;
    request.log_events.emplace();
    for (const auto& [offset_s, message] : events) {
      request.log_events->push_back({unix_ms(loop.now() + Duration::seconds(offset_s)), message});
    }
    return request;
  }
  void put(const std::vector<std::pair<double, std::string>>& events, const std::string& stream = "a") {
    EXPECT_EQ(message_of(put_log_events, batch(events, stream)), "");
  }

  GetLogEventsRequest get(std::optional<std::string> token = {}) const {
    GetLogEventsRequest request;
    request.log_group_name = "/ecs/learner";
    request.log_stream_name = "a";
    request.next_token = std::move(token);
    return request;
  }
  FilterLogEventsRequest filter(std::optional<std::string> pattern = {}) const {
    FilterLogEventsRequest request;
    request.log_group_name = "/ecs/learner";
    request.filter_pattern = std::move(pattern);
    return request;
  }
  static std::vector<std::string> texts(const GetLogEventsResponse& response) {
    std::vector<std::string> all;
    for (const auto& event : *response.events) all.push_back(*event.message);
    return all;
  }
  static std::vector<std::string> texts(const FilterLogEventsResponse& response) {
    std::vector<std::string> all;
    for (const auto& event : *response.events) all.push_back(*event.message);
    return all;
  }
};

using Texts = std::vector<std::string>;

TEST_F(Logs, GroupsAndStreamsAreMadeOnceAndListed) {
  EXPECT_EQ(make_group("/ecs/learner"), "ResourceAlreadyExistsException");
  EXPECT_EQ(make_group("no:colon"), "InvalidParameterException");
  EXPECT_EQ(make_stream("a"), "ResourceAlreadyExistsException");
  EXPECT_EQ(make_stream("a:b"), "InvalidParameterException");
  EXPECT_EQ(make_group("/ecs/other"), "");
  DescribeLogGroupsRequest groups;
  groups.log_group_name_prefix = "/ecs/l";
  const auto listed = *call(describe_log_groups, groups)->log_groups;
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].arn, "arn:aws:logs:us-east-1:123456789012:log-group:/ecs/learner:*");
  EXPECT_EQ(listed[0].log_group_arn, "arn:aws:logs:us-east-1:123456789012:log-group:/ecs/learner");
  EXPECT_FALSE(listed[0].retention_in_days);

  put({{-2, "old"}});
  EXPECT_EQ(make_stream("b"), "");
  put({{-1, "new"}}, "b");
  DescribeLogStreamsRequest streams;
  streams.log_group_identifier = listed[0].arn;
  streams.order_by = "LastEventTime";
  streams.descending = true;
  streams.limit = 1;
  const auto first = *call(describe_log_streams, streams);
  EXPECT_EQ(first.log_streams->at(0).log_stream_name, "b");
  EXPECT_EQ(first.log_streams->at(0).stored_bytes, 29);
  streams.next_token = first.next_token;
  EXPECT_EQ(call(describe_log_streams, streams)->log_streams->at(0).log_stream_name, "a");
}

TEST_F(Logs, PutRefusesBadBatches) {
  EXPECT_EQ(message_of(put_log_events, batch({{0, "late"}, {-1, "early"}})),
            "Log events in a single PutLogEvents request must be in chronological order.");
  EXPECT_EQ(message_of(put_log_events, batch({{-25 * 3600.0, "a"}, {0, "b"}})),
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
  EXPECT_EQ(
      message_of(put_log_events, batch({{0, std::string(600'000, 'x')}, {0, std::string(600'000, 'x')}})),
      "Upload too large: 1200052 bytes exceeds limit of 1048576");
  EXPECT_EQ(code_of(put_log_events, batch({})), "InvalidParameterException");
  EXPECT_EQ(message_of(put_log_events, batch({{0, "x"}}, "none")),
            "The specified log stream does not exist.");
  auto elsewhere = batch({{0, "x"}});
  elsewhere.log_group_name = "none";
  EXPECT_EQ(message_of(put_log_events, elsewhere), "The specified log group does not exist.");
  EXPECT_TRUE(call(get_log_events, get())->events->empty());
}

TEST_F(Logs, PutRejectsSingleEvents) {
  const auto response = *call(put_log_events, batch({{7100, "soon"}, {7300, "too new"}}));
  EXPECT_EQ(response.rejected_log_events_info->too_new_log_event_start_index, 1);
  EXPECT_FALSE(response.rejected_log_events_info->too_old_log_event_end_index);
  const double days = 24 * 3600;
  EXPECT_EQ(call(put_log_events, batch({{-14 * days - 5, "too old"}, {-14 * days + 5, "old"}}))
                ->rejected_log_events_info->too_old_log_event_end_index,
            1);
  PutRetentionPolicyRequest retention;
  retention.log_group_name = "/ecs/learner";
  retention.retention_in_days = 7;
  EXPECT_EQ(code_of(put_retention_policy, retention), "");
  EXPECT_EQ(call(put_log_events, batch({{-8 * days, "expired"}}))
                ->rejected_log_events_info->expired_log_event_end_index,
            1);
  retention.retention_in_days = 8;
  EXPECT_EQ(code_of(put_retention_policy, retention), "InvalidParameterException");
  EXPECT_EQ(texts(*call(get_log_events, get())), (Texts{"old", "soon"}));
}

TEST_F(Logs, GetGoesBackAndForth) {
  put({{-5, "1"}, {-4, "2"}, {-3, "3"}, {-2, "4"}, {-1, "5"}});
  auto request = get();
  request.limit = 2;
  const auto newest = *call(get_log_events, request);
  EXPECT_EQ(texts(newest), (Texts{"4", "5"}));
  request.next_token = newest.next_backward_token;
  const auto before = *call(get_log_events, request);
  EXPECT_EQ(texts(before), (Texts{"2", "3"}));
  request.next_token = before.next_forward_token;
  EXPECT_EQ(texts(*call(get_log_events, request)), (Texts{"4", "5"}));

  request.next_token = newest.next_forward_token;
  const auto at_end = *call(get_log_events, request);
  EXPECT_TRUE(at_end.events->empty());
  EXPECT_EQ(at_end.next_forward_token, newest.next_forward_token);  // the CLI's sign that this is all
  request.next_token = at_end.next_backward_token;
  EXPECT_EQ(texts(*call(get_log_events, request)), (Texts{"4", "5"}));
  put({{0, "6"}});
  request.next_token = at_end.next_forward_token;
  EXPECT_EQ(texts(*call(get_log_events, request)), Texts{"6"});
  request.next_token = "nonsense";
  EXPECT_EQ(message_of(get_log_events, request), "The specified nextToken is invalid.");
}

TEST_F(Logs, GetFromAnEmptyStreamGivesATokenToGoOnWith) {
  const auto empty = *call(get_log_events, get());
  put({{0, "first"}});
  EXPECT_EQ(texts(*call(get_log_events, get(empty.next_forward_token))), Texts{"first"});
}

TEST_F(Logs, FilterPagesThroughAllStreams) {
  make_stream("b");
  put({{-4, "one"}, {-2, "three"}});
  put({{-3, "two"}, {-2, "three too"}, {-1, "other"}}, "b");
  auto request = filter("?one ?two ?three");
  request.limit = 2;
  const auto first = *call(filter_log_events, request);
  EXPECT_EQ(texts(first), (Texts{"one", "two"}));
  request.next_token = first.next_token;
  const auto second = *call(filter_log_events, request);
  EXPECT_EQ(texts(second), (Texts{"three", "three too"}));
  EXPECT_FALSE(second.next_token);
  EXPECT_NE(second.events->at(0).event_id, second.events->at(1).event_id);

  request = filter();
  request.log_stream_name_prefix = "b";
  request.start_time = unix_ms(loop.now()) - 2000;
  EXPECT_EQ(texts(*call(filter_log_events, request)), (Texts{"three too", "other"}));
  request.end_time = unix_ms(loop.now()) - 6000;
  EXPECT_TRUE(call(filter_log_events, request)->events->empty());
  request = filter("{ $.x");
  EXPECT_EQ(message_of(filter_log_events, request), "Invalid filter pattern");
  request = filter();
  request.log_stream_names = Texts{"none"};
  EXPECT_EQ(code_of(filter_log_events, request), "ResourceNotFoundException");
}

// What `aws logs tail --follow` does: the same query again from its newest event on.
TEST_F(Logs, PollingFromTheNewestEventSeesEachEventOnce) {
  std::set<std::string> seen;
  std::vector<std::string> lines;
  auto request = filter();
  request.start_time = unix_ms(loop.now()) - 600'000;
  for (int round = 0; round < 5; ++round) {
    put({{0, std::to_string(round) + "a"}, {0, std::to_string(round) + "b"}});
    const auto response = *call(filter_log_events, request);
    for (const auto& event : *response.events) {
      if (seen.insert(*event.event_id).second) lines.push_back(*event.message);
      request.start_time = *event.timestamp;
    }
    if (round % 2 == 1) loop.run_for(Duration::seconds(5));
  }
  EXPECT_EQ(lines, (Texts{"0a", "0b", "1a", "1b", "2a", "2b", "3a", "3b", "4a", "4b"}));
}

TEST(LogsTime, AnEndAtTheRealNowMeansBerthsNow) {
  MemoryLogEvents events;
  Store store(&events);
  add_tables(store);
  SimLoop loop(from_unix_seconds(1'750'000'000), 1, 10);
  loop.run_for(Duration::seconds(3600));
  const Settings settings;
  cloudwatch::MetricStore metrics;
  Context context{store, loop, settings, metrics, events};
  ASSERT_TRUE(store.transact([&]() -> Result<> {
    LogGroupRow group;
    group.name = "g";
    store.put(group);
    append_events(store, events, "g", "s", {{loop.now() - Duration::seconds(1), "just now"}}, loop.now());
    return {};
  }));
  FilterLogEventsRequest request;
  request.log_group_name = "g";
  request.end_time = unix_ms(loop.real_now()) - 4000;
  EXPECT_EQ(filter_log_events(context, request)->events->size(), 1u);
  request.end_time = unix_ms(loop.real_now()) - 6000;
  EXPECT_EQ(filter_log_events(context, request)->events->size(), 0u);
}

TEST_F(Logs, ScanningStopsAndGoesOn) {
  for (int n = 0; n < 3; ++n) {
    PutLogEventsRequest request = batch({});
    for (int i = 0; i < 5000; ++i) request.log_events->push_back({unix_ms(loop.now()), "dull"});
    ASSERT_EQ(code_of(put_log_events, request), "");
  }
  put({{0, "needle"}});
  auto request = filter("needle");
  const auto first = *call(filter_log_events, request);
  EXPECT_TRUE(first.events->empty());
  request.next_token = first.next_token;
  const auto second = *call(filter_log_events, request);
  EXPECT_EQ(texts(second), Texts{"needle"});
  EXPECT_FALSE(second.next_token);
}

TEST_F(Logs, DeletingTakesTheEventsAlong) {
  put({{0, "gone"}});
  DeleteLogStreamRequest stream;
  stream.log_group_name = "/ecs/learner";
  stream.log_stream_name = "a";
  EXPECT_EQ(code_of(delete_log_stream, stream), "");
  EXPECT_EQ(code_of(delete_log_stream, stream), "ResourceNotFoundException");
  make_stream("a");
  EXPECT_TRUE(call(get_log_events, get())->events->empty());
  put({{0, "gone, too"}});
  DeleteLogGroupRequest group;
  group.log_group_name = "/ecs/learner";
  EXPECT_EQ(code_of(delete_log_group, group), "");
  EXPECT_TRUE(store.all<LogStreamRow>().empty());
  make_group("/ecs/learner");
  make_stream("a");
  EXPECT_TRUE(call(get_log_events, get())->events->empty());
}

TEST_F(Logs, TagsByNameAndByArn) {
  TagLogGroupRequest by_name;
  by_name.log_group_name = "/ecs/learner";
  by_name.tags = std::map<std::string, std::string>{{"a", "1"}};
  EXPECT_EQ(code_of(tag_log_group, by_name), "");
  TagResourceRequest by_arn;
  by_arn.resource_arn = "arn:aws:logs:us-east-1:123456789012:log-group:/ecs/learner";
  by_arn.tags = std::map<std::string, std::string>{{"b", "2"}};
  EXPECT_EQ(code_of(tag_resource, by_arn), "");
  UntagResourceRequest untag;
  untag.resource_arn = *by_arn.resource_arn + ":*";
  untag.tag_keys = Texts{"a"};
  EXPECT_EQ(code_of(untag_resource, untag), "");
  ListTagsLogGroupRequest list;
  list.log_group_name = "/ecs/learner";
  EXPECT_EQ(*call(list_tags_log_group, list)->tags, (std::map<std::string, std::string>{{"b", "2"}}));
}

}  // namespace
}  // namespace berth::logs
