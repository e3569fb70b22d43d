#include "host/haproxy_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/digest.h"
#include "base/text.h"
#include "host/haproxy_rules.h"
#include "host/haproxy_text.h"

namespace berth::host::haproxy {
namespace {

constexpr int connect_timeout_ms = 10'000;  // ALB's
constexpr int stickiness_cookie_s = 7 * 86400;
constexpr double check_interval_ms_min = 200;    // however fast the clock runs
constexpr double first_check_interval_ms = 500;  // of a fresh target, until its first success
constexpr int file_descriptors_max = 20'000;

// An ALB takes 16 K for the request line and for each header and 64 K for all of them.
constexpr int request_line_bytes_max = 16 << 10;
constexpr int header_bytes_max = 16 << 10;
constexpr int forwarded_addresses_max = 30;
// What a request's head is read into: the 64 K, what is added on the way to the target, and room to tell a
// too long URI from what is no request. Taken only while a request is under way.
constexpr int buffer_bytes = 96 << 10;
constexpr int added_bytes = 8 << 10;
constexpr int headers_max = 1024;

const char* const every_request_to_a_target = R"(  option forwardfor if-none
  http-request set-header X-Forwarded-For "%[req.fhdr(x-forwarded-for)], %[src]" if { req.fhdr(x-forwarded-for) -m found }
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Port %PORT%
  http-request set-header X-Amzn-Trace-Id "Self=%ID%;%[req.hdr(x-amzn-trace-id)]" if { req.hdr(x-amzn-trace-id) -m found }
  http-request set-header X-Amzn-Trace-Id Root=%ID% if !{ req.hdr(x-amzn-trace-id) -m found }
)";
// "1-67891233-abcdef012345678912345678": seconds since 1970 and 96 random bits.
const char* const trace_id = "1-%[date,hex,bytes(8,8),lower]-%[uuid,bytes(24,12)]%[uuid,bytes(24,12)]";

std::string forward_lines(int port) {
  auto lines = replace_all(every_request_to_a_target, "%PORT%", std::to_string(port));
  return replace_all(std::move(lines), "%ID%", trace_id);
}

long long real_ms(Duration span, double time_scale) {
  return std::llround(static_cast<double>(span.us) / time_scale / 1000);
}

long long ms(RealDuration span) {
  return span.us / 1000;
}

std::string bind_address(const std::string& address, int port) {
  return fmt::format("{}:{}", address, port);
}

bool is_served_by_name(const world::LoadBalancerSpec& balancer) {
  return !balancer.dns_name.empty() && balancer.address != "127.0.0.1";
}

class Renderer {
 public:
  explicit Renderer(const ConfigInput& input) : in_(input), used_(used_target_groups(*input.spec)) {
    for (const auto& group : in_.spec->target_groups) {
      if (used_.contains(group.arn)) backends_.emplace(group.arn, backend_name(group.arn));
    }
  }

  std::string body() {
    write_defaults();
    std::set<int> shared_ports;
    for (const auto& balancer : in_.spec->load_balancers) {
      for (const auto& listener : balancer.listeners) {
        write_frontend(balancer, listener);
        if (is_served_by_name(balancer)) shared_ports.insert(listener.port);
      }
    }
    for (const int port : shared_ports) write_shared_frontend(port);
    for (const auto& group : in_.spec->target_groups) {
      if (used_.contains(group.arn)) write_backend(group);
    }
    return std::move(out_);
  }

  std::string global(const std::string& structure) const {
    return fmt::format(
        "global\n"
        "  log fd@{} format raw local0\n"
        "  stats socket {} mode 600 level admin expose-fd listeners\n"
        "  server-state-file {}\n"
        "  setenv {} {}\n"
        "  nbthread {}\n"
        "  fd-hard-limit {}\n"
        "  tune.bufsize {}\n"
        "  tune.maxrewrite {}\n"
        "  tune.http.maxhdr {}\n"
        "  hard-stop-after {}ms\n",
        in_.log_fd, word(in_.socket_path), word(in_.state_path), structure_variable, structure, in_.threads,
        file_descriptors_max, buffer_bytes, added_bytes, headers_max, longest_idle_ms() + 30'000);
  }

 private:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    out_ += fmt::format(format, std::forward<Args>(args)...) + "\n";
  }

  long long longest_idle_ms() const {
    long long longest = 60'000;
    for (const auto& balancer : in_.spec->load_balancers) {
      longest = std::max(longest, ms(balancer.idle_timeout));
    }
    return longest;
  }

  void write_error_page(int status, const std::string& page) {
    line("  http-error status {} content-type text/html string {} hdr Server awselb/2.0", status, word(page));
  }

