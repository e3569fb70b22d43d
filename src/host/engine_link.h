// EngineLink: the way to the container engine: finds its socket, starts Podman's service when there is none,
// notices when it is gone and tries again with back-off. Requests made meanwhile are held and sent when it is
// back. It knows nothing of containers.
#pragma once

#include <sys/types.h>

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "host/alive.h"
#include "loop/loop.h"
#include "net/http_client.h"
#include "world/runtime.h"

namespace berth::host {

struct EngineConfig {
  std::string data_dir;  // absolute; holds the socket, settings and log of a service of our own
  std::string socket{};  // only this one; empty: $DOCKER_HOST, the usual ones, a service of our own
};

class EngineLink {
 public:
  using Done = net::HttpClient::Done;

  EngineLink(Loop& loop, EngineConfig config);

  // `request` needs method, path (in `url`) and body; the rest is filled in. Every request gets an answer of
  // the engine in the end, or an error that is not the connection's.
  void send(net::HttpRequest request, Done done);

  const world::RuntimeInfo& info() const { return info_; }

  // Ends the service that this link, or one before it in the same data folder, started; `files` go with it
  // when no container is left. What is asked of the engine from now on gets no answer.
  enum class Files { keep, remove };
  void stop_own_service(Files files, Callback done);

 private:
  struct Held {
    net::HttpRequest request;
    Done done;
  };

  void look_for_engine();
  void try_candidates(std::vector<std::string> candidates);
  void start_own_service();
  void await_own_service(SteadyTime deadline);
  void accept(const std::string& socket, const std::string& engine);
  void lost(const std::string& problem);
  void retry_later(const std::string& problem);
  void probe(std::uint64_t connection);
  void transmit(Held held);
  std::string own_socket() const { return config_.data_dir + "/podman.sock"; }

  Loop& loop_;
  EngineConfig config_;
  net::HttpClient http_;
  world::RuntimeInfo info_;
  std::string socket_;  // of the engine in use; empty while there is none
  std::uint64_t connection_ =
      0;  // counts accept()ed engines, so that a probe knows whether it is out of date
  bool looking_ = false;
  bool stopped_ = false;
  bool starting_ = false;    // a service of our own
  Callback after_starting_;  // what has to wait for it
  RealDuration back_off_;
  std::string reported_problem_;  // said once
  std::deque<Held> held_;
  Alive alive_;
};

}  // namespace berth::host
