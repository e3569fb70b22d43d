// HaproxyBalancer against a real HAProxy, with small HTTP servers on loopback as targets.
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>

#include "base/read_file.h"
#include "host/haproxy_balancer.h"
#include "host/haproxy_process.h"
#include "host/netns.h"
#include "host/pidfd.h"
#include "http_peers.h"
#include "loop/asio_loop.h"

namespace berth::e2e {
namespace {

using namespace std::chrono_literals;

constexpr double time_scale = 20;

const std::string balancer_arn =
    "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/web/50dc6c495c0c9188";
const std::string dns_name = "web-1.us-east-1.elb.localhost";

std::string group_arn(const std::string& name) {
  return "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/" + name + "/73e2d6bc24d8a067";
}

struct Heard : world::BalancerListener {
  void on_target_health(const world::TargetHealthEvent& event) override {
    health[event.target_id].push_back(event);
  }
  void on_traffic(const std::vector<world::TrafficReport>& reports) override {
    for (const auto& report : reports) {
      auto& sum = traffic[report.target_group_arn];
      sum.requests += report.requests;
      sum.connection_errors += report.connection_errors;
      sum.new_connections += report.new_connections;
      for (const auto& [status, count] : report.by_status) sum.by_status[status] += count;
      for (const auto& [status, count] : report.elb_by_status) sum.elb_by_status[status] += count;
      for (const auto& [bucket, count] : report.target_response_ms.buckets) timed += count;
    }
  }
  void on_target_idle(const std::string&, const std::string& target_id) override {
    idle.push_back(target_id);
  }

  bool is(const std::string& id, world::TargetHealth wanted) const {
    const auto found = health.find(id);
    return found != health.end() && found->second.back().health == wanted;
  }

