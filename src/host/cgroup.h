// Cgroups: one cgroup per task, below one of the daemon, with the task's CPU quota and memory limit; the
// engine puts the task's containers into it. Also the meter: what is read here is what CPU and memory metrics
// are made of. Works on cgroups v1 (also beside v2) and v2. Blocking, but for microseconds: everything is in
// memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace berth::host {

struct CgroupLimits {
  double cpu_vcpu = 0;            // 0: no limit
  std::int64_t memory_bytes = 0;  // 0: no limit
};

struct CgroupUsage {
  std::int64_t cpu_us = 0;
  std::int64_t memory_bytes = 0;  // working set: without the page cache that can be dropped
};

class Cgroups {
 public:
  // `daemon` names the parent of all tasks' cgroups; `root` is where cgroup file systems are mounted.
  explicit Cgroups(std::string daemon, std::string root = "/sys/fs/cgroup");

  // What the engine is told as CgroupParent.
  std::string parent_path(const std::string& task_id) const { return "/" + daemon_ + "/" + task_id; }

  // Makes the task's cgroup, or sets its limits anew.
  Result<> create(const std::string& task_id, const CgroupLimits& limits) const;
  std::optional<CgroupUsage> usage(const std::string& task_id) const;
  // How many processes of this container the kernel has killed for want of memory, while its cgroup exists.
  std::int64_t oom_kills(const std::string& task_id, const std::string& container_id) const;
  // The task's cgroup in every hierarchy that is mounted, for an engine that finds the task's own as its
  // root.
  Result<> create_everywhere(const std::string& task_id) const;
  void remove_everywhere(const std::string& task_id) const;
  // Fails while a process is left in it.
  Result<> remove(const std::string& task_id) const;
  std::vector<std::string> tasks() const;
  // The daemon's own, once no task is left.
  void remove_daemon() const;

 private:
  std::string path(const std::string& controller, const std::string& task_id) const;

  std::string daemon_;
  std::string root_;
  bool v2_ = false;  // the CPU and memory controllers are v2's
};

}  // namespace berth::host
