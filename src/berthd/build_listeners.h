// BuildListeners: berth's endpoint inside the networks of builds, one server for each.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "gateway/build_endpoints.h"
#include "loop/asio_loop.h"
#include "net/http_server.h"

namespace berth {

class BuildListeners {
 public:
  BuildListeners(AsioLoop& loop, gateway::BuildEndpoints& endpoints) : loop_(loop), endpoints_(endpoints) {}

  // `socket` listens already, and is the server's from now on.
  void open(const std::string& build_id, int socket);
  void close(const std::string& build_id) { servers_.erase(build_id); }

 private:
  AsioLoop& loop_;
  gateway::BuildEndpoints& endpoints_;
  std::map<std::string, std::unique_ptr<net::HttpServer>> servers_;
};

}  // namespace berth
