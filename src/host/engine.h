// Engine: the verbs of the Docker Engine API (1.41) that tasks need, typed and asynchronous. Each may be
// repeated: what is there already, or gone already, is success. It decides nothing.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/engine_link.h"

namespace berth::host {

struct EngineImage {
  std::string id;      // "sha256:..."
  std::string digest;  // of its manifest where the engine knows it, else its id
};

struct RegistryLogin {
  std::string user;
  std::string password;
};

struct EngineContainer {
  std::string id;
  std::string image_id;
  std::map<std::string, std::string> labels;
  std::string log_path;
  int stop_signal = 15;
  bool started = false;  // at some time
  bool running = false;
  int pid = 0;  // while it runs
  int exit_code = 0;
  bool out_of_memory = false;
};

// Codes of the errors that Engine returns.
inline constexpr std::string_view engine_not_found = "EngineNotFound";
inline constexpr std::string_view engine_refused = "EngineRefused";

class Engine {
 public:
  template <class T = void>
  using Done = std::function<void(Result<T>)>;

  Engine(Loop& loop, EngineConfig config) : loop_(loop), link_(loop, std::move(config)) {}

  const world::RuntimeInfo& info() const { return link_.info(); }

  void image(const std::string& name, Done<EngineImage> done);
  void pull(const std::string& name, Done<> done);
  // From a registry of this machine, which speaks plain HTTP. (Of Podman's own API: Docker's has no word for
  // that.)
  void pull_here(const std::string& name, const RegistryLogin& login, Done<> done);

  // The id of the new container, or of the one that has this name already.
  void create(const std::string& name, const json::object& config, Done<std::string> done);
  void start(const std::string& id, Done<> done);
  void inspect(const std::string& id, Done<EngineContainer> done);
  // Also while it runs.
  void remove(const std::string& id, Done<> done);
  // Containers with this label and value, in whatever state.
  void list(const std::string& label, const std::string& value, Done<std::vector<EngineContainer>> done);
  // Runs a command inside the container: its exit code, or an error when it does not end in time (and is
  // killed).
  void exec(const std::string& id, const std::vector<std::string>& command, RealDuration timeout,
            Done<int> done);

  void stop_own_service(EngineLink::Files files, Callback done) {
    link_.stop_own_service(files, std::move(done));
  }

 private:
  // A document or an error: statuses of 400 and above become engine_not_found or engine_refused with the
  // engine's own words.
  void call(const std::string& method, const std::string& path, const json::value& body, RealDuration timeout,
            Done<json::value> done);
  void exec_exit_code(const std::string& exec_id, int attempts_left, Done<int> done);
  void kill_exec(const std::string& exec_id, Done<int> done);

  Loop& loop_;
  EngineLink link_;
  Alive alive_;
};

// What /containers/{id}/json says.
EngineContainer parse_container(const json::value& inspected);
// "registry-1/name:tag" as the engine completes it: "nginx" -> "docker.io/library/nginx:latest".
std::string full_image_name(const std::string& name);

}  // namespace berth::host