  std::map<std::string, std::vector<world::TargetHealthEvent>> health;  // by target
  std::vector<std::string> idle;
  std::map<std::string, world::TrafficReport> traffic;  // by target group, summed up
  std::int64_t timed = 0;
};

class BalancerE2e : public testing::Test {
 protected:
  BalancerE2e() {
    std::string pattern = (std::filesystem::temp_directory_path() / "berth-balancer-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    address_ = "127." + std::to_string(10 + ::getpid() % 200) + ".7.9";
    port_ = free_port(address_);
    start_balancer();
    auto& listener = spec_.load_balancers.emplace_back();
    listener.arn = balancer_arn;
    listener.dns_name = dns_name;
    listener.address = address_;
    listener.listeners.emplace_back().port = port_;
    add_group("web");
    listener.listeners[0].default_action = forward_to("web");
  }

  ~BalancerE2e() override {
    if (!balancer_) start_balancer();
    balancer_->shutdown();
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/haproxy"));
    balancer_.reset();
    std::filesystem::remove_all(folder_);
  }

  void start_balancer() {
    balancer_ = std::make_unique<host::HaproxyBalancer>(loop_, heard_, host::HaproxyOptions{folder_});
  }

  static world::ActionSpec forward_to(const std::string& group) {
    world::ActionSpec action;
    action.type = "forward";
    action.forward.push_back({group_arn(group), 1});
    return action;
  }

  world::TargetGroupSpec& add_group(const std::string& name) {
    auto& group = spec_.target_groups.emplace_back();
    group.arn = group_arn(name);
    group.check_path = "/health";
    group.check_interval = Duration::seconds(5);  // 250 ms here
    return group;
  }

  world::TargetGroupSpec& web() { return spec_.target_groups[0]; }
  world::ListenerSpec& listener() { return spec_.load_balancers[0].listeners[0]; }

  static world::TargetSpec target(const HttpServer& server) { return {"127.0.0.1", server.port(), {}}; }
  static std::string id(const HttpServer& server) { return target(server).id(); }

  void apply() { balancer_->apply(spec_); }

  // Lets the loop run until `done`, at most 15 s.
  template <class Predicate>
  bool wait_for(Predicate done) {
    const auto start = std::chrono::steady_clock::now();
    while (!done()) {
      if (std::chrono::steady_clock::now() - start > 15s) return false;
      loop_.io().restart();
      loop_.io().run_for(10ms);
    }
    return true;
  }
  void run_for(std::chrono::milliseconds span) {
    const auto start = std::chrono::steady_clock::now();
    wait_for([&] { return std::chrono::steady_clock::now() - start >= span; });
  }

  bool becomes(const HttpServer& server, world::TargetHealth health) {
    return wait_for([&] { return heard_.is(id(server), health); });
  }
  bool serves(const HttpServer& server) {
    web().targets.push_back(target(server));
    apply();
    return becomes(server, world::TargetHealth::healthy);
  }

  HttpAnswer get(const std::string& path, const std::vector<std::string>& headers = {},
                 const std::string& method = "GET") {
    return http_get(address_, port_, path, headers, method);
  }

  pid_t haproxy_pid() const { return std::atoi(read_file(folder_ + "/haproxy/haproxy.pid").c_str()); }

  AsioLoop loop_{machine_date(), time_scale, 1};
  Heard heard_;
  std::string folder_;
  std::string address_;
  int port_ = 0;
  world::BalancerSpec spec_;
  std::unique_ptr<host::HaproxyBalancer> balancer_;
};

TEST_F(BalancerE2e, ServesWithTheHeadersOfAnAlb) {
  HttpServer one("one");
  ASSERT_TRUE(serves(one));
  EXPECT_EQ(heard_.health[id(one)].front().reason, "Elb.InitialHealthChecking");
  const std::string check = one.last_check();
  EXPECT_NE(check.find("user-agent: ELB-HealthChecker/2.0\r\n"), std::string::npos) << check;
  EXPECT_NE(check.find("host: " + id(one) + "\r\n"), std::string::npos) << check;

  const auto answer = get("/x?y=1", {"X-Forwarded-For: 9.9.9.9"});
  ASSERT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find("GET /x?y=1 HTTP/1.1"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("x-forwarded-for: 9.9.9.9, 127.0.0.1\r\n"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("x-forwarded-proto: http\r\n"), std::string::npos);
  EXPECT_NE(answer.body.find("x-forwarded-port: " + std::to_string(port_) + "\r\n"), std::string::npos);
  EXPECT_NE(answer.body.find("x-amzn-trace-id: Root=1-"), std::string::npos);
  EXPECT_NE(answer.body.find("host: " + address_ + "\r\n"), std::string::npos);

  EXPECT_EQ(http_get("127.0.0.1", port_, "/", {"Host: " + dns_name + ":80"}).status, 200);
  EXPECT_EQ(http_get("127.0.0.1", port_, "/", {"Host: example.com"}).status, 404);
  ASSERT_TRUE(wait_for([&] { return balancer_->info().urls[balancer_arn].size() == 2; }));
  EXPECT_EQ(balancer_->info().problem, "");
  EXPECT_EQ(balancer_->info().urls[balancer_arn][0], "http://" + address_ + ":" + std::to_string(port_));
}

TEST_F(BalancerE2e, TargetsComeAndGoUnderLoadWithoutAFailureOrAReload) {
  HttpServer first("first");
  ASSERT_TRUE(serves(first));
  const pid_t pid = haproxy_pid();
  LoadClient load(address_, port_, "/", 4);
  for (int round = 0; round < 4; ++round) {
    auto second = std::make_unique<HttpServer>("second");
    HttpServer third("third");
    web().targets.push_back(target(*second));
    ASSERT_TRUE(serves(third));
    ASSERT_TRUE(becomes(*second, world::TargetHealth::healthy));
    ASSERT_TRUE(wait_for([&] { return second->requests() > 50 && third.requests() > 50; }));
    for (auto* leaving : {&web().targets[1], &web().targets[2]}) leaving->use = world::TargetUse::draining;
    heard_.idle.clear();
    apply();
    ASSERT_TRUE(wait_for([&] { return heard_.idle.size() == 2; }));
    const int before = second->requests();
    run_for(100ms);
    EXPECT_EQ(second->requests(), before);
    second.reset();
    web().targets.resize(1);
    apply();
    run_for(100ms);
  }
  load.stop();
  EXPECT_EQ(load.failures(), 0) << testing::PrintToString(load.by_status());
  EXPECT_GT(load.answers(), 1000);
  EXPECT_EQ(haproxy_pid(), pid);
}

TEST_F(BalancerE2e, AFreshTargetThatFailsItsCheckGetsNoTraffic) {
  HttpServer good("good"), bad("bad");
  bad.health_status = 500;
  ASSERT_TRUE(serves(good));
  LoadClient load(address_, port_, "/", 2);
  web().targets.push_back(target(bad));
  apply();
  ASSERT_TRUE(becomes(bad, world::TargetHealth::unhealthy));
  const auto event = heard_.health[id(bad)].back();
  EXPECT_EQ(event.reason, "Target.ResponseCodeMismatch");
  EXPECT_EQ(event.description, "Health checks failed with these codes: [500]");
  run_for(500ms);
  EXPECT_GT(bad.checks(), 1);
  EXPECT_EQ(bad.requests(), 0);
  EXPECT_EQ(load.failures(), 0);

  bad.health_status = 200;  // it has been unhealthy: five successes are asked for
  const int checks = bad.checks();
  ASSERT_TRUE(becomes(bad, world::TargetHealth::healthy));
  EXPECT_GE(bad.checks() - checks, 5);
  ASSERT_TRUE(wait_for([&] { return bad.requests() > 0; }));
}

TEST_F(BalancerE2e, FailsOpenWhenEveryTargetIsUnhealthy) {
  HttpServer one("one"), two("two");
  ASSERT_TRUE(serves(one));
  ASSERT_TRUE(serves(two));
  one.health_status = 503;
  ASSERT_TRUE(becomes(one, world::TargetHealth::unhealthy));
  const int before = one.requests();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get("/").status, 200);
  EXPECT_EQ(one.requests(), before);

  two.health_status = 503;
  ASSERT_TRUE(becomes(two, world::TargetHealth::unhealthy));
  run_for(200ms);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get("/").status, 200);
  EXPECT_GT(one.requests(), before);
}

TEST_F(BalancerE2e, DrainingLetsRequestsInFlightFinish) {
  HttpServer one("one"), two("two");
  one.slow_ms = 60'000;  // until it is told to answer: on a busy machine a second target may take any time
  ASSERT_TRUE(serves(one));
  HttpAnswer answer;
  std::thread slow([&] { answer = get("/slow"); });
  EXPECT_TRUE(wait_for([&] { return one.requests() == 1; }));
  web().targets[0].use = world::TargetUse::draining;
  EXPECT_TRUE(serves(two));
  EXPECT_TRUE(heard_.idle.empty());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get("/").body.substr(0, 4), "two\n");
  one.slow_ms = 0;
  slow.join();
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(wait_for([&] { return heard_.idle == std::vector<std::string>{id(one)}; }));