  void write_defaults() {
    line("\ndefaults");
    line("  mode http");
    line("  log global");
    line("  load-server-state-from-file global");
    line("  option log-health-checks");
    line("  option http-ignore-probes");
    // On a reload an idle client connection is closed with the answer to its next request, never before it.
    line("  option idle-close-on-response");
    line("  retries 0");
    line("  timeout connect {}ms", connect_timeout_ms);
    line("  timeout client {}ms", longest_idle_ms());
    line("  timeout server {}ms", longest_idle_ms());
    for (const int status : {400, 408, 413, 500, 501, 502, 504}) {
      write_error_page(status, alb_page(fmt::format("{} {}", status, alb_reason(status))));
    }
    // HAProxy answers 503 to a failed connection, an ALB 502, or 504 when it timed out; see write_backend.
    const std::string page = replace_all(alb_page("%STATUS%"), "%STATUS%",
                                         fmt::format("%[date(0,ms),sub(txn.start),div({}),bool,"
                                                     "iif(504 Gateway Time-out,502 Bad Gateway)]",
                                                     connect_timed_out_ms()));
    line("  http-error status 503 content-type text/html lf-string {} hdr Server awselb/2.0", word(page));
  }

  static int connect_timed_out_ms() { return connect_timeout_ms * 19 / 20; }

  bool write_bind(const std::string& address) {
    if (in_.unbindable->contains(address)) return false;
    line("  bind {}", address);
    return true;
  }

  void write_frontend(const world::LoadBalancerSpec& balancer, const world::ListenerSpec& listener) {
    const std::string address = bind_address(balancer.address, listener.port);
    if (in_.unbindable->contains(address)) return;
    line("\nfrontend {}", frontend_name(balancer.arn, listener.port));
    write_bind(address);
    line("  timeout client {}ms", ms(balancer.idle_timeout));
    line("  timeout http-request {}ms", ms(balancer.idle_timeout));
    line("  timeout http-keep-alive {}ms", ms(balancer.idle_timeout));
    write_log_format(load_balancer_key(balancer.arn));
    write_refusals();
    std::vector<RuleEntry> entries;
    append_entries(listener, "", entries);
    out_ += render_rules(entries, {listener.port, &backends_}, forward_lines(listener.port));
  }

  // What haproxy_traffic reads: process, load balancer, backend, server, status, cause, response time and
  // bytes.
  void write_log_format(const std::string& key) {
    line("  log-format \"A %pid {} %b %s %ST %ts %Tr %B %U\"", key);
  }

  // What an ALB itself refuses, before any rule is looked at.
  void write_refusals() {
    const auto refuse = [&](int status, const std::string& condition) {
      line("  http-request return status {} content-type text/html string {} hdr Server awselb/2.0 if {}",
           status, word(alb_page(std::string(trim(fmt::format("{} {}", status, alb_reason(status)))))),
           condition);
    };
    refuse(405, "{ method TRACE }");
    const int around_uri_bytes = static_cast<int>(std::string_view("GET  HTTP/1.1").size());
    refuse(414, fmt::format("{{ url,length gt {} }}", request_line_bytes_max - around_uri_bytes));
    refuse(400,
           fmt::format(
               "{{ req.hdrs,length gt {0} }} {{ req.hdrs -m reg '[^\\r\\n]{{{1}}}|^[\\s\\S]{{65535}}' }}",
               header_bytes_max, header_bytes_max + 1));
    refuse(463, fmt::format("{{ req.hdr_cnt(x-forwarded-for) gt {} }}", forwarded_addresses_max));
  }

  static void append_entries(const world::ListenerSpec& listener, const std::string& guard,
                             std::vector<RuleEntry>& entries) {
    std::vector<const world::RuleSpec*> rules;
    for (const auto& rule : listener.rules) rules.push_back(&rule);
    std::stable_sort(rules.begin(), rules.end(),
                     [](const auto* a, const auto* b) { return a->priority < b->priority; });
    for (const auto* rule : rules) entries.push_back({guard, &rule->conditions, &rule->action});
    entries.push_back({guard, nullptr, &listener.default_action});
  }

