#include "host/cgroup.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

#include "base/text.h"
#include "host/fd.h"

namespace berth::host {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t period_us = 100'000;
constexpr std::int64_t quota_us_min = 1'000;  // the kernel's own

std::optional<std::string> read_text(const std::string& path) {
  const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::string text;
  std::array<char, 4096> buffer;
  for (;;) {
    const auto got = read(file.get(), buffer.data(), buffer.size());
    if (got < 0) return std::nullopt;
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

Result<> write_text(const std::string& path, const std::string& text) {
  const Fd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file || write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return Error{"SystemError", path + ": " + std::strerror(errno)};
  }
  return {};
}

std::optional<std::int64_t> read_number(const std::string& path) {
  const auto text = read_text(path);
  return text ? parse_integer(trim(*text)) : std::nullopt;
}

// The number behind `key` in a file of "key number" lines.
std::optional<std::int64_t> read_field(const std::string& path, std::string_view key) {
  const auto text = read_text(path);
  if (!text) return std::nullopt;
  for (const auto& line : split(*text, '\n')) {
    const std::string_view view = line;
    if (view.size() > key.size() && view.starts_with(key) && view[key.size()] == ' ') {
      return parse_integer(view.substr(key.size() + 1));
    }
  }
  return std::nullopt;
}

Result<> make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return Error{"SystemError", path + ": " + error.message()};
  return {};
}

// Cgroups are removed from the leaves up; their files cannot be and need not.
bool remove_tree(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_directory(error) && !entry.is_symlink(error)) remove_tree(entry.path());
  }
  return rmdir(folder.c_str()) == 0 || errno == ENOENT;
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_directory(error) && !entry.is_symlink(error)) out.push_back(entry.path());
  }
  return out;
}

}  // namespace

Cgroups::Cgroups(std::string daemon, std::string root) : daemon_(std::move(daemon)), root_(std::move(root)) {
  v2_ = read_text(root_ + "/cgroup.controllers").value_or("").find("memory") != std::string::npos;
}

std::string Cgroups::path(const std::string& controller, const std::string& task_id) const {
  const std::string mount = v2_ ? root_ : root_ + "/" + controller;
  return mount + "/" + daemon_ + (task_id.empty() ? "" : "/" + task_id);
}

Result<> Cgroups::create(const std::string& task_id, const CgroupLimits& limits) const {
  for (const char* controller : {"cpu", "cpuacct", "memory"}) {
    if (auto made = make_folder(path(controller, task_id)); !made) return made;
  }
  const std::int64_t quota_us =
      std::max(static_cast<std::int64_t>(limits.cpu_vcpu * period_us), quota_us_min);
  const std::string cpu = path("cpu", task_id), memory = path("memory", task_id);
  if (v2_) {
    // Controllers are handed down level by level.
    for (const std::string& level : {root_, path("", ""), path("", task_id)}) {
      if (auto set = write_text(level + "/cgroup.subtree_control", "+cpu +memory +pids"); !set) return set;
    }
    const std::string quota = limits.cpu_vcpu > 0 ? std::to_string(quota_us) : "max";
    if (auto set = write_text(cpu + "/cpu.max", quota + " " + std::to_string(period_us)); !set) return set;
    const std::string bytes = limits.memory_bytes > 0 ? std::to_string(limits.memory_bytes) : "max";
    if (auto set = write_text(memory + "/memory.max", bytes); !set) return set;
    static_cast<void>(!write_text(memory + "/memory.swap.max", "0"));  // absent where swap is not counted
    return {};
  }
  const std::int64_t quota = limits.cpu_vcpu > 0 ? quota_us : -1;
  if (auto set = write_text(cpu + "/cpu.cfs_period_us", std::to_string(period_us)); !set) return set;
  if (auto set = write_text(cpu + "/cpu.cfs_quota_us", std::to_string(quota)); !set) return set;
  const std::int64_t bytes = limits.memory_bytes > 0 ? limits.memory_bytes : -1;
  // With swap counted too, a task over its limit would be slow instead of dead. The files are absent without
  // swap, and the one may never be above the other.
  static_cast<void>(!write_text(memory + "/memory.memsw.limit_in_bytes", "-1"));
  if (auto set = write_text(memory + "/memory.limit_in_bytes", std::to_string(bytes)); !set) return set;
  static_cast<void>(!write_text(memory + "/memory.memsw.limit_in_bytes", std::to_string(bytes)));
  return {};
}