  // One that is taken away although a request is in flight: 502, as an ALB answers when the delay has passed.
  two.slow_ms = 60'000;
  const int before = two.requests();
  std::thread cut([&] { answer = get("/slow"); });
  EXPECT_TRUE(wait_for([&] { return two.requests() > before; }));
  web().targets.clear();
  apply();
  cut.join();
  EXPECT_EQ(answer.status, 502);
}

TEST_F(BalancerE2e, AnswersAndCountsFailuresAsAnAlb) {
  apply();
  ASSERT_TRUE(wait_for([&] { return get("/").status == 503; }));
  const auto none = get("/");
  EXPECT_EQ(none.body,
            "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n"
            "<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n</body>\r\n</html>\r\n");
  EXPECT_EQ(none.headers.at("server"), "awselb/2.0");

  spec_.load_balancers[0].idle_timeout = RealDuration::seconds(1);
  auto one = std::make_unique<HttpServer>("one");
  one->slow_ms = 3000;
  ASSERT_TRUE(serves(*one));
  EXPECT_EQ(get("/status/503").status, 503);
  EXPECT_TRUE(get("/status/503").body.starts_with("one\n"));
  EXPECT_EQ(get("/status/404").status, 404);
  EXPECT_EQ(get("/").status, 200);
  const auto reset = get("/reset");
  EXPECT_EQ(reset.status, 502);
  EXPECT_NE(reset.body.find("<h1>502 Bad Gateway</h1>"), std::string::npos);
  const auto late = get("/slow");
  EXPECT_EQ(late.status, 504);
  EXPECT_NE(late.body.find("<h1>504 Gateway Time-out</h1>"), std::string::npos);
  const std::string gone = id(*one);
  one.reset();
  const auto refused = get("/");
  EXPECT_EQ(refused.status, 502);
  EXPECT_NE(refused.body.find("<h1>502 Bad Gateway</h1>"), std::string::npos);
  ASSERT_TRUE(wait_for([&] { return heard_.is(gone, world::TargetHealth::unhealthy); }));
  EXPECT_EQ(heard_.health[gone].back().reason, "Target.FailedHealthChecks");

  const auto& target = heard_.traffic[web().arn];
  const auto& own = heard_.traffic[""];
  ASSERT_TRUE(wait_for([&] { return target.requests == 7; })) << target.requests;
  EXPECT_EQ(target.by_status, (world::Counts{{200, 1}, {404, 1}, {503, 2}}));
  EXPECT_EQ(target.connection_errors, 1);
  EXPECT_EQ(heard_.timed, 4);
  EXPECT_EQ(own.elb_by_status.at(502), 2);
  EXPECT_EQ(own.elb_by_status.at(504), 1);
  EXPECT_GE(own.elb_by_status.at(503), 2);
  EXPECT_GE(own.new_connections, 8);
}

TEST_F(BalancerE2e, TakesAndRefusesWhatAnAlbDoes) {
  HttpServer one("one");
  ASSERT_TRUE(serves(one));
  const auto header = [](const std::string& name, std::size_t bytes) {
    return name + ": " + std::string(bytes - name.size() - 2, 'x');
  };
  std::vector<std::string> many;
  for (int i = 0; i < 4; ++i) many.push_back(header("X-" + std::to_string(i), 16'000));
  const auto full = get("/", many);
  EXPECT_EQ(full.status, 200);
  EXPECT_NE(full.body.find("x-3: xxx"), std::string::npos);
  EXPECT_EQ(get("/", std::vector<std::string>(300, "A: b")).status, 200);
  const std::string addresses = "X-Forwarded-For: 1.1.1.1";
  std::string thirty = addresses;
  for (int i = 1; i < 30; ++i) thirty += ", 1.1.1.1";
  EXPECT_EQ(get("/" + std::string(16'300, 'u'), {thirty}).status, 200);
  const int reached = one.requests();

  EXPECT_EQ(get("/", {header("X", 16'500)}).status, 400);
  many.push_back(header("X-4", 2'000));
  EXPECT_EQ(get("/", many).status, 400);
  many.insert(many.end(), 20, header("Y", 16'000));  // more than can be read at all
  EXPECT_EQ(get("/", many).status, 400);
  const auto uri = get("/" + std::string(16'400, 'u'));
  EXPECT_EQ(uri.status, 414);
  EXPECT_NE(uri.body.find("<h1>414 Request-URI Too Large</h1>"), std::string::npos);
  EXPECT_EQ(uri.headers.at("server"), "awselb/2.0");
  EXPECT_EQ(get("/" + std::string(80'000, 'u')).status, 414);
  EXPECT_EQ(get("/", {thirty + ", 2.2.2.2"}).status, 463);
  EXPECT_EQ(get("/", {}, "TRACE").status, 405);
  EXPECT_EQ(one.requests(), reached);
  auto& own = heard_.traffic[""].elb_by_status;
  EXPECT_TRUE(wait_for([&] { return own[414] == 2 && own[400] >= 2 && own[463] == 1 && own[405] == 1; }))
      << testing::PrintToString(own);
}

TEST_F(BalancerE2e, RoutesByRules) {
  HttpServer web_server("web"), api_server("api");
  add_group("api").targets.push_back(target(api_server));
  const auto rule = [&](int priority, std::vector<world::ConditionSpec> conditions,
                        world::ActionSpec action) {
    listener().rules.push_back({"", priority, std::move(conditions), std::move(action)});
  };
  world::ActionSpec redirect;
  redirect.type = "redirect";
  redirect.status_code = 301;
  redirect.redirect_path = "/new/#{path}";
  redirect.redirect_query = "#{query}";
  world::ActionSpec fixed;
  fixed.type = "fixed-response";
  fixed.status_code = 418;
  fixed.message_body = "it's \"%[src]\"\n$HOME";
  rule(40, {{"path-pattern", "", {"/api/*"}, {}}}, forward_to("api"));
  rule(10, {{"path-pattern", "", {"/api/old*"}, {}}}, redirect);
  rule(20, {{"host-header", "", {"*.example.com"}, {}}, {"query-string", "", {}, {{"v", "1?"}}}}, fixed);
  rule(30, {{"http-header", "X-Kind", {"a*z"}, {}}}, forward_to("api"));
  rule(35, {{"http-request-method", "", {"DELETE"}, {}}, {"source-ip", "", {"127.0.0.0/8"}, {}}},
       forward_to("api"));
  ASSERT_TRUE(serves(web_server));
  ASSERT_TRUE(becomes(api_server, world::TargetHealth::healthy));

  EXPECT_TRUE(get("/").body.starts_with("web\n"));
  EXPECT_TRUE(get("/api/x").body.starts_with("api\n"));
  EXPECT_TRUE(get("/API/x").body.starts_with("web\n"));
  EXPECT_TRUE(get("/", {"X-Kind: AbcZ"}).body.starts_with("api\n"));
  EXPECT_TRUE(get("/", {}, "DELETE").body.starts_with("api\n"));
  const auto moved = get("/api/old?a=b");
  EXPECT_EQ(moved.status, 301);
  EXPECT_EQ(moved.headers.at("location"),
            "http://" + address_ + ":" + std::to_string(port_) + "/new/api/old?a=b");
  EXPECT_EQ(get("/api/old").headers.at("location"),
            "http://" + address_ + ":" + std::to_string(port_) + "/new/api/old");
  const auto teapot = get("/?v=12", {"Host: WWW.example.com"});
  EXPECT_EQ(teapot.status, 418);
  EXPECT_EQ(teapot.body, fixed.message_body);
  EXPECT_EQ(get("/?v=123", {"Host: www.example.com"}).status, 200);
}

TEST_F(BalancerE2e, SplitsByWeight) {
  HttpServer web_server("web"), api_server("api");
  add_group("api").targets.push_back(target(api_server));
  listener().default_action.forward = {{group_arn("web"), 1}, {group_arn("api"), 3}};
  ASSERT_TRUE(serves(web_server));
  ASSERT_TRUE(becomes(api_server, world::TargetHealth::healthy));
  for (int i = 0; i < 400; ++i) get("/");
  EXPECT_NEAR(api_server.requests(), 300, 50);
  EXPECT_EQ(api_server.requests() + web_server.requests(), 400);
}

TEST_F(BalancerE2e, StickySessionsFollowTheTarget) {
  HttpServer one("one"), two("two"), three("three");
  web().sticky = true;
  ASSERT_TRUE(serves(one));
  ASSERT_TRUE(serves(two));
  const auto answer = get("/");
  ASSERT_EQ(answer.cookies.size(), 2u);
  const std::string cookie = answer.cookies[0], cors = answer.cookies[1];
  ASSERT_TRUE(cookie.starts_with("AWSALB=")) << cookie;
  const auto value_end = cookie.find(';');
  EXPECT_TRUE(cookie.substr(value_end).starts_with("; Expires=") && cookie.ends_with(" GMT; Path=/"))
      << cookie;
  EXPECT_EQ(cors, "AWSALBCORS" + cookie.substr(6) + "; SameSite=None; Secure");
  const std::string header = "Cookie: " + cookie.substr(0, value_end);
  const std::string name = answer.body.substr(0, 3);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get("/", {header}).body.substr(0, 3), name);
  const std::string cors_header = "Cookie: a=b; " + cors.substr(0, cors.find(';'));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get("/", {cors_header}).body.substr(0, 3), name);

  // Its target leaves, and another takes the slot: the session goes to whoever serves, not to the slot.
  const auto at = name == "one" ? 0u : 1u;
  web().targets[at].use = world::TargetUse::draining;
  apply();
  ASSERT_TRUE(wait_for([&] { return heard_.idle.size() == 1; }));
  EXPECT_NE(get("/", {header}).body.substr(0, 3), name);
  three.health_status = 500;
  web().targets[at] = target(three);
  apply();
  ASSERT_TRUE(becomes(three, world::TargetHealth::unhealthy));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get("/", {header}).status, 200);
  EXPECT_EQ(three.requests(), 0);
}

TEST_F(BalancerE2e, ReloadsWithoutAFailureAndKeepsWhatItKnows) {
  HttpServer good("good"), bad("bad");
  bad.health_status = 500;
  ASSERT_TRUE(serves(good));
  web().targets.push_back(target(bad));
  apply();
  ASSERT_TRUE(becomes(bad, world::TargetHealth::unhealthy));
  const pid_t pid = haproxy_pid();
  LoadClient load(address_, port_, "/", 4);
  for (int i = 0; i < 5; ++i) {
    listener().rules.push_back(
        {"", i + 1, {{"path-pattern", "", {"/never" + std::to_string(i)}, {}}}, forward_to("web")});
    const pid_t before = haproxy_pid();
    apply();
    ASSERT_TRUE(wait_for([&] { return haproxy_pid() != before; }));
    run_for(300ms);
  }
  load.stop();
  EXPECT_EQ(load.failures(), 0) << testing::PrintToString(load.by_status());
  EXPECT_EQ(bad.requests(), 0);
  EXPECT_NE(haproxy_pid(), pid);
  EXPECT_EQ(heard_.health[id(good)].size(), 2u);  // initial, healthy: a reload is no news
  // Lines that HAProxy drops while one process hands over to the next are not mended.
  const auto& counted = heard_.traffic[web().arn].requests;
  EXPECT_TRUE(wait_for([&] { return static_cast<double>(counted) > load.answers() * 0.98; }))
      << counted << " of " << load.answers();
  EXPECT_LE(counted, load.answers());
}

TEST_F(BalancerE2e, CountsEveryRequest) {
  HttpServer one("one"), two("two");
  ASSERT_TRUE(serves(one));
  ASSERT_TRUE(serves(two));
  LoadClient load(address_, port_, "/", 16);
  run_for(2s);
  load.stop();
  const auto& counted = heard_.traffic[web().arn];
  ASSERT_TRUE(wait_for([&] { return counted.requests >= load.answers(); }))
      << counted.requests << " of " << load.answers();
  EXPECT_EQ(counted.requests, load.answers());
  EXPECT_GT(static_cast<double>(heard_.timed), 0.9 * load.answers());
}

TEST_F(BalancerE2e, MoreTargetsThanSlots) {
  std::vector<std::unique_ptr<HttpServer>> servers;
  for (int i = 0; i < 20; ++i) {
    servers.push_back(std::make_unique<HttpServer>("s" + std::to_string(i)));
    web().targets.push_back(target(*servers.back()));
    if (i == 3) apply();
  }
  ASSERT_TRUE(becomes(*servers[0], world::TargetHealth::healthy));
  apply();
  for (const auto& server : servers) ASSERT_TRUE(becomes(*server, world::TargetHealth::healthy));
  for (int i = 0; i < 60; ++i) EXPECT_EQ(get("/").status, 200);
  for (const auto& server : servers) EXPECT_GT(server->requests(), 0);
}

TEST_F(BalancerE2e, IsStartedAgainWhenKilled) {
  HttpServer one("one");
  ASSERT_TRUE(serves(one));
  const pid_t pid = haproxy_pid();
  ::kill(pid, SIGKILL);
  ASSERT_TRUE(wait_for([&] { return haproxy_pid() != pid && get("/").status == 200; }));
  ASSERT_TRUE(wait_for([&] { return balancer_->info().running && balancer_->info().problem.empty(); }));
}

TEST_F(BalancerE2e, GoesOnWithoutTheDaemonAndIsAdopted) {
  HttpServer one("one"), two("two");
  ASSERT_TRUE(serves(one));
  ASSERT_TRUE(serves(two));
  two.health_status = 500;
  ASSERT_TRUE(becomes(two, world::TargetHealth::unhealthy));
  const pid_t pid = haproxy_pid();
  LoadClient load(address_, port_, "/", 2);
  balancer_.reset();
  heard_ = Heard();
  run_for(300ms);
  start_balancer();
  apply();
  ASSERT_TRUE(becomes(one, world::TargetHealth::healthy));
  ASSERT_TRUE(becomes(two, world::TargetHealth::unhealthy));
  EXPECT_EQ(heard_.health[id(one)].size(), 1u);
  HttpServer three("three");
  ASSERT_TRUE(serves(three));
  ASSERT_TRUE(wait_for([&] { return three.requests() > 10; }));
  load.stop();
  EXPECT_EQ(load.failures(), 0);
  EXPECT_EQ(haproxy_pid(), pid);
  EXPECT_EQ(two.requests(), 0) << "an unhealthy target must stay one";
}

TEST_F(BalancerE2e, SaysWhatIsWrong) {
  HttpServer neighbour("neighbour"), one("one");
  listener().port = port_ = neighbour.port();  // 127.0.0.1 is taken, the address of its own is not
  ASSERT_TRUE(serves(one));
  EXPECT_TRUE(get("/").body.starts_with("one\n"));
  ASSERT_TRUE(wait_for([&] { return !balancer_->info().problem.empty(); }));
  EXPECT_EQ(balancer_->info().problem,
            "127.0.0.1:" + std::to_string(port_) +
                " cannot be listened on: Address already in use: balancer_e2e (process " +
                std::to_string(getpid()) + ") listens there");
  EXPECT_EQ(balancer_->info().urls[balancer_arn].size(), 1u);

  web().matcher = "never";
  apply();
  ASSERT_TRUE(wait_for([&] {
    return balancer_->info().problem.find("refuses its configuration") != std::string::npos;
  })) << balancer_->info().problem;
  EXPECT_EQ(get("/").status, 200) << "a bad wish leaves the good one in force";

  host::HaproxyBalancer without(loop_, heard_, {folder_ + "/other", "/nowhere/haproxy", {}});
  without.apply(spec_);
  ASSERT_TRUE(wait_for([&] { return !without.info().problem.empty(); }));
  EXPECT_NE(without.info().problem.find("install the package haproxy"), std::string::npos);
}

TEST_F(BalancerE2e, ReachesTargetsInsideAVpc) {
  const std::string netns = "berth-e2e-" + std::to_string(::getpid());
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  balancer_ = std::make_unique<host::HaproxyBalancer>(
      loop_, heard_, host::HaproxyOptions{folder_, "haproxy", [&](const auto& vpc) {
                                            return vpc == "vpc-1" ? netns : std::string();
                                          }});
  HttpServer outside("outside");
  add_group("api").targets.push_back(target(outside));
  listener().rules.push_back({"", 1, {{"path-pattern", "", {"/out"}, {}}}, forward_to("api")});
  web().vpc_id = "vpc-1";
  apply();
  ASSERT_TRUE(becomes(outside, world::TargetHealth::healthy))
      << "one missing network must not stop the others";
  const auto problem_is = [&](const std::string& text) {
    return wait_for([&] { return balancer_->info().problem == text; });
  };
  EXPECT_TRUE(problem_is("the network of these VPCs is not there yet: vpc-1")) << balancer_->info().problem;

  ASSERT_TRUE(host::make_netns(netns));
  ASSERT_TRUE(host::ip_batch(netns, {"link set lo up"}));
  // Two: of a server-template's servers HAProxy gives only the first its namespace.
  std::optional<HttpServer> inside, inside_too;
  ASSERT_TRUE(host::in_netns(netns, [&]() -> Result<> {
    inside.emplace("inside");
    inside_too.emplace("inside");
    return {};
  }));
  ASSERT_TRUE(serves(*inside));
  ASSERT_TRUE(serves(*inside_too));
  EXPECT_TRUE(get("/").body.starts_with("inside\n"));
  EXPECT_TRUE(get("/out").body.starts_with("outside\n"));
  EXPECT_TRUE(problem_is("")) << balancer_->info().problem;
  inside.reset();
  inside_too.reset();
  EXPECT_TRUE(host::remove_netns(netns));
}

TEST_F(BalancerE2e, ATargetThatNobodyAsksIsIdleAtOnce) {
  listener().default_action = {};
  listener().default_action.type = "fixed-response";
  listener().default_action.status_code = 404;
  web().targets.push_back({"127.0.0.1", 9, world::TargetUse::draining});
  apply();
  EXPECT_TRUE(wait_for([&] { return heard_.idle == std::vector<std::string>{"127.0.0.1:9"}; }));
}

TEST_F(BalancerE2e, EndsWithItsLastLoadBalancer) {
  HttpServer one("one");
  ASSERT_TRUE(serves(one));
  const pid_t pid = haproxy_pid();
  spec_ = {};
  apply();
  ASSERT_TRUE(wait_for([&] { return !balancer_->info().running; }));
  EXPECT_FALSE(host::is_running(pid));
}

}  // namespace
}  // namespace berth::e2e