  // 127.0.0.1 stands for every load balancer with a listener on the port; the Host header says which.
  void write_shared_frontend(int port) {
    if (in_.unbindable->contains(bind_address("127.0.0.1", port))) return;
    line("\nfrontend {}", shared_frontend_name(port));
    write_bind(bind_address("127.0.0.1", port));
    std::vector<RuleEntry> entries;
    for (const auto& balancer : in_.spec->load_balancers) {
      for (const auto& listener : balancer.listeners) {
        if (listener.port != port || !is_served_by_name(balancer)) continue;
        const std::string key = load_balancer_key(balancer.arn);
        line("  http-request set-var(txn.lb) str({}) if {{ req.hdr(host),host_only -i -m str -- {} }}", key,
             word(balancer.dns_name));
        append_entries(listener, fmt::format("{{ var(txn.lb) -m str {} }}", key), entries);
      }
    }
    write_log_format("%[var(txn.lb)]");
    write_refusals();
    line("  http-request return status 404 content-type text/plain string {} if !{{ var(txn.lb) -m found }}",
         word("No load balancer has this host name\n"));
    out_ += render_rules(entries, {port, &backends_}, forward_lines(port));
  }

  const world::LoadBalancerSpec* balancer_of(const std::string& group_arn) const {
    for (const auto& balancer : in_.spec->load_balancers) {
      world::BalancerSpec alone;
      alone.load_balancers.push_back(balancer);
      if (used_target_groups(alone).contains(group_arn)) return &balancer;
    }
    return nullptr;
  }

  void write_backend(const world::TargetGroupSpec& group) {
    line("\nbackend {}", backends_.at(group.arn));
    line("  balance {}", group.algorithm == "least_outstanding_requests" ? "leastconn"
                         : group.algorithm == "weighted_random"          ? "random(1)"
                                                                         : "roundrobin");
    line("  option allbackups");
    if (const auto* balancer = balancer_of(group.arn)) {
      line("  timeout server {}ms", ms(balancer->idle_timeout));
      line("  timeout tunnel {}ms", ms(balancer->idle_timeout));
      if (!balancer->source.empty()) line("  source {}", word(balancer->source));
    }
    if (group.sticky) {
      // The cookie follows the target's address, not the slot that the next target may get.
      line("  dynamic-cookie-key {}", backends_.at(group.arn));
      line("  cookie AWSALB insert indirect nocache dynamic maxidle {}s",
           std::max(1LL, real_ms(group.sticky_duration, in_.time_scale) / 1000));
      write_cookies();
    }
    if (group.check_enabled) write_check(group);
    write_failures();
    write_servers(group);
  }

  // A browser sends AWSALBCORS alone from another site's page; both name the same target.
  void write_cookies() {
    const std::string rest = fmt::format("Expires=%[date({}),http_date]; Path=/", stickiness_cookie_s);
    line(
        "  http-request add-header Cookie AWSALB=%[req.cook(AWSALBCORS)] if {{ req.cook(AWSALBCORS) -m found "
        "}} "
        "!{{ req.cook(AWSALB) -m found }}");
    line("  http-after-response replace-header Set-Cookie '^(AWSALB=[^;]*);.*' '\\1; {}'", rest);
    line(
        "  http-after-response add-header Set-Cookie 'AWSALBCORS=%[res.cook(AWSALB)]; {}; SameSite=None; "
        "Secure' "
        "if {{ res.cook(AWSALB) -m found }}",
        rest);
  }

  void write_check(const world::TargetGroupSpec& group) {
    line("  option httpchk");
    line(
        "  http-check send meth GET uri {} ver HTTP/1.1 hdr User-Agent ELB-HealthChecker/2.0 "
        "hdr Host %[bc_dst]:%[bc_dst_port]",
        word(group.check_path));
    line("  http-check expect status {}", word(group.matcher));
    line("  timeout check {}ms", ms(group.check_timeout));
  }

  // HAProxy says 503 both when there is no server and when the connection to one failed. An ALB says 503, 502
  // or 504; a target's own 503 passes unchanged.
  void write_failures() {
    const std::string refused = "if { status 503 } { srv_name -m found } !{ var(txn.answered) -m found }";
    line(
        "  http-request return status 503 content-type text/html string {} hdr Server awselb/2.0 "
        "if {{ nbsrv eq 0 }} !{{ stopping }}",
        word(alb_page("503 " + alb_reason(503))));
    line("  http-request set-var(txn.start) date(0,ms)");
    line("  http-response set-var(txn.answered) int(1) if {{ status 503 }}");
    line("  http-after-response set-status 504 reason {} {} {{ date(0,ms),sub(txn.start) ge {} }}",
         word(alb_reason(504)), refused, connect_timed_out_ms());
    line("  http-after-response set-status 502 reason {} {}", word(alb_reason(502)), refused);
  }

