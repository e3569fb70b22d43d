// Plan: what a seed means: the template's figures, the load, and every deed and fault with its time. Drawn
// once, before the world begins, so that a seed can be read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loop/time.h"

namespace berth::worlds {

inline constexpr const char* image_name = "localhost/learner:latest";
inline constexpr double task_vcpu = 0.25;
inline constexpr const char* container_name = "learner-svc-container";
inline constexpr const char* log_group = "/ecs/learner-svc-logs";
inline constexpr const char* prerequisites_stack = "learner-prerequisites";
inline constexpr const char* service_stack = "AWSLearner-ECS-Stack";
inline constexpr const char* service_key = "learner-cluster/learner-svc-service";

// CPU that the service's tasks use together, over time.
struct LoadCurve {
  enum class Shape { constant, steps, wave, spikes };
  Shape shape = Shape::constant;
  double low_vcpu = 0.05;
  double high_vcpu = 1;
  Duration period = Duration::minutes(60);

  double at(Duration since) const;
};

enum class DeedKind {
  // what people do
  set_count,
  force_deployment,
  stop_task,
  change_memory,
  change_target,
  change_topic,
  schedule_limits,
  failing_update,
  force_alarm,
  // faults: at once
  kill,
  crash,
  out_of_memory,
  container_unhealthy,
  proxy_killed,
  machine_sleeps,
  machine_reboots,
  // faults: for a while
  engine_hangs,
  engine_slow,
  lists_fail,
  starts_fail,
  pulls_slow,
  starts_hang,
  tasks_exit,
  task_mute,
  checks_fail,
  mail_deferred,
  mail_slow,
  mail_answers_lost,
  mail_refused,
  networks_fail,
  disk_full,
  date_wrong,
  stops_slow,
  events_repeat,
};
const char* name_of(DeedKind kind);

struct Deed {
  Duration at{};    // since the world began
  Duration span{};  // of a fault that lasts
  DeedKind kind{};
  double draw = 0;     // chooses what the kind leaves open
  int dies_after = 0;  // of what people do: the daemon dies so many steps into it; 0: it does not
};

struct Plan {
  std::string template_body;  // of the service's stack
  bool has_health_check = false;
  LoadCurve load;
  Duration chaos{};  // no deed and no fault after this time
  std::vector<Deed> deeds;
  bool ends_with_deletion = false;
  std::vector<Deed> deletion_kills;  // since the deletion began
  bool refuses_mail = false;

  std::string summary;
};

Plan draw_plan(std::uint64_t seed, const std::string& article_template);

}  // namespace berth::worlds
