#include "net/dns_server.h"

#include <gtest/gtest.h>

namespace berth::net {
namespace {

// A question as a resolver sends it: id 0x1234, recursion desired, one question of class IN.
std::string query(const std::vector<std::string>& labels, char type) {
  std::string out("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12);
  for (const auto& label : labels) out += static_cast<char>(label.size()) + label;
  out += '\0';
  out += '\0';
  out += type;
  return out + std::string("\x00\x01", 2);
}

int code_of(const std::string& reply) {
  return reply.at(3) & 0xf;
}
int answers_of(const std::string& reply) {
  return static_cast<unsigned char>(reply.at(6)) * 256 + static_cast<unsigned char>(reply.at(7));
}

TEST(DnsServer, AnswersWithTheRecords) {
  DnsQuestion asked;
  const auto reply = answer_dns(query({"web", "internal", "example"}, 1), [&](const DnsQuestion& question) {
    asked = question;
    return DnsAnswer{.records = {"10 IN A 10.0.0.4", "10 IN A 10.0.0.5"}};
  });
  EXPECT_EQ(asked.name, "web.internal.example");
  EXPECT_EQ(asked.type, "A");
  EXPECT_EQ(reply.substr(0, 2), "\x12\x34");
  EXPECT_EQ(code_of(reply), 0);
  EXPECT_EQ(answers_of(reply), 2);
  EXPECT_NE(reply.find(std::string("\x00\x00\x00\x0a\x00\x04\x0a\x00\x00\x05", 10)), reply.npos);
}

TEST(DnsServer, SaysWhatIsNotThere) {
  const auto with = [](DnsAnswer::Code code) {
    return answer_dns(query({"x"}, 1), [&](const auto&) { return DnsAnswer{code}; });
  };
  EXPECT_EQ(code_of(with(DnsAnswer::Code::none)), 0);
  EXPECT_EQ(code_of(with(DnsAnswer::Code::no_such_name)), 3);
  EXPECT_EQ(code_of(with(DnsAnswer::Code::refused)), 5);
}

TEST(DnsServer, AnswersFitWhatTheClientTakes) {
  std::vector<std::string> records;
  for (int i = 1; i < 100; ++i) records.push_back("10 IN A 10.0.0." + std::to_string(i));
  const auto reply =
      answer_dns(query({"web"}, 1), [&](const auto&) { return DnsAnswer{.records = records}; });
  EXPECT_LE(reply.size(), 512u);
  EXPECT_GT(answers_of(reply), 8);
}

TEST(DnsServer, SaysNothingToWhatIsNoQuestion) {
  const auto never = [](const DnsQuestion&) -> DnsAnswer { return ADD_FAILURE(), DnsAnswer{}; };
  EXPECT_EQ(answer_dns("", never), "");
  EXPECT_EQ(answer_dns("no message", never), "");
  std::string answer = query({"x"}, 1);
  answer[2] = static_cast<char>(0x81);
  EXPECT_EQ(answer_dns(answer, never), "");
}

}  // namespace
}  // namespace berth::net
