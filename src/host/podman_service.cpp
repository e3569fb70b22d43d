#include "host/podman_service.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/read_file.h"
#include "base/text.h"
#include "host/pidfd.h"
#include "host/process.h"

namespace berth::host {
namespace {

constexpr int service_end_ms = 5'000;

// Where the service and the containers' monitors work: a monitor leaves an empty file "oom" in its working
// directory when its container runs out of memory.
std::string work_folder(const std::string& data_dir) {
  return data_dir + "/podman";
}

std::string address_of(const std::string& socket) {
  return "unix://" + socket;
}

void end_service(const std::string& socket) {
  for (const pid_t pid : processes_with(address_of(socket))) {
    const Fd process = open_process(pid);
    if (!process) continue;
    pollfd end{process.get(), POLLIN, 0};
    signal_process(process, SIGTERM);
    if (poll(&end, 1, service_end_ms) == 1) continue;
    signal_process(process, SIGKILL);
    poll(&end, 1, service_end_ms);
  }
}

}  // namespace

// no-conmon: the container's monitor stays outside the task's cgroup; inside, the task's quota would slow
// down its own start and clean-up (87 ms against 60 for a start at 0.25 vCPU) and metering would count it.
// exit_command_delay: monitors of health checks would stay for 5 minutes.
// Debian's default runtime, crun, fails on hosts with cgroups v1 and v2 side by side; runc works on all.
std::string podman_settings(const std::string& runtime) {
  std::string text =
      "[containers]\n"
      "cgroups = \"no-conmon\"\n"
      "log_driver = \"k8s-file\"\n"
      "[engine]\n"
      "cgroup_manager = \"cgroupfs\"\n"
      "events_logger = \"file\"\n"
      "exit_command_delay = 1\n";
  if (!runtime.empty()) text += "runtime = \"" + runtime + "\"\n";
  return text;
}

Result<> start_podman_service(const std::string& data_dir, const std::string& socket) {
  const std::string podman = find_program("podman");
  if (podman.empty()) {
    return Error{"EngineMissing", "No container engine: Podman is not installed (apt install podman runc)"};
  }
  const std::string settings_path = data_dir + "/containers.conf";
  std::ofstream settings(settings_path);
  settings << podman_settings(find_program("runc").empty() ? "" : "runc");
  settings.close();
  // Half of them would start tasks without limits.
  if (!settings) return Error{"EngineMissing", "Podman's settings cannot be written to " + settings_path};
  stop_podman_service(socket);  // one that does not answer, or that a killed process was about to use
  const std::string folder = work_folder(data_dir);
  unlink((folder + "/oom").c_str());
  std::error_code error;
  std::filesystem::create_directory(folder, error);
  if (error) return Error{"EngineMissing", folder + ": " + error.message()};
  const auto pid = spawn_daemon({podman, "system", "service", "-t", "0", address_of(socket)},
                                {data_dir + "/podman.log", folder, {{"CONTAINERS_CONF", settings_path}}});
  if (!pid) return pid.error();
  return {};
}

void stop_podman_service(const std::string& socket) {
  end_service(socket);
  unlink(socket.c_str());
}

void remove_podman_service(const std::string& data_dir, const std::string& socket) {
  stop_podman_service(socket);
  for (const char* name : {"/podman.log", "/containers.conf"}) unlink((data_dir + name).c_str());
  std::error_code error;
  std::filesystem::remove_all(work_folder(data_dir), error);
}

}  // namespace berth::host