  void write_servers(const world::TargetGroupSpec& group) {
    const double interval_ms =
        std::max(check_interval_ms_min, static_cast<double>(real_ms(group.check_interval, in_.time_scale)));
    std::string common;
    if (const auto netns = in_.netns_of_vpc->find(group.vpc_id);
        netns != in_.netns_of_vpc->end() && !netns->second.name.empty()) {
      line("  # namespace {} {}", netns->second.name, netns->second.identity);
      if (!netns->second.exists) return;
      common += " namespace " + netns->second.name;
    }
    if (group.protocol == "HTTPS") common += " ssl verify none";
    std::string traffic = common;
    std::string backup = common + " backup";
    if (group.check_enabled) {
      const std::string port = group.check_port == "traffic-port" ? "" : " port " + word(group.check_port);
      traffic += fmt::format("{} check inter {:.0f}ms rise {} fall {}", port, interval_ms,
                             group.healthy_threshold, group.unhealthy_threshold);
      backup += fmt::format("{} check inter {:.0f}ms rise 1 fall 1", port,
                            std::min(interval_ms, first_check_interval_ms));
    }
    if (group.slow_start.us > 0) {
      traffic += fmt::format(" slowstart {}ms", std::max(1LL, real_ms(group.slow_start, in_.time_scale)));
    }
    write_slots(group, 't', traffic);
    write_slots(group, 'o', backup);
  }

  void write_slots(const world::TargetGroupSpec& group, char kind, const std::string& options) {
    const auto found = in_.slots->find(group.arn);
    if (found == in_.slots->end()) return;
    const auto& slots = found->second;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const Slot& slot = slots[i];
      // One line per slot: of a server-template's servers HAProxy 2.6 gives only the first its namespace, and
      // the others would connect to whoever has that address outside.
      if (slot.phase == SlotPhase::free) {
        line("  server {}{} 0.0.0.0:1{} weight 100 disabled", kind, i + 1, options);
        continue;
      }
      const bool serves =
          slot.phase == SlotPhase::healthy || (kind == 'o' && slot.phase == SlotPhase::unhealthy);
      line("  server {}{} {}{} weight {}{}", kind, i + 1, slot.id(), options, serves ? 100 : 0,
           slot.phase == SlotPhase::draining ? " disabled" : "");
    }
  }

  const ConfigInput& in_;
  std::set<std::string> used_;
  std::map<std::string, std::string> backends_;
  std::string out_;
};

}  // namespace

std::vector<std::string> wanted_binds(const world::BalancerSpec& spec) {
  std::set<std::string> binds;
  for (const auto& balancer : spec.load_balancers) {
    for (const auto& listener : balancer.listeners) {
      binds.insert(bind_address(balancer.address, listener.port));
      if (is_served_by_name(balancer)) binds.insert(bind_address("127.0.0.1", listener.port));
    }
  }
  return {binds.begin(), binds.end()};
}

std::set<std::string> binds_in(std::string_view config) {
  constexpr std::string_view start = "  bind ";
  std::set<std::string> binds;
  for (const auto& line : split(config, '\n')) {
    if (line.starts_with(start)) binds.insert(line.substr(start.size()));
  }
  return binds;
}

std::set<std::string> used_target_groups(const world::BalancerSpec& spec) {
  std::set<std::string> used;
  const auto add = [&](const world::ActionSpec& action) {
    for (const auto& target : action.forward) used.insert(target.target_group_arn);
  };
  for (const auto& balancer : spec.load_balancers) {
    for (const auto& listener : balancer.listeners) {
      add(listener.default_action);
      for (const auto& rule : listener.rules) add(rule.action);
    }
  }
  return used;
}

std::string load_balancer_key(std::string_view arn) {
  return section_name("lb", arn);
}
std::string backend_name(std::string_view target_group_arn) {
  return section_name("tg", target_group_arn);
}
std::string frontend_name(std::string_view load_balancer_arn, int port) {
  return fmt::format("{}_{}", load_balancer_key(load_balancer_arn), port);
}
std::string shared_frontend_name(int port) {
  return fmt::format("by_host_{}", port);
}

std::string config_structure(const ConfigInput& input) {
  SlotTable empty = *input.slots;
  for (auto& [arn, slots] : empty) slots.assign(slots.size(), Slot{});
  ConfigInput bare = input;
  bare.slots = &empty;
  bare.socket_path.clear();  // each process has another
  Renderer renderer(bare);
  const std::string body = renderer.body();
  return hex(sha256(renderer.global("") + body)).substr(0, 16);
}

std::string render_config(const ConfigInput& input) {
  Renderer renderer(input);
  const std::string body = renderer.body();
  return renderer.global(config_structure(input)) + body;
}

}  // namespace berth::host::haproxy
