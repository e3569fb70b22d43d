#include "host/build_place.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/digest.h"
#include "base/read_file.h"
#include "base/replace_file.h"
#include "base/text.h"
#include "host/build_agent.h"
#include "host/netns.h"
#include "host/pidfd.h"
#include "host/podman_service.h"
#include "host/process.h"

namespace berth::host {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t word_characters = 12;
constexpr int process_end_ms = 5'000;
constexpr RealDuration engine_start_time = RealDuration::seconds(15);
constexpr auto look_interval = std::chrono::milliseconds(10);

Error system_error(const std::string& what, const std::error_code& error) {
  return {"SystemError", what + ": " + error.message()};
}

void end_processes_with(const std::string& argument) {
  for (const pid_t pid : processes_with(argument)) {
    const Fd process = open_process(pid);
    if (!process) continue;
    signal_process(process, SIGKILL);
    pollfd end{process.get(), POLLIN, 0};
    poll(&end, 1, process_end_ms);
  }
}

std::string forwarder_config(const BuildNames& names) {
  return names.folder + "/registry.cfg";
}

std::string engine_address(const BuildNames& names) {
  return "unix://" + names.engine_socket;
}

Result<> write_files(const BuildPlaceConfig& config, const BuildNames& names) {
  const std::string forwarder = fmt::format(
      "global\n  hard-stop-after 10s\ndefaults\n  mode tcp\n  timeout connect 5s\n  timeout client 10m\n"
      "  timeout server 10m\nlisten registry\n  bind {}:80 namespace {}\n  server registry {}\n",
      build_registry_address, names.netns, config.registry_address);
  const std::string storage =
      "[storage]\ndriver = \"overlay\"\ngraphroot = \"/var/lib/containers/storage\"\n"
      "runroot = \"/run/containers/storage\"\n";
  // Its containers share the build's network; Podman's own limits are more than may be set on some machines.
  const std::string engine = replace_all(
      podman_settings(find_program("runc").empty() ? "" : "runc"), "[containers]\n",
      "[containers]\nnetns = \"host\"\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=4096:4096\"]\n");
  const std::pair<std::string, std::string> files[] = {
      {names.hosts,
       fmt::format("127.0.0.1 localhost\n{} {}\n", build_registry_address, config.registry_name)},
      {names.registries,
       fmt::format("[[registry]]\nlocation = \"{}\"\ninsecure = true\n", config.registry_name)},
      {forwarder_config(names), forwarder},
      {names.folder + "/storage.conf", storage},
      {names.folder + "/containers.conf", engine},
      {names.agent + "/agent.sh", build_agent_script},
      {names.agent + "/worker.sh", build_worker_script},
      {names.agent + "/folder", names.source_in_container + "\n"}};
  for (const auto& [path, text] : files) {
    if (auto written = replace_file(path, text); !written) return written;
    chmod(path.c_str(), 0644);
  }
  for (const auto& pipe : {names.orders, names.reports}) {
    if (mkfifo(pipe.c_str(), 0600) != 0) return system_error(pipe, {errno, std::generic_category()});
  }
  return {};
}

Result<> make_folders(const BuildNames& names) {
  std::error_code error;
  for (const auto& folder : {names.source, names.agent + "/phases", names.agent + "/vars"}) {
    fs::create_directories(folder, error);
    if (error) return system_error(folder, error);
  }
  chmod(names.folder.c_str(), 0700);
  return {};
}

Result<> make_network(const BuildNames& names) {
  if (auto made = make_netns(names.netns); !made) return made;
  if (auto set = set_netns_settings(names.netns, {{"ipv6/conf/all/disable_ipv6", "1"},
                                                  {"ipv6/conf/default/disable_ipv6", "1"},
                                                  {"ipv4/ip_unprivileged_port_start", "0"}});
      !set) {
    return set;
  }
  return ip_batch(names.netns,
                  {"link set lo up", fmt::format("addr replace {}/32 dev lo", build_endpoint_address),
                   fmt::format("addr replace {}/32 dev lo", build_registry_address)});
}

}  // namespace

BuildNames::BuildNames(const BuildPlaceConfig& config, const Names& names, const std::string& build_id)
    : BuildNames(of_word(config, names, hex(sha256(build_id)).substr(0, word_characters))) {}

