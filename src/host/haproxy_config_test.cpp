#include "host/haproxy_config.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"

namespace berth::host::haproxy {
namespace {

const std::string web_lb =
    "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/web/50dc6c495c0c9188";
const std::string other_lb =
    "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/other/50dc6c495c0c9189";
const std::string web_group =
    "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/73e2d6bc24d8a067";

world::ActionSpec forward_to(const std::string& group) {
  world::ActionSpec action;
  action.type = "forward";
  action.forward.push_back({group, 1});
  return action;
}

// One load balancer with one listener and one target group of four slots.
struct World {
  World() {
    auto& balancer = spec.load_balancers.emplace_back();
    balancer.arn = web_lb;
    balancer.dns_name = "web-1.us-east-1.elb.localhost";
    balancer.address = "127.1.2.3";
    balancer.listeners.emplace_back().default_action = forward_to(web_group);
    auto& group = spec.target_groups.emplace_back();
    group.arn = web_group;
    group.vpc_id = "vpc-1";
    group.check_path = "/api/health";
    slots[web_group].resize(4);
    netns["vpc-1"] = {"berth-vpc-1", "4711", true};
  }

  ConfigInput input() const {
    ConfigInput in;
    in.spec = &spec;
    in.slots = &slots;
    in.netns_of_vpc = &netns;
    in.unbindable = &unbindable;
    in.socket_path = "/data/haproxy/admin.sock";
    in.state_path = "/data/haproxy/servers.state";
    in.threads = 2;
    in.time_scale = 10;
    return in;
  }
  std::string render() const { return render_config(input()); }
  std::string structure() const { return config_structure(input()); }
  world::LoadBalancerSpec& balancer() { return spec.load_balancers[0]; }
  world::ListenerSpec& listener() { return balancer().listeners[0]; }
  world::TargetGroupSpec& group() { return spec.target_groups[0]; }