Result<> Cgroups::create_everywhere(const std::string& task_id) const {
  if (v2_) return {};
  for (const auto& hierarchy : folders_in(root_)) {
    const std::string daemon = hierarchy / daemon_, task = daemon + "/" + task_id;
    if (auto made = make_folder(task); !made) return made;
    // A cpuset without processors and memory takes no process.
    for (const char* name : {"cpuset.cpus", "cpuset.mems"}) {
      const auto all = read_text(hierarchy / name);
      if (!all) continue;
      for (const auto& folder : {daemon, task}) {
        if (auto set = write_text(folder + "/" + name, std::string(trim(*all))); !set) return set;
      }
    }
  }
  return {};
}

void Cgroups::remove_everywhere(const std::string& task_id) const {
  for (const auto& hierarchy : v2_ ? std::vector<fs::path>{root_} : folders_in(root_)) {
    remove_tree(hierarchy / daemon_ / task_id);
    rmdir((hierarchy / daemon_).c_str());  // as long as another one is in it, it stays
  }
}

std::optional<CgroupUsage> Cgroups::usage(const std::string& task_id) const {
  const std::string memory = path("memory", task_id);
  std::optional<std::int64_t> cpu_us, used, inactive;
  if (v2_) {
    cpu_us = read_field(path("cpu", task_id) + "/cpu.stat", "usage_usec");
    used = read_number(memory + "/memory.current");
    inactive = read_field(memory + "/memory.stat", "inactive_file");
  } else {
    cpu_us = read_number(path("cpuacct", task_id) + "/cpuacct.usage");
    if (cpu_us) *cpu_us /= 1000;
    used = read_number(memory + "/memory.usage_in_bytes");
    inactive = read_field(memory + "/memory.stat", "total_inactive_file");
  }
  if (!cpu_us || !used) return std::nullopt;
  return CgroupUsage{*cpu_us, std::max<std::int64_t>(0, *used - inactive.value_or(0))};
}

std::int64_t Cgroups::oom_kills(const std::string& task_id, const std::string& container_id) const {
  const std::string container = path("memory", task_id) + "/libpod-" + container_id;
  const auto kills = v2_ ? read_field(container + "/memory.events", "oom_kill")
                         : read_field(container + "/memory.oom_control", "oom_kill");
  return kills.value_or(0);
}

// The engine's runtime makes the same path in every hierarchy there is.
Result<> Cgroups::remove(const std::string& task_id) const {
  bool removed = true;
  if (v2_) {
    removed = remove_tree(path("", task_id));
  } else {
    for (const auto& hierarchy : folders_in(root_)) removed &= remove_tree(hierarchy / daemon_ / task_id);
  }
  if (!removed) return Error{"SystemError", "cgroup " + parent_path(task_id) + ": " + std::strerror(errno)};
  return {};
}

std::vector<std::string> Cgroups::tasks() const {
  std::set<std::string> found;
  const auto hierarchies = v2_ ? std::vector<fs::path>{root_} : folders_in(root_);
  for (const auto& hierarchy : hierarchies) {
    for (const auto& folder : folders_in(hierarchy / daemon_)) found.insert(folder.filename());
  }
  return {found.begin(), found.end()};
}

void Cgroups::remove_daemon() const {
  const auto hierarchies = v2_ ? std::vector<fs::path>{root_} : folders_in(root_);
  for (const auto& hierarchy : hierarchies) rmdir((hierarchy / daemon_).c_str());
}

}  // namespace berth::host