BuildNames BuildNames::of_word(const BuildPlaceConfig& config, const Names& names, const std::string& word) {
  BuildNames out;
  out.word = word;
  out.folder = build_folders(config) + "/" + word;
  out.source = out.folder + "/source";
  out.agent = out.folder + "/agent";
  out.orders = out.agent + "/orders";
  out.reports = out.agent + "/reports";
  out.hosts = out.folder + "/hosts";
  out.registries = out.folder + "/registries.conf";
  out.engine_socket = out.folder + "/engine.sock";
  out.netns = names.build_prefix() + word;
  out.container = names.daemon() + "-build-" + word;
  const auto digits = sha256(word);  // AWS's folder has nine of no meaning
  const unsigned number =
      (digits[0] << 24u | digits[1] << 16u | digits[2] << 8u | digits[3]) % 1'000'000'000u;
  out.source_in_container = fmt::format("/codebuild/output/src{:09}/src", number);
  return out;
}

std::string build_folders(const BuildPlaceConfig& config) {
  return config.data_dir + "/builds";
}

std::string build_caches(const BuildPlaceConfig& config) {
  return config.data_dir + "/build-cache";
}

Result<int> make_build_place(const BuildPlaceConfig& config, const BuildNames& names) {
  if (auto made = make_folders(names); !made) return made.error();
  if (auto written = write_files(config, names); !written) return written.error();
  if (auto made = make_network(names); !made) return made.error();
  const auto forwarder = spawn_daemon({config.haproxy, "-db", "-f", forwarder_config(names)},
                                      {names.folder + "/registry.log", "/", {}});
  if (!forwarder) return forwarder.error();
  return listen_in_netns(names.netns, build_endpoint_address, 80);
}

// In the service's own mounts its folder is /var/lib/containers, where Podman looks by itself; the host's
// name for the registry is the build's; and the root of every cgroup hierarchy is the build's own cgroup, so
// that what it runs is within the build's limits, and goes with it.
Result<> start_build_engine(const BuildPlaceConfig&, const BuildNames& names, const Cgroups& cgroups,
                            const std::string& images) {
  static constexpr const char* enter =
      "mkdir -p /var/lib/containers /run/containers /run/libpod && mount --bind \"$1\" /etc/hosts && "
      "mount --bind \"$2\" /var/lib/containers && mount -t tmpfs berth /run/containers && "
      "mount -t tmpfs berth /run/libpod || exit 1; "
      "if [ -e /sys/fs/cgroup/cgroup.controllers ]; then mount --bind \"/sys/fs/cgroup$3\" /sys/fs/cgroup; "
      "fi; "
      "for c in /sys/fs/cgroup/*; do if [ -d \"$c$3\" ]; then mount --bind \"$c$3\" \"$c\" || exit 1; fi; "
      "done; "
      "shift 3 && exec \"$@\"";
  if (auto made = cgroups.create_everywhere(names.word); !made) return made;
  const std::string podman = find_program("podman");
  if (podman.empty()) return Error{"EngineMissing", "Podman is not installed (apt install podman runc)"};
  const std::string storage = images.empty() ? names.folder + "/images" : images;
  std::error_code error;
  fs::create_directories(storage, error);
  if (error) return system_error(storage, error);
  const auto service = spawn_daemon({"nsenter",
                                     "--net=" + netns_path(names.netns),
                                     "unshare",
                                     "--mount",
                                     "--pid",
                                     "--fork",
                                     "--kill-child",
                                     "--mount-proc",
                                     "sh",
                                     "-c",
                                     enter,
                                     "sh",
                                     names.hosts,
                                     storage,
                                     cgroups.parent_path(names.word),
                                     podman,
                                     "system",
                                     "service",
                                     "-t",
                                     "0",
                                     engine_address(names)},
                                    {names.folder + "/engine.log",
                                     "/",
                                     {{"CONTAINERS_CONF", names.folder + "/containers.conf"},
                                      {"CONTAINERS_STORAGE_CONF", names.folder + "/storage.conf"},
                                      {"CONTAINERS_REGISTRIES_CONF", names.registries}}});
  if (!service) return service.error();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::microseconds(engine_start_time.us);
  while (!fs::exists(names.engine_socket, error)) {
    if (std::chrono::steady_clock::now() > deadline || !is_running(*service)) {
      return Error{"EngineMissing", "The build's Podman service does not come up: " +
                                        std::string(trim(read_file(names.folder + "/engine.log")))};
    }
    std::this_thread::sleep_for(look_interval);
  }
  return {};
}

Result<> remove_build_place(const BuildPlaceConfig&, const BuildNames& names, const Cgroups& cgroups) {
  end_processes_with(engine_address(names));
  end_processes_with(forwarder_config(names));
  if (auto removed = remove_netns(names.netns); !removed) return removed;
  cgroups.remove_everywhere(names.word);
  std::error_code error;
  fs::remove_all(names.folder, error);
  if (error) return system_error(names.folder, error);
  return {};
}

}  // namespace berth::host
