#include "host/haproxy_rules.h"

#include <gtest/gtest.h>

namespace berth::host::haproxy {
namespace {

using world::ActionSpec;
using world::ConditionSpec;

const std::map<std::string, std::string> backends{{"arn/a", "tg_a"}, {"arn/b", "tg_b"}};

ActionSpec forward(std::vector<world::ForwardTarget> targets) {
  ActionSpec action;
  action.type = "forward";
  action.forward = std::move(targets);
  return action;
}

ActionSpec fixed(int status, const std::string& body) {
  ActionSpec action;
  action.type = "fixed-response";
  action.status_code = status;
  action.message_body = body;
  return action;
}

std::string render(const std::vector<RuleEntry>& entries) {
  return render_rules(entries, {8080, &backends}, "  F\n");
}

TEST(HaproxyRules, ADefaultActionAloneNeedsNoVariable) {
  const auto to_a = forward({{"arn/a", 1}});
  EXPECT_EQ(render({{"", nullptr, &to_a}}), "  F\n  default_backend tg_a\n");
}

TEST(HaproxyRules, TheFirstMatchWins) {
  const std::vector<ConditionSpec> api{{"path-pattern", "", {"/api/*", "/v?"}, {}}};
  const std::vector<ConditionSpec> host{{"host-header", "", {"a.example.com"}, {}},
                                        {"http-request-method", "", {"GET"}, {}}};
  const auto to_a = forward({{"arn/a", 1}});
  const auto gone = fixed(410, "gone");
  const auto to_b = forward({{"arn/b", 1}});
  EXPECT_EQ(render({{"", &api, &to_a}, {"", &host, &gone}, {"", nullptr, &to_b}}),
            R"(  acl rule1_1 path -m beg -- /api/
  acl rule1_1 path -m reg -- '^/v.$'
  acl rule2_1 req.hdr(host),host_only -i -m str -- a.example.com
  acl rule2_2 method GET
  http-request set-var(txn.rule) int(1) if rule1_1
  http-request set-var(txn.rule) int(2) if !{ var(txn.rule) -m found } rule2_1 rule2_2
  http-request return status 410 content-type 'text/plain; charset=utf-8' string gone hdr Server awselb/2.0 if { var(txn.rule) -m int 2 }
  F
  use_backend tg_a if { var(txn.rule) -m int 1 }
  use_backend tg_b if !{ var(txn.rule) -m found }
)");
}

TEST(HaproxyRules, WeightsShareTheRequests) {
  const auto split = forward({{"arn/a", 10}, {"arn/none", 5}, {"arn/b", 30}});
  EXPECT_EQ(render({{"", nullptr, &split}}),
            "  http-request set-var(txn.pick) rand(40)\n"
            "  F\n"
            "  use_backend tg_a if { var(txn.pick) -m int lt 10 }\n"
            "  default_backend tg_b\n");
  const auto nobody = forward({{"arn/a", 0}});
  EXPECT_NE(render({{"", nullptr, &nobody}}).find("return status 503"), std::string::npos);
}

TEST(HaproxyRules, RedirectsBuildTheLocation) {
  ActionSpec redirect;
  redirect.type = "redirect";
  redirect.status_code = 302;
  redirect.redirect_protocol = "HTTPS";
  redirect.redirect_port = "443";
  redirect.redirect_path = "/100%/#{path}";
  redirect.redirect_query = "from=#{host}&#{query}";
  const std::string lines = render({{"", nullptr, &redirect}});
  EXPECT_NE(lines.find("hdr Location 'https://%[req.hdr(host),host_only]:443/100%%/%[path,bytes(1)]"
                       "?from=%[req.hdr(host),host_only]&%[query]' hdr Server"),
            std::string::npos)
      << lines;
}

TEST(HaproxyRules, ConditionsOnHeadersQueriesAndSources) {
  const std::vector<ConditionSpec> all{{"http-header", "X-Kind", {"a*z"}, {}},
                                       {"query-string", "", {}, {{"v", "1.?"}, {"", "x"}}},
                                       {"source-ip", "", {"10.0.0.0/8"}, {}}};
  const auto to_a = forward({{"arn/a", 1}});
  const std::string lines = render({{"{ guard }", &all, &to_a}});
  EXPECT_NE(lines.find("acl rule1_1 'req.fhdr(X-Kind)' -i -m reg -- '^a.*z$'\n"), std::string::npos) << lines;
  EXPECT_NE(lines.find("acl rule1_2 query -i -m reg -- '(^|&)v=1\\.[^&](&|$)'\n"), std::string::npos);
  EXPECT_NE(lines.find("acl rule1_2 query -i -m reg -- '(^|&)([^&=]*=)?x(&|$)'\n"), std::string::npos);
  EXPECT_NE(lines.find("acl rule1_3 src 10.0.0.0/8\n"), std::string::npos);
  EXPECT_NE(lines.find("int(1) if { guard } rule1_1 rule1_2 rule1_3\n"), std::string::npos);
}

}  // namespace
}  // namespace berth::host::haproxy
