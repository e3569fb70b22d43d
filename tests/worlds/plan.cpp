#include "plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/text.h"
#include "loop/rng.h"
#include "loop/sim_loop.h"

namespace berth::worlds {
namespace {

int between(Rng& rng, int low, int high) {
  return low + static_cast<int>(rng.below(static_cast<std::uint64_t>(high - low + 1)));
}

bool chance(Rng& rng, double probability) {
  return rng.uniform() < probability;
}

Duration minutes_between(Rng& rng, double low, double high) {
  return Duration::seconds(60 * (low + (high - low) * rng.uniform()));
}

void put(std::string& body, const std::string& what, const std::string& with) {
  BERTH_CHECK(body.find(what) != std::string::npos);
  body = replace_all(std::move(body), what, with);
}

void draw_template(Plan& plan, Rng& rng) {
  std::string& body = plan.template_body;
  const int least = between(rng, 1, 3);
  const int most = least + between(rng, 1, 6);
  const int desired = between(rng, least, most);
  const int target = between(rng, 3, 7) * 10;
  const int out_cooldown = between(rng, 0, 4) * 60;
  const int in_cooldown = between(rng, 0, 6) * 60;
  put(body, "MinCapacity: 1", fmt::format("MinCapacity: {}", least));
  put(body, "MaxCapacity: 5", fmt::format("MaxCapacity: {}", most));
  put(body, "DesiredCount: 1", fmt::format("DesiredCount: {}", desired));
  put(body, "TargetValue: 40.0", fmt::format("TargetValue: {}.0", target));
  put(body, "ScaleOutCooldown: 120", fmt::format("ScaleOutCooldown: {}", out_cooldown));
  put(body, "ScaleInCooldown: 300", fmt::format("ScaleInCooldown: {}", in_cooldown));
  put(body, "Threshold: 5\n", fmt::format("Threshold: {}\n", most));
  // Those that let a deployment of a single task go on.
  constexpr std::pair<int, int> percents[] = {{100, 200}, {100, 200}, {50, 200}, {0, 200}, {0, 100}};
  const auto [minimum, maximum] = percents[rng.below(std::size(percents))];
  const bool breaker = chance(rng, 0.5);
  const int grace = chance(rng, 0.5) ? 60 : 0;
  put(body, "      LaunchType: FARGATE\n",
      fmt::format("      LaunchType: FARGATE\n"
                  "      HealthCheckGracePeriodSeconds: {}\n"
                  "      DeploymentConfiguration:\n"
                  "        MinimumHealthyPercent: {}\n"
                  "        MaximumPercent: {}\n"
                  "        DeploymentCircuitBreaker: {{Enable: {}, Rollback: {}}}\n",
                  grace, minimum, maximum, breaker, breaker));
  plan.has_health_check = chance(rng, 0.3);
  if (plan.has_health_check) {
    put(body, "          PortMappings:\n",
        "          HealthCheck:\n"
        "            Command: [CMD-SHELL, curl -f http://localhost/api/health]\n"
        "          PortMappings:\n");
  }
  plan.summary = fmt::format(
      "{} to {} tasks, {} at first, target {} %, cooldowns {} and {} s, {}/{} %, breaker {}, grace {} s{}",
      least, most, desired, target, out_cooldown, in_cooldown, minimum, maximum, breaker ? "on" : "off",
      grace, plan.has_health_check ? ", container health check" : "");
}

void draw_load(Plan& plan, Rng& rng) {
  plan.load.shape = static_cast<LoadCurve::Shape>(rng.below(4));
  plan.load.low_vcpu = task_vcpu * 0.8 * rng.uniform();
  plan.load.high_vcpu = task_vcpu * (0.5 + 5 * rng.uniform());
  plan.load.period = minutes_between(rng, 20, 120);
}

Duration draw_span(DeedKind kind, Rng& rng) {
  switch (kind) {
    case DeedKind::machine_sleeps:
      return chance(rng, 0.5) ? minutes_between(rng, 0.1, 2) : minutes_between(rng, 10, 90);
    case DeedKind::engine_hangs:
      return minutes_between(rng, 0.2, 8);
    case DeedKind::disk_full:
      return minutes_between(rng, 0.1, 5);
    default:
      return minutes_between(rng, 0.5, 15);
  }
}

void draw_deeds(Plan& plan, Rng& rng) {
  // Half of the worlds leave the first deployment alone.
  const Duration first = chance(rng, 0.5) ? Duration{} : Duration::minutes(6);
  // Deaths within the first deployment, which takes seconds.
  for (int kills = first.us == 0 ? between(rng, 0, 4) : 0; kills > 0; --kills) {
    const Duration at = Duration::seconds(40 * rng.uniform());
    plan.deeds.push_back({.at = at, .kind = DeedKind::kill, .draw = rng.uniform()});
  }
  constexpr int kinds = static_cast<int>(DeedKind::events_repeat) + 1;
  const int count = between(rng, 3, 25);
  for (int i = 0; i < count; ++i) {
    Deed deed;
    // Kills are what tells a level-triggered daemon from another, so they are every third.
    deed.kind = chance(rng, 0.33) ? DeedKind::kill : static_cast<DeedKind>(rng.below(kinds));
    deed.at = first + Duration{static_cast<std::int64_t>(rng.uniform() * static_cast<double>(plan.chaos.us))};
    deed.span = draw_span(deed.kind, rng);
    deed.draw = rng.uniform();
    if (deed.kind <= DeedKind::force_alarm && chance(rng, 0.4)) deed.dies_after = between(rng, 1, 25);
    if (deed.kind == DeedKind::mail_refused && !plan.refuses_mail) continue;
    plan.deeds.push_back(deed);
  }
  std::stable_sort(plan.deeds.begin(), plan.deeds.end(),
                   [](const Deed& a, const Deed& b) { return a.at < b.at; });
  plan.chaos = plan.chaos + first;
}

void draw_deletion(Plan& plan, Rng& rng) {
  plan.ends_with_deletion = chance(rng, 0.5);
  for (int kills = between(rng, 0, 4); kills > 0; --kills) {
    plan.deletion_kills.push_back(
        {.at = minutes_between(rng, 0, 2), .kind = DeedKind::kill, .draw = rng.uniform()});
  }
}

}  // namespace

const char* name_of(DeedKind kind) {
  constexpr const char* names[] = {
      "set_count",       "force_deployment", "stop_task",           "change_memory", "change_target",
      "change_topic",    "schedule_limits",  "failing_update",      "force_alarm",   "kill",
      "crash",           "out_of_memory",    "container_unhealthy", "proxy_killed",  "machine_sleeps",
      "machine_reboots", "engine_hangs",     "engine_slow",         "lists_fail",    "starts_fail",
      "pulls_slow",      "starts_hang",      "tasks_exit",          "task_mute",     "checks_fail",
      "mail_deferred",   "mail_slow",        "mail_answers_lost",   "mail_refused",  "networks_fail",
      "disk_full",       "date_wrong",       "stops_slow",          "events_repeat"};
  return names[static_cast<int>(kind)];
}

double LoadCurve::at(Duration since) const {
  const double phase = std::fmod(since.in_seconds() / period.in_seconds(), 1);
  switch (shape) {
    case Shape::constant:
      return high_vcpu;
    case Shape::steps:
      return phase < 0.5 ? low_vcpu : high_vcpu;
    case Shape::wave:  // a triangle: the same on every machine's arithmetic
      return low_vcpu + (high_vcpu - low_vcpu) * (phase < 0.5 ? 2 * phase : 2 - 2 * phase);
    case Shape::spikes:
      return phase < 0.1 ? 2 * high_vcpu : low_vcpu;
  }
  return 0;
}

Plan draw_plan(std::uint64_t seed, const std::string& article_template) {
  Rng rng(stream_seed(seed, "plan"));
  Plan plan;
  plan.template_body = article_template;
  plan.chaos = minutes_between(rng, 20, 180);
  plan.refuses_mail = chance(rng, 0.1);
  draw_template(plan, rng);
  draw_load(plan, rng);
  draw_deeds(plan, rng);
  draw_deletion(plan, rng);
  return plan;
}

}  // namespace berth::worlds
