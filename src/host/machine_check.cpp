#include "host/machine_check.h"

#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/read_file.h"
#include "base/text.h"
#include "host/cgroup.h"
#include "host/fd.h"
#include "host/pidfd.h"
#include "host/process.h"
#include "host/socket_owners.h"

namespace berth::host {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t mib = 1 << 20;
constexpr std::int64_t disk_least_bytes = 512 * mib;
constexpr std::int64_t inodes_least = 1000;
constexpr std::int64_t memory_least_bytes = 512 * mib;  // one task of the article's

struct Needed {
  const char* program;
  const char* package;
  const char* purpose;
};
constexpr std::array needed{
    Needed{"podman", "podman", "runs the containers"},
    Needed{"runc", "runc", "starts them (crun fails where cgroups v1 and v2 are mixed)"},
    Needed{"conmon", "conmon", "keeps their output"}, Needed{"ip", "iproute2", "makes the VPCs' networks"},
    Needed{"docker-registry", "docker-registry", "keeps the layers of ECR's images"}};

std::string install(const std::string& package) {
  return "apt install " + package + " (scripts/setup does it)";
}

void check_programs(const MachineCheck& check, std::vector<Finding>& findings) {
  for (const auto& one : needed) {
    // Podman finds conmon in a folder of its own, too.
    const bool beside_podman =
        std::string_view(one.program) == "conmon" && fs::exists("/usr/libexec/podman/conmon");
    const std::string path = beside_podman ? "/usr/libexec/podman/conmon" : find_program(one.program);
    if (path.empty()) {
      findings.push_back(
          {one.program, false, fmt::format("not installed; it {}", one.purpose), install(one.package)});
    } else {
      findings.push_back({one.program, true, path});
    }
  }
  const std::string haproxy = find_program(check.haproxy);
  const auto said =
      haproxy.empty() ? Result<ProcessResult>(Error{"Missing", ""}) : run_process({haproxy, "-v"});
  const bool runs = said && said->output.find("HAProxy version") != std::string::npos;
  findings.push_back({"haproxy", runs,
                      runs ? haproxy : check.haproxy + " cannot be run; it carries the traffic",
                      runs ? "" : install("haproxy") + ", or name one with berthd --haproxy"});
}

bool has_capability(int capability) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (syscall(SYS_capget, &header, data.data()) != 0) return false;
  const auto index = static_cast<std::size_t>(capability) / 32;
  return (data[index].effective & (1u << (capability % 32))) != 0;
}

Finding check_rights() {
  std::vector<std::string> missing;
  if (!has_capability(CAP_SYS_ADMIN)) missing.emplace_back("CAP_SYS_ADMIN");
  if (!has_capability(CAP_NET_ADMIN)) missing.emplace_back("CAP_NET_ADMIN");
  if (!has_capability(CAP_NET_BIND_SERVICE)) missing.emplace_back("CAP_NET_BIND_SERVICE");
  if (missing.empty()) return {"permissions", true, "enough for namespaces, cgroups and low ports"};
  return {"permissions", false, "this user lacks " + join(missing, ", "),
          "run berthd (and doctor) with sudo"};
}

constexpr const char* delegation =
    "run as root; in a container or a user's session the cpu, memory and pids controllers have to be "
    "delegated "
    "(systemd: Delegate=yes; docker: --privileged --cgroupns=host)";

Finding check_cgroups() {
  const std::string controllers = read_file("/sys/fs/cgroup/cgroup.controllers");
  const bool v2 = !controllers.empty();
  for (const char* controller : {"cpu", "memory", "pids"}) {
    if (!v2 || controllers.find(controller) != std::string::npos) continue;
    return {"cgroups", false, fmt::format("v2, but without the {} controller", controller), delegation};
  }
  const Cgroups cgroups(fmt::format("berth-doctor-{}", getpid()));
  const auto made = cgroups.create("trial", {0.25, 64 * mib});
  static_cast<void>(!cgroups.remove("trial"));
  cgroups.remove_daemon();
  const std::string version = v2 ? "v2" : "v1";
  if (made) return {"cgroups", true, version + ", cpu and memory can be limited"};
  return {
      "cgroups", false, version + ": a group with limits cannot be made: " + made.error().message,
      v2 ? delegation : "run as root with cpu, cpuacct and memory mounted read-write below /sys/fs/cgroup"};
}

// A namespace of its own that ends with the trial, and in it what VPCs and tasks are made of.
Finding check_networks() {
  for (const char* kind : {"bridge", "veth"}) {
    const auto made = run_checked({"unshare", "--net", "ip", "link", "add", "trial0", "type", kind});
    if (!made) {
      return {"networks", false,
              fmt::format("a {} in a network namespace cannot be made: {}", kind,
                          std::string(trim(made.error().message))),
              fmt::format("run as root; load the kernel's module (modprobe {})", kind)};
    }
  }
  return {"networks", true, "namespaces, bridges and veth pairs can be made"};
}

