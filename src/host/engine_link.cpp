#include "host/engine_link.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "base/log.h"
#include "base/text.h"
#include "host/podman_service.h"

namespace berth::host {
namespace {

constexpr RealDuration first_back_off = RealDuration::ms(100);
constexpr RealDuration longest_back_off = RealDuration::seconds(5);
constexpr RealDuration probe_interval = RealDuration::seconds(5);
constexpr RealDuration answer_time = RealDuration::seconds(10);
constexpr RealDuration service_start_time = RealDuration::seconds(10);

bool is_socket(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
}

// What is said of an engine by its /version, or why it cannot be used.
Result<std::string> judge_version(const net::HttpResponse& response) {
  json::value version;
  JsonError error;
  if (response.status != 200 || !parse_json(response.body, version, error)) {
    return Error{"EngineUnknown", "does not answer /version as a container engine does"};
  }
  const json::value* components = find(version, "Components");
  const bool podman = components != nullptr && components->is_array() && !components->as_array().empty() &&
                      string_or(components->as_array()[0], "Name") == "Podman Engine";
  const std::string number = string_or(version, "Version");
  // Docker cannot put a container into a network namespace that it has not made itself.
  if (!podman) return Error{"EngineUnsupported", "is Docker " + number + "; berth needs Podman 4.0 or later"};
  return "podman " + number;
}

bool cgroups_are_ours(const net::HttpResponse& response) {
  json::value info;
  JsonError error;
  return parse_json(response.body, info, error) && string_or(info, "CgroupDriver") == "cgroupfs";
}

}  // namespace

EngineLink::EngineLink(Loop& loop, EngineConfig config)
    : loop_(loop), config_(std::move(config)), http_(loop), back_off_(first_back_off) {
  info_.host_vcpu = static_cast<double>(sysconf(_SC_NPROCESSORS_ONLN));
  struct sysinfo machine {};
  if (sysinfo(&machine) == 0) {
    info_.host_memory_bytes = static_cast<std::int64_t>(machine.totalram) * machine.mem_unit;
  }
  info_.problem = "The container engine has not been reached yet";
  look_for_engine();
}

void EngineLink::send(net::HttpRequest request, Done done) {
  Held held{std::move(request), std::move(done)};
  if (socket_.empty()) {
    held_.push_back(std::move(held));
  } else {
    transmit(std::move(held));
  }
}

void EngineLink::transmit(Held held) {
  net::HttpRequest request = held.request;
  request.url = "http://engine" + request.url;
  request.unix_socket = socket_;
  http_.send(std::move(request), [this, held = std::move(held)](Result<net::HttpResponse> result) mutable {
    if (result || result.error().code != net::http_connection_error) return held.done(std::move(result));
    held_.push_back(std::move(held));
    lost("The container engine went away: " + result.error().message);
  });
}

void EngineLink::look_for_engine() {
  if (looking_ || stopped_) return;
  looking_ = true;
  std::vector<std::string> candidates;
  const char* docker_host = getenv("DOCKER_HOST");
  if (!config_.socket.empty()) {
    candidates = {config_.socket};
  } else if (docker_host != nullptr && *docker_host != '\0') {
    const std::string_view host = docker_host;
    if (!host.starts_with("unix://")) {
      return retry_later("DOCKER_HOST is " + std::string(host) +
                         ": only an engine on this machine can be used; unset it or give unix:///path");
    }
    candidates = {std::string(host.substr(7))};
  } else {
    for (const std::string& path :
         {own_socket(), std::string("/run/podman/podman.sock"), std::string("/run/docker.sock")}) {
      if (is_socket(path)) candidates.push_back(path);
    }
  }
  std::reverse(candidates.begin(), candidates.end());
  try_candidates(std::move(candidates));
}

// Takes them from the back; a chosen one (by DOCKER_HOST or settings) stands alone and its fault is the
// problem.
void EngineLink::try_candidates(std::vector<std::string> candidates) {
  const bool chosen =
      !config_.socket.empty() || (getenv("DOCKER_HOST") != nullptr && *getenv("DOCKER_HOST") != '\0');
  if (candidates.empty()) return start_own_service();
  const std::string socket = candidates.back();
  candidates.pop_back();
  const auto refuse = [this, chosen, socket, candidates](const std::string& why) {
    if (chosen) return retry_later("The container engine at " + socket + " " + why);
    try_candidates(candidates);
  };
  const auto ask = [this, socket](const char* path, Done done) {
    http_.send({.url = std::string("http://engine") + path, .unix_socket = socket, .timeout = answer_time},
               std::move(done));
  };
  ask("/version", [=, this](Result<net::HttpResponse> version) {
    if (!version) return refuse("does not answer: " + version.error().message);
    const auto engine = judge_version(*version);
    if (!engine) return refuse(engine.error().message);
    if (socket == own_socket()) return accept(socket, *engine);
    ask("/info", [=, this](Result<net::HttpResponse> info) {
      if (info && cgroups_are_ours(*info)) return accept(socket, *engine);
      refuse(
          "does not use cgroupfs (start it with --cgroup-manager cgroupfs), so tasks would have no limits");
    });
  });
}

void EngineLink::start_own_service() {
  if (stopped_) return;
  starting_ = true;
  auto started = std::make_shared<Result<>>();
  loop_.offload([started, data_dir = config_.data_dir,
                 socket = own_socket()] { *started = start_podman_service(data_dir, socket); },
                alive_.guard([this, started] {
                  starting_ = false;
                  if (after_starting_) return after_starting_();
                  if (!*started) return retry_later(started->error().message);
                  await_own_service(loop_.steady() + service_start_time);
                }));
}

void EngineLink::await_own_service(SteadyTime deadline) {
  http_.send(
      {.url = "http://engine/version", .unix_socket = own_socket()},
      [this, deadline](Result<net::HttpResponse> response) {
        const auto engine = response ? judge_version(*response) : Result<std::string>(response.error());
        if (engine) return accept(own_socket(), *engine);
        if (loop_.steady() > deadline) {
          return retry_later("Podman's service does not come up; see " + config_.data_dir + "/podman.log");
        }
        loop_.after_real(RealDuration::ms(10),
                         alive_.guard([this, deadline] { await_own_service(deadline); }));
      });
}

void EngineLink::accept(const std::string& socket, const std::string& engine) {
  looking_ = false;
  socket_ = socket;
  back_off_ = first_back_off;
  info_.engine = engine;
  info_.reachable = true;
  info_.problem.clear();
  if (!reported_problem_.empty()) log::info("container engine: back ({} at {})", engine, socket);
  reported_problem_.clear();
  loop_.after_real(probe_interval, alive_.guard([this, connection = ++connection_] { probe(connection); }));
  for (auto& held : std::exchange(held_, {})) transmit(std::move(held));
}

void EngineLink::probe(std::uint64_t connection) {
  if (socket_.empty() || connection != connection_) return;
  http_.send({.url = "http://engine/_ping", .unix_socket = socket_, .timeout = answer_time},
             [this, connection](Result<net::HttpResponse> result) {
               if (connection != connection_) return;
               if (!result) return lost("The container engine does not answer: " + result.error().message);
               loop_.after_real(probe_interval, alive_.guard([this, connection] { probe(connection); }));
             });
}

void EngineLink::lost(const std::string& problem) {
  socket_.clear();
  ++connection_;
  if (!looking_ && !stopped_) {
    looking_ = true;
    retry_later(problem);
  }
}

void EngineLink::retry_later(const std::string& problem) {
  if (stopped_) return;
  info_.reachable = false;
  info_.problem = problem;
  if (problem != reported_problem_) log::error("container engine: {}", problem);
  reported_problem_ = problem;
  loop_.after_real(back_off_, alive_.guard([this] {
    looking_ = false;
    look_for_engine();
  }));
  back_off_ = std::min(back_off_ * 2, longest_back_off);
}

void EngineLink::stop_own_service(Files files, Callback done) {
  stopped_ = true;
  socket_.clear();
  if (starting_) {
    after_starting_ = [this, files, done = std::move(done)] { stop_own_service(files, done); };
    return;
  }
  loop_.offload(
      [files, data_dir = config_.data_dir, socket = own_socket()] {
        if (files == Files::remove) return remove_podman_service(data_dir, socket);
        stop_podman_service(socket);
      },
      std::move(done));
}

}  // namespace berth::host
