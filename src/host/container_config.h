// What the engine is told to make of a container of a task: a pure function from the specs to the Docker
// API's document, with the least rights that a Fargate task has.
#pragma once

#include <map>
#include <string>

#include "base/json.h"
#include "host/names.h"
#include "world/runtime.h"

namespace berth::host {

// Labels by which a later process finds a task's containers again.
namespace label {
inline constexpr const char* daemon = "berth.daemon";
inline constexpr const char* task = "berth.task";
inline constexpr const char* container = "berth.container";
inline constexpr const char* build = "berth.build";
inline constexpr const char* boot =
    "berth.boot";  // a container of an earlier boot is dead, whatever its engine says
inline constexpr const char* stop_timeout = "berth.stop-timeout-ms";
}  // namespace label

// What this process, and so the engine it starts, may give to a container.
struct UlimitCeiling {
  bool raises_any = false;  // CAP_SYS_RESOURCE
  std::map<std::string, std::int64_t> hard;
};
UlimitCeiling ulimit_ceiling();
// The machine's boot, as an id.
std::string boot_id();

struct ContainerPlace {
  std::string image;
  std::string network_path;   // of the task's namespace
  std::string cgroup_parent;  // of the task
  std::string boot;
};

// Of a build's container: nothing but its place, and the rights that tasks have.
json::object build_container_config(const Names& names, const ContainerPlace& place,
                                    const UlimitCeiling& ceiling);

json::object container_config(const Names& names, const world::TaskSpec& task,
                              const world::ContainerSpec& container, const ContainerPlace& place,
                              const UlimitCeiling& ceiling);

}  // namespace berth::host
