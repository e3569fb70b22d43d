#include "host/haproxy_traffic.h"

#include <gtest/gtest.h>

namespace berth::host::haproxy {
namespace {

Traffic make_traffic() {
  TrafficNames names;
  names.load_balancer_of_key["lb"] = "arn/lb";
  names.load_balancer_of_frontend["lb_80"] = "arn/lb";
  names.target_group_of_backend["tg"] = "arn/tg";
  names.load_balancer_of_backend["tg"] = "arn/lb";
  Traffic traffic;
  traffic.add_names(std::move(names));
  return traffic;
}

// Reports of the load balancer itself and of the target group, in this order.
std::pair<world::TrafficReport, world::TrafficReport> taken(Traffic& traffic) {
  std::pair<world::TrafficReport, world::TrafficReport> both;
  for (auto& report : traffic.take()) {
    EXPECT_EQ(report.load_balancer_arn, "arn/lb");
    (report.target_group_arn.empty() ? both.first : both.second) = report;
  }
  return both;
}

StatRow row_of(const std::string& proxy, const std::string& server) {
  StatRow row;
  row.proxy = proxy;
  row.server = server;
  return row;
}

TEST(HaproxyTraffic, TellsTargetsAnswersFromTheBalancersOwn) {
  Traffic traffic = make_traffic();
  EXPECT_TRUE(traffic.take_line("A 7 lb tg t1 200 -- 12 300 100"));
  EXPECT_TRUE(traffic.take_line("A 7 lb tg t1 503 -- 0 300 100"));           // the target's own
  EXPECT_TRUE(traffic.take_line("A 7 lb tg t1 200 CD 4 300 100"));           // cut short, but begun
  EXPECT_TRUE(traffic.take_line("A 7 lb tg t2 502 SC -1 150 100"));          // refused
  EXPECT_TRUE(traffic.take_line("A 7 lb tg t2 504 sC -1 150 100"));          // not connected in time
  EXPECT_TRUE(traffic.take_line("A 7 lb tg t2 502 SH -1 150 100"));          // closed without an answer
  EXPECT_TRUE(traffic.take_line("A 7 lb tg t2 504 sH -1 150 100"));          // no answer in time
  EXPECT_TRUE(traffic.take_line("A 7 lb tg t2 -1 CH -1 0 100"));             // the client went away
  EXPECT_TRUE(traffic.take_line("A 7 lb tg <NOSRV> 503 LR -1 150 100"));     // no target
  EXPECT_TRUE(traffic.take_line("A 7 lb lb_80 <NOSRV> 301 LR -1 150 100"));  // redirect
  EXPECT_TRUE(traffic.take_line("A 7 lb lb_80 <NOSRV> 400 PR -1 150 100"));
  EXPECT_TRUE(traffic.take_line("A 7 lb lb_80 <NOSRV> 400 CR -1 0 0"));  // gone before it asked
  const auto [own, target] = taken(traffic);
  EXPECT_EQ(target.requests, 8);
  EXPECT_EQ(target.by_status, (world::Counts{{200, 2}, {503, 1}}));
  EXPECT_EQ(target.connection_errors, 2);
  EXPECT_EQ(target.processed_bytes, 3 * 400 + 4 * 250 + 100);
  EXPECT_EQ(own.elb_by_status,
            (world::Counts{{301, 1}, {400, 1}, {460, 1}, {502, 2}, {503, 1}, {504, 2}}));
  EXPECT_EQ(own.requests, 0);
  EXPECT_TRUE(traffic.take().empty());
}

TEST(HaproxyTraffic, NoticesAndStrangersAreNoRequests) {
  Traffic traffic = make_traffic();
  EXPECT_FALSE(traffic.take_line("Server tg/t1 is UP/READY (leaving forced maintenance)."));
  EXPECT_FALSE(traffic.take_line("A 7 lb"));
  EXPECT_FALSE(traffic.take_line(""));
  EXPECT_TRUE(traffic.take_line("A 7 - by_host_80 <NOSRV> 404 LR -1 1 1"));
  EXPECT_TRUE(traffic.take().empty());
}

TEST(HaproxyTraffic, ResponseTimesWithinFivePercent) {
  Traffic traffic = make_traffic();
  for (const int ms : {0, 1, 100, 101, 60'000}) {
    traffic.take_line("A 7 lb tg t1 200 -- " + std::to_string(ms) + " 1 1");
    const double low = std::pow(world::LatencyHistogram::base, latency_bucket(ms));
    if (ms > 0) {
      EXPECT_LE(low, ms);
      EXPECT_GT(low * world::LatencyHistogram::base, ms);
    }
  }
  std::int64_t total = 0;
  for (const auto& [bucket, count] : taken(traffic).second.target_response_ms.buckets) total += count;
  EXPECT_EQ(total, 5);
  EXPECT_LT(latency_bucket(0), latency_bucket(1));
}

TEST(HaproxyTraffic, ConnectionsOfEachProcess) {
  Traffic traffic = make_traffic();
  StatRow frontend = row_of("lb_80", "FRONTEND"), backend = row_of("tg", "BACKEND"),
          server = row_of("tg", "t1");
  frontend.connections = 10;
  frontend.current_sessions = 3;
  backend.connects = 4;
  server.connects = 4;
  server.server_connections = 2;
  const auto rows = [&] {
    return Statistics{{"lb_80/FRONTEND", frontend}, {"tg/BACKEND", backend}, {"tg/t1", server}};
  };
  traffic.take_statistics(7, rows());
  EXPECT_EQ(taken(traffic).first.new_connections, 14);
  frontend.connections = 11;
  traffic.take_statistics(7, rows());
  auto own = taken(traffic).first;
  EXPECT_EQ(own.new_connections, 1);
  EXPECT_EQ(own.active_connections, 5);
  traffic.take_statistics(8, rows());  // after a reload all of its own count anew
  EXPECT_EQ(taken(traffic).first.new_connections, 15);
  traffic.adopt(9, rows());  // of one found running, nothing
  frontend.connections = 12;
  traffic.take_statistics(9, rows());
  EXPECT_EQ(taken(traffic).first.new_connections, 1);
}

TEST(HaproxyTraffic, DroppedLinesAreMendedOnce) {
  Traffic traffic = make_traffic();
  StatRow backend = row_of("tg", "BACKEND");
  const auto statistics = [&](std::int64_t ok, std::int64_t failed) {
    backend.responses = {0, ok, 0, 0, failed};
    return Statistics{{"tg/BACKEND", backend}};
  };
  for (int i = 0; i < 8; ++i) traffic.take_line("A 7 lb tg t1 200 -- 1 1 1");
  traffic.take_statistics(7, statistics(10, 1));
  traffic.take_line("A 7 lb tg t1 200 -- 1 1 1");  // was only late
  traffic.mend();
  auto target = taken(traffic).second;
  EXPECT_EQ(target.requests, 11);
  EXPECT_EQ(target.by_status, (world::Counts{{200, 10}, {500, 1}}));
  traffic.mend();
  EXPECT_TRUE(traffic.take().empty());
  traffic.take_line("A 8 lb tg t1 200 -- 1 1 1");  // of the next process: says nothing about the first
  traffic.take_statistics(7, statistics(11, 1));
  traffic.forget(7);
  EXPECT_EQ(taken(traffic).second.requests, 2);
}

}  // namespace
}  // namespace berth::host::haproxy
