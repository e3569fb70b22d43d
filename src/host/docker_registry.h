// DockerRegistry: the Registry port on Debian's docker-registry, which listens on a unix socket that only
// this user can reach, behind a HAProxy of its own: the one address that clients know. The front checks the
// password, sends layers to the registry and everything else to berth. Both processes outlive berthd and are
// found again by their files.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/alive.h"
#include "host/fd_watcher.h"
#include "net/http_client.h"
#include "world/registry.h"

namespace berth::host {

struct RegistryConfig {
  std::string data_dir;                  // absolute
  std::string address;                   // "127.0.0.1:5000", where the front listens
  std::string api_address;               // "127.0.0.1:4566", berth's own
  std::string api_route;                 // what goes to berth gets this before its path
  std::string key;                       // signs passwords; hexadecimal
  std::function<bool()> is_pushed_to{};  // asked on the loop's thread before a collection
  std::string haproxy = "haproxy";
  std::string program = "docker-registry";
};

// The files of both, all in one folder of their own.
struct RegistryPaths {
  explicit RegistryPaths(const std::string& data_dir)
      : folder(data_dir + "/registry"),
        storage(folder + "/storage"),
        config(folder + "/config.yml"),
        socket(folder + "/registry.sock"),
        log(folder + "/registry.log"),
        garbage(folder + "/garbage"),
        front(folder + "/front") {}

  std::string folder, storage, config, socket, log;
  std::string garbage;  // there while layers may be there that nothing needs
  std::string front;    // HAProxy's
};

std::string registry_settings(const RegistryConfig& config);
std::string registry_front_settings(const RegistryConfig& config);

class DockerRegistry final : public world::Registry {
 public:
  DockerRegistry(Loop& loop, RegistryConfig config);
  ~DockerRegistry() override;

  void run() override;
  void put(world::RegistryManifest manifest, std::function<void(Result<>)> done) override;
  void collect(world::RegistryContents kept, std::function<void(Result<bool>)> done) override;

  // Until it is over, no push may begin or end.
  bool is_collecting() const { return collecting_; }

  const world::RegistryInfo& info() const { return info_; }

  // For good: ends both processes and removes everything that was pushed.
  void remove_everything(Callback done);

 private:
  struct Running {
    pid_t registry = 0;
    pid_t front = 0;
  };
  // Jobs block and touch the same files, so they run one after another, off the loop's thread.
  struct Job {
    Callback work;
    Callback done;
  };

  void enqueue(Job job);
  void next_job();
  void ensure();
  void take(const Result<Running>& running);
  void follow(pid_t pid);

  Loop& loop_;
  const std::shared_ptr<const RegistryConfig> config_;  // jobs hold it: one may outlive this object
  world::RegistryInfo info_;
  std::deque<Job> jobs_;
  bool working_ = false;
  bool wanted_ = false;
  bool collecting_ = false;
  RealDuration back_off_{};
  SteadyTime started_at_{};
  std::unique_ptr<FdWatcher> watcher_;  // made when something runs: it has a thread
  std::vector<std::pair<FdWatcher::WatchId, Fd>> watches_;
  std::unique_ptr<net::HttpClient> client_;
  Alive alive_;
};

}  // namespace berth::host
