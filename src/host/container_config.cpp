#include "host/container_config.h"

#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "base/text.h"

namespace berth::host {
namespace {

// Docker's default set, which is also Fargate's.
constexpr std::array capabilities{
    "CHOWN",   "DAC_OVERRIDE", "FOWNER",  "FSETID",           "KILL",       "MKNOD",  "NET_RAW",
    "SETFCAP", "SETGID",       "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "SETUID", "AUDIT_WRITE"};

struct Rlimit {
  const char* name;
  int resource;
};
constexpr std::array rlimits{Rlimit{"core", RLIMIT_CORE},         Rlimit{"cpu", RLIMIT_CPU},
                             Rlimit{"data", RLIMIT_DATA},         Rlimit{"fsize", RLIMIT_FSIZE},
                             Rlimit{"locks", RLIMIT_LOCKS},       Rlimit{"memlock", RLIMIT_MEMLOCK},
                             Rlimit{"msgqueue", RLIMIT_MSGQUEUE}, Rlimit{"nice", RLIMIT_NICE},
                             Rlimit{"nofile", RLIMIT_NOFILE},     Rlimit{"nproc", RLIMIT_NPROC},
                             Rlimit{"rss", RLIMIT_RSS},           Rlimit{"rtprio", RLIMIT_RTPRIO},
                             Rlimit{"rttime", RLIMIT_RTTIME},     Rlimit{"sigpending", RLIMIT_SIGPENDING},
                             Rlimit{"stack", RLIMIT_STACK}};

constexpr std::int64_t unlimited = -1;

// Fargate's own defaults: 1024 soft, 65535 hard. nproc is named because Podman's default for it is more than
// a process without CAP_SYS_RESOURCE may set.
const std::map<std::string, world::UlimitSpec> default_ulimits{{"nofile", {"nofile", 1024, 65535}},
                                                               {"nproc", {"nproc", 4096, 4096}}};

json::array strings(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

json::array ulimits(const std::vector<world::UlimitSpec>& wanted, const UlimitCeiling& ceiling) {
  auto limits = default_ulimits;
  for (const auto& limit : wanted) limits[limit.name] = limit;
  json::array out;
  for (const auto& [name, limit] : limits) {
    const auto most = ceiling.hard.find(name);
    const bool bounded = !ceiling.raises_any && most != ceiling.hard.end() && most->second != unlimited;
    const auto within = [&](std::int64_t value) {
      if (!bounded) return value;
      return value == unlimited ? most->second : std::min(value, most->second);
    };
    out.push_back(json::object{{"Name", name}, {"Soft", within(limit.soft)}, {"Hard", within(limit.hard)}});
  }
  return out;
}

json::object labels(const Names& names, const world::TaskSpec& task, const world::ContainerSpec& container,
                    const std::string& boot) {
  json::object out;
  for (const auto& [name, value] : container.labels) out[name] = value;
  for (const auto& [name, value] : task.labels) out["berth." + name] = value;
  out[label::daemon] = names.daemon();
  out[label::task] = task.id;
  out[label::container] = container.name;
  out[label::boot] = boot;
  out[label::stop_timeout] = std::to_string(container.stop_timeout.us / 1000);
  return out;
}

json::object host_config(const world::ContainerSpec& container, const ContainerPlace& place,
                         const UlimitCeiling& ceiling) {
  json::object out{{"NetworkMode", "ns:" + place.network_path},
                   {"CgroupParent", place.cgroup_parent},
                   {"CapDrop", json::array{"ALL"}},
                   {"CapAdd", json::array(capabilities.begin(), capabilities.end())},
                   {"SecurityOpt", json::array{"no-new-privileges"}},
                   {"ReadonlyRootfs", container.readonly_root},
                   {"LogConfig", json::object{{"Type", "json-file"}}},
                   {"Ulimits", ulimits(container.ulimits, ceiling)}};
  if (container.memory_mib) {
    const std::int64_t bytes = std::int64_t{*container.memory_mib} << 20;
    out["Memory"] = bytes;
    out["MemorySwap"] = bytes;
  }
  if (container.cpu_units) out["CpuShares"] = std::max(*container.cpu_units, 2);  // the kernel's least
  return out;
}

}  // namespace

UlimitCeiling ulimit_ceiling() {
  UlimitCeiling out;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (syscall(SYS_capget, &header, data.data()) == 0) {
    out.raises_any = (data[0].effective & (1u << CAP_SYS_RESOURCE)) != 0;
  }
  for (const auto& known : rlimits) {
    rlimit limit{};
    if (getrlimit(static_cast<__rlimit_resource>(known.resource), &limit) != 0) continue;
    out.hard[known.name] =
        limit.rlim_max == RLIM_INFINITY ? unlimited : static_cast<std::int64_t>(limit.rlim_max);
  }
  return out;
}

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

json::object container_config(const Names& names, const world::TaskSpec& task,
                              const world::ContainerSpec& container, const ContainerPlace& place,
                              const UlimitCeiling& ceiling) {
  json::array environment;
  for (const auto& [name, value] : container.environment) environment.emplace_back(name + "=" + value);
  json::object out{{"Image", place.image},
                   {"Hostname", "ip-" + replace_all(task.interface.address, ".", "-")},
                   {"Env", std::move(environment)},
                   {"Labels", labels(names, task, container, place.boot)},
                   {"HostConfig", host_config(container, place, ceiling)}};
  const std::string& resolver = task.interface.resolver_address;
  if (!resolver.empty()) out["HostConfig"].as_object()["Dns"] = json::array{json::string(resolver)};
  if (!container.entry_point.empty()) out["Entrypoint"] = strings(container.entry_point);
  if (!container.command.empty()) out["Cmd"] = strings(container.command);
  if (!container.working_directory.empty()) out["WorkingDir"] = container.working_directory;
  if (!container.user.empty()) out["User"] = container.user;
  return out;
}

// A build is root in its container and may become others, as on AWS (su, sudo).
json::object build_container_config(const Names& names, const ContainerPlace& place,
                                    const UlimitCeiling& ceiling) {
  json::object host = host_config({}, place, ceiling);
  host.erase("SecurityOpt");
  return {{"Image", place.image},
          {"Labels",
           json::object{
               {label::daemon, names.daemon()}, {label::build, names.daemon()}, {label::boot, place.boot}}},
          {"HostConfig", std::move(host)}};
}

}  // namespace berth::host