  world::BalancerSpec spec;
  SlotTable slots;
  std::map<std::string, Netns> netns;
  std::set<std::string> unbindable;
};

std::string section(const std::string& config, const std::string& title) {
  const auto start = config.find("\n" + title + "\n");
  if (start == std::string::npos) return "";
  return config.substr(start + 1, config.find("\n\n", start + 1) - start);
}

bool has_line(const std::string& config, const std::string& line) {
  const auto lines = split(config, '\n');
  return std::find(lines.begin(), lines.end(), "  " + line) != lines.end();
}

TEST(HaproxyConfig, Global) {
  const World world;
  EXPECT_EQ(world.render().substr(0, world.render().find("\n\n")),
            "global\n"
            "  log fd@3 format raw local0\n"
            "  stats socket /data/haproxy/admin.sock mode 600 level admin expose-fd listeners\n"
            "  server-state-file /data/haproxy/servers.state\n"
            "  setenv BERTH_STRUCTURE " +
                world.structure() +
                "\n"
                "  nbthread 2\n"
                "  fd-hard-limit 20000\n"
                "  tune.bufsize 98304\n"
                "  tune.maxrewrite 8192\n"
                "  tune.http.maxhdr 1024\n"
                "  hard-stop-after 90000ms");
}

TEST(HaproxyConfig, Frontend) {
  const World world;
  std::string frontend = section(world.render(), "frontend " + frontend_name(web_lb, 80));
  const auto refusals = frontend.find("  http-request return"), others = frontend.find("  option forwardfor");
  ASSERT_LT(refusals, others);
  frontend.replace(refusals, others - refusals, "REFUSALS");
  EXPECT_EQ(frontend,
            R"(frontend lb_web_c05c430e_80
  bind 127.1.2.3:80
  timeout client 60000ms
  timeout http-request 60000ms
  timeout http-keep-alive 60000ms
  log-format "A %pid lb_web_c05c430e %b %s %ST %ts %Tr %B %U"
REFUSALS  option forwardfor if-none
  http-request set-header X-Forwarded-For "%[req.fhdr(x-forwarded-for)], %[src]" if { req.fhdr(x-forwarded-for) -m found }
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Port 80
  http-request set-header X-Amzn-Trace-Id "Self=1-%[date,hex,bytes(8,8),lower]-%[uuid,bytes(24,12)]%[uuid,bytes(24,12)];%[req.hdr(x-amzn-trace-id)]" if { req.hdr(x-amzn-trace-id) -m found }
  http-request set-header X-Amzn-Trace-Id Root=1-%[date,hex,bytes(8,8),lower]-%[uuid,bytes(24,12)]%[uuid,bytes(24,12)] if !{ req.hdr(x-amzn-trace-id) -m found }
  default_backend tg_web_ceb4006b
)");
}

TEST(HaproxyConfig, BackendWithItsSlots) {
  World world;
  world.slots[web_group][0] = {SlotPhase::healthy, "10.0.1.5", 8000, false};
  world.slots[web_group][2] = {SlotPhase::fresh, "10.0.1.6", 8000, false};
  world.slots[web_group][3] = {SlotPhase::draining, "10.0.1.7", 8000, false};
  EXPECT_EQ(section(world.render(), "backend " + backend_name(web_group)),
            R"(backend tg_web_ceb4006b
  balance roundrobin
  option allbackups
  timeout server 60000ms
  timeout tunnel 60000ms
  option httpchk
  http-check send meth GET uri /api/health ver HTTP/1.1 hdr User-Agent ELB-HealthChecker/2.0 hdr Host %[bc_dst]:%[bc_dst_port]
  http-check expect status 200
  timeout check 5000ms
  http-request return status 503 content-type text/html string "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n</body>\r\n</html>\r\n" hdr Server awselb/2.0 if { nbsrv eq 0 } !{ stopping }
  http-request set-var(txn.start) date(0,ms)
  http-response set-var(txn.answered) int(1) if { status 503 }
  http-after-response set-status 504 reason 'Gateway Time-out' if { status 503 } { srv_name -m found } !{ var(txn.answered) -m found } { date(0,ms),sub(txn.start) ge 9500 }
  http-after-response set-status 502 reason 'Bad Gateway' if { status 503 } { srv_name -m found } !{ var(txn.answered) -m found }
  # namespace berth-vpc-1 4711
  server t1 10.0.1.5:8000 namespace berth-vpc-1 check inter 3000ms rise 5 fall 2 weight 100
  server t2 0.0.0.0:1 namespace berth-vpc-1 check inter 3000ms rise 5 fall 2 weight 100 disabled
  server t3 10.0.1.6:8000 namespace berth-vpc-1 check inter 3000ms rise 5 fall 2 weight 0
  server t4 10.0.1.7:8000 namespace berth-vpc-1 check inter 3000ms rise 5 fall 2 weight 0 disabled
  server o1 10.0.1.5:8000 namespace berth-vpc-1 backup check inter 500ms rise 1 fall 1 weight 100
  server o2 0.0.0.0:1 namespace berth-vpc-1 backup check inter 500ms rise 1 fall 1 weight 100 disabled
  server o3 10.0.1.6:8000 namespace berth-vpc-1 backup check inter 500ms rise 1 fall 1 weight 0
  server o4 10.0.1.7:8000 namespace berth-vpc-1 backup check inter 500ms rise 1 fall 1 weight 0 disabled
)");
}

TEST(HaproxyConfig, OptionsOfATargetGroup) {
  World world;
  world.group().algorithm = "least_outstanding_requests";
  world.group().sticky = true;
  world.group().check_port = "9000";
  world.group().matcher = "200-299,301";
  world.group().check_interval = Duration::seconds(1);  // 100 ms at this scale: too fast
  world.group().slow_start = Duration::seconds(30);
  world.balancer().idle_timeout = RealDuration::seconds(300);
  const std::string backend = section(world.render(), "backend " + backend_name(web_group));
  EXPECT_TRUE(has_line(backend, "balance leastconn"));
  EXPECT_TRUE(has_line(backend, "timeout server 300000ms"));
  EXPECT_TRUE(has_line(backend, "http-check expect status 200-299,301"));
  EXPECT_TRUE(has_line(backend, "cookie AWSALB insert indirect nocache dynamic maxidle 8640s"));
  EXPECT_NE(backend.find("port 9000 check inter 200ms rise 5 fall 2 slowstart 3000ms"), std::string::npos);
  EXPECT_NE(backend.find("port 9000 check inter 200ms rise 1 fall 1"), std::string::npos);
  EXPECT_TRUE(has_line(world.render(), "hard-stop-after 330000ms"));
}

TEST(HaproxyConfig, TargetsDoNotChangeTheStructure) {
  World world;
  const std::string before = world.structure();
  world.slots[web_group][1] = {SlotPhase::healthy, "10.0.1.5", 8000, false};
  world.group().targets.push_back({"10.0.1.5", 8000, {}});
  EXPECT_EQ(world.structure(), before);
  EXPECT_NE(world.render(), World().render());

  const auto changes = [&](auto change) {
    World changed;
    change(changed);
    return changed.structure() != before;
  };
  EXPECT_TRUE(changes([](World& w) { w.slots[web_group].resize(8); }));
  EXPECT_TRUE(changes([](World& w) { w.netns["vpc-1"].identity = "4712"; }));
  EXPECT_TRUE(changes([](World& w) { w.listener().port = 81; }));
  EXPECT_TRUE(changes([](World& w) { w.group().check_path = "/"; }));
  EXPECT_TRUE(changes([](World& w) { w.unbindable.insert("127.0.0.1:80"); }));
  EXPECT_FALSE(changes([](World&) {}));
}

TEST(HaproxyConfig, SharesLocalhostByHost) {
  World world;
  auto second = world.balancer();
  second.arn = other_lb;
  second.dns_name = "other-2.us-east-1.elb.localhost";
  second.address = "127.1.2.4";
  world.spec.load_balancers.push_back(second);
  EXPECT_EQ(wanted_binds(world.spec),
            (std::vector<std::string>{"127.0.0.1:80", "127.1.2.3:80", "127.1.2.4:80"}));
  EXPECT_EQ(binds_in(world.render()).size(), 3u);
  const std::string shared = section(world.render(), "frontend by_host_80");
  EXPECT_TRUE(has_line(shared, "bind 127.0.0.1:80"));
  EXPECT_TRUE(has_line(shared, "http-request set-var(txn.lb) str(" + load_balancer_key(other_lb) +
                                   ") if { req.hdr(host),host_only -i -m str -- "
                                   "other-2.us-east-1.elb.localhost }"));
  EXPECT_TRUE(has_line(shared,
                       "http-request set-var(txn.rule) int(2) if !{ var(txn.rule) -m found } { "
                       "var(txn.lb) -m str " +
                           load_balancer_key(other_lb) + " }"));
  EXPECT_TRUE(has_line(shared, "use_backend tg_web_ceb4006b if { var(txn.rule) -m int 2 }"));

  world.unbindable = {"127.0.0.1:80", "127.1.2.4:80"};
  EXPECT_EQ(binds_in(world.render()), std::set<std::string>{"127.1.2.3:80"});
  EXPECT_EQ(section(world.render(), "frontend by_host_80"), "");
}

TEST(HaproxyConfig, LeavesUnusedGroupsAndMissingNetworksOut) {
  World world;
  auto& unused = world.spec.target_groups.emplace_back(world.group());
  unused.arn = web_group + "0";
  EXPECT_EQ(section(world.render(), "backend " + backend_name(unused.arn)), "");
  world.netns["vpc-1"].exists = false;
  const std::string backend = section(world.render(), "backend " + backend_name(web_group));
  EXPECT_NE(backend, "");
  EXPECT_EQ(backend.find("  server"), std::string::npos);
}

TEST(HaproxyConfig, NothingOfAUsersEndsItsLine) {
  World world;
  const auto lines = [&] { return split(world.render(), '\n').size(); };
  const auto before = lines();
  const std::string hostile = "/'\"\\\n  server evil 1.2.3.4:80 # $HOME %[src]";
  world.group().check_path = hostile;
  world.group().matcher = hostile;
  world.balancer().dns_name = hostile;
  EXPECT_EQ(lines(), before);
  EXPECT_NE(world.render().find(R"(uri "/'\"\\\n  server evil 1.2.3.4:80 # \$HOME %[src]" ver)"),
            std::string::npos)
      << world.render();
}

TEST(HaproxyConfigTest, TargetsAreReachedFromTheLoadBalancersOwnAddress) {
  World world;
  EXPECT_EQ(world.render().find("  source "), std::string::npos);
  world.balancer().source = "10.0.1.4";
  EXPECT_NE(world.render().find("  source 10.0.1.4\n"), std::string::npos);
}

}  // namespace
}  // namespace berth::host::haproxy
