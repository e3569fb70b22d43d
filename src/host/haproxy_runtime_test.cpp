#include "host/haproxy_runtime.h"

#include <gtest/gtest.h>

#include "host/haproxy_process.h"
#include "host/haproxy_text.h"

namespace berth::host::haproxy {
namespace {

TEST(HaproxyRuntime, ReadsStatistics) {
  const auto rows = parse_stat(
      "Name: HAProxy\nPid: 4711\n\n"
      "# "
      "pxname,svname,scur,status,check_status,check_code,hrsp_2xx,hrsp_5xx,addr,conn_tot,connect,idle_conn_"
      "cur,"
      "used_conn_cur,uweight,last_chk,\n"
      "f,FRONTEND,3,OPEN,,,90,2,,12,,,,,,\n"
      "tg,t1,1,UP 1/2,* L7STS,503,7,1,10.0.0.1:80,,5,2,1,100,\"a, quoted\",\n"
      "\n");
  ASSERT_EQ(rows.size(), 2u);
  const auto* frontend = find_row(rows, "f", "FRONTEND");
  ASSERT_TRUE(frontend);
  EXPECT_EQ(frontend->current_sessions, 3);
  EXPECT_EQ(frontend->connections, 12);
  EXPECT_EQ(frontend->responses[1], 90);
  EXPECT_EQ(frontend->responses[4], 2);
  const auto* server = find_row(rows, "tg", "t1");
  ASSERT_TRUE(server);
  EXPECT_EQ(server->status, "UP 1/2");
  EXPECT_EQ(server->check_status, "L7STS");
  EXPECT_EQ(server->check_code, 503);
  EXPECT_EQ(server->address, "10.0.0.1:80");
  EXPECT_EQ(server->weight, 100);
  EXPECT_EQ(server->connects, 5);
  EXPECT_EQ(server->server_connections, 3);
  EXPECT_FALSE(find_row(rows, "tg", "t2"));
}

TEST(HaproxyRuntime, ReadsInfo) {
  const std::string info = "Name: HAProxy\nPid: 4711\nPidX: 1\n";
  EXPECT_EQ(info_value(info, "Pid"), "4711");
  EXPECT_FALSE(info_value(info, "Pi"));
}

TEST(HaproxyRuntime, NobodyThereIsAnError) {
  const auto answer = Runtime("/nowhere/admin.sock").ask("show info");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, "HAProxyUnreachable");
  EXPECT_FALSE(Runtime("/" + std::string(200, 'x')).ask("show info"));
}

TEST(HaproxyText, WordsStayWords) {
  EXPECT_EQ(word("/api/v1-2_3.x:80,a=b@c"), "/api/v1-2_3.x:80,a=b@c");
  EXPECT_EQ(word(""), "''");
  EXPECT_EQ(word("a b#\"$x\\"), "'a b#\"$x\\'");
  EXPECT_EQ(word("it's\r\n\t\x01 \"$\\"), R"("it's\r\n\t\x01 \"\$\\")");
  EXPECT_EQ(log_format_literal("100%[src]"), "100%%[src]");
}

TEST(HaproxyText, WildcardsAsExpressions) {
  EXPECT_EQ(wildcard_regex("*.a-b.com/x?"), ".*\\.a-b\\.com/x.");
  EXPECT_EQ(wildcard_regex("1*", "[^&]"), "1[^&]*");
  EXPECT_EQ(wildcard_regex("(a|b)+^$"), "\\(a\\|b\\)\\+\\^\\$");
}

TEST(HaproxyText, NamesOfSections) {
  EXPECT_EQ(section_name("tg", "arn:x:targetgroup/web/73e2"),
            section_name("tg", "arn:x:targetgroup/web/73e2"));
  EXPECT_NE(section_name("tg", "arn:x:targetgroup/web/73e2"),
            section_name("tg", "arn:x:targetgroup/web/73e3"));
  EXPECT_TRUE(section_name("tg", "arn:x:targetgroup/we b/73e2").starts_with("tg_we-b_"));
}

TEST(HaproxyProcess, TheAlertSaysWhy) {
  EXPECT_EQ(first_alert("[NOTICE]   (1) : haproxy version is 2.6\n"
                        "[ALERT]    (1) : config : parsing [x.cfg:3] : unknown keyword 'x'\n"
                        "[ALERT]    (1) : config : Fatal errors found\n"),
            "config : parsing [x.cfg:3] : unknown keyword 'x'");
  EXPECT_EQ(first_alert("no such file\n"), "no such file");
}

}  // namespace
}  // namespace berth::host::haproxy