Finding check_kernel() {
  if (open_process(getpid())) return {"kernel", true, "has pidfd_open"};
  return {"kernel", false, std::string("has no pidfd_open: ") + std::strerror(errno),
          "Linux 5.3 or later is needed"};
}

bool is_our_haproxy(const SocketOwner& owner, const std::string& data_dir) {
  for (const auto& argument : owner.arguments) {
    if (argument == data_dir + "/haproxy/haproxy.pid") return true;
  }
  return false;
}

// A listener at 127.0.0.1 serves the load balancers' host names; one on all addresses also takes their own.
Finding check_port(const MachineCheck& check, int port) {
  const std::string subject = fmt::format("port {}", port);
  const auto all = owner_of("0.0.0.0", port);
  const auto owner = all ? all : owner_of("127.0.0.1", port);
  if (!owner) return {subject, true, "free"};
  if (is_our_haproxy(*owner, check.data_dir)) return {subject, true, "this berth's HAProxy listens"};
  const std::string effect =
      all ? "load balancers cannot listen on this port at any address"
          : "load balancers answer on this port by address (berth status), not by name";
  return {subject, false,
          fmt::format("{} listens on {}: {}", owner->text(), all ? "all addresses" : "127.0.0.1", effect),
          "stop it, or bind it to another address"};
}

std::string nearest_existing(std::string folder) {
  while (!folder.empty() && !fs::exists(folder)) folder = fs::path(folder).parent_path().string();
  return folder.empty() ? "/" : folder;
}

Finding check_disk(const std::string& folder) {
  struct statvfs disk {};
  if (statvfs(nearest_existing(folder).c_str(), &disk) != 0) {
    return {"disk", false, folder + ": " + std::strerror(errno), "name another folder with --data-dir"};
  }
  const auto free_bytes = static_cast<std::int64_t>(disk.f_bavail) * static_cast<std::int64_t>(disk.f_frsize);
  // Some file systems have no table of inodes that could fill up.
  const std::int64_t inodes = disk.f_files == 0 ? inodes_least : static_cast<std::int64_t>(disk.f_favail);
  return judge_disk(folder, free_bytes, inodes);
}

Finding check_folder(const std::string& folder) {
  struct stat status {};
  if (stat(folder.c_str(), &status) != 0) {
    const std::string parent = nearest_existing(folder);
    if (access(parent.c_str(), W_OK) == 0) return {"data folder", true, folder + " will be made"};
    return {"data folder", false, folder + " cannot be made: " + parent + " is not writable",
            "name another with --data-dir, or run with sudo"};
  }
  if (access(folder.c_str(), W_OK | X_OK) != 0) {
    return {"data folder", false, folder + " is not writable",
            "run with sudo, or name another with --data-dir"};
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return {"data folder", false, folder + " is open to other users", "chmod 700 " + folder};
  }
  return {"data folder", true, folder};
}

Finding check_memory() {
  struct sysinfo machine {};
  sysinfo(&machine);
  const auto bytes = [&](unsigned long count) { return static_cast<std::int64_t>(count) * machine.mem_unit; };
  return judge_memory(bytes(machine.totalram), bytes(machine.freeram + machine.bufferram));
}

}  // namespace

Finding judge_disk(const std::string& folder, std::int64_t free_bytes, std::int64_t free_inodes) {
  const std::string text = fmt::format("{} MiB free for {}", free_bytes / mib, folder);
  if (free_bytes < disk_least_bytes)
    return {"disk", false, text, "make room, or name another folder with --data-dir"};
  if (free_inodes < inodes_least) {
    return {"disk", false, fmt::format("{} inodes left for {}", free_inodes, folder), "remove files there"};
  }
  return {"disk", true, text};
}

Finding judge_memory(std::int64_t total_bytes, std::int64_t available_bytes) {
  const std::string text =
      fmt::format("{} MiB, {} MiB of them free", total_bytes / mib, available_bytes / mib);
  if (total_bytes < memory_least_bytes) {
    return {"memory", false, text, "one task of 512 MiB does not fit: give the machine more"};
  }
  return {"memory", true, text};
}

Finding check_api_address(const std::string& address, int port) {
  const std::string subject = fmt::format("port {}", port);
  const auto owner = owner_of(address, port);
  if (!owner) return {subject, true, "free for berthd's API"};
  if (owner->program == "berthd") return {subject, true, owner->text() + " listens"};
  return {subject, false, owner->text() + " listens on it: berthd's API cannot",
          fmt::format("stop it, or give another with berthd --listen {}:PORT", address)};
}

std::vector<Finding> check_machine(const MachineCheck& check) {
  std::vector<Finding> findings;
  check_programs(check, findings);
  findings.push_back(check_rights());
  findings.push_back(check_kernel());
  findings.push_back(check_cgroups());
  findings.push_back(check_networks());
  for (const int port : check.balancer_ports) findings.push_back(check_port(check, port));
  findings.push_back(check_folder(check.data_dir));
  findings.push_back(check_disk(check.data_dir));
  findings.push_back(check_memory());
  return findings;
}

}  // namespace berth::host
