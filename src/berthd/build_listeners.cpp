#include "berthd/build_listeners.h"

#include "base/log.h"

namespace berth {

void BuildListeners::open(const std::string& build_id, int socket) {
  auto server = std::make_unique<net::HttpServer>(
      loop_, [this, build_id](wire::Request request, std::string remote, net::Respond respond) {
        endpoints_.handle(build_id, std::move(request), remote, std::move(respond));
      });
  server->take_bodies([this](const wire::Request& head) { return endpoints_.api().take_body(head); });
  if (const auto serving = server->serve(socket); !serving) {
    return log::warn("endpoint of build {}: {}", build_id, serving.error().message);
  }
  servers_[build_id] = std::move(server);
}

}  // namespace berth
