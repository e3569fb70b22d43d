// Endpoints that are not AWS's (status, health, mail pages): by method and path prefix, without a signature.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_server.h"
#include "wire/wire.h"

namespace berth::gateway {

using RouteHandler = std::function<void(const wire::Request& request, const std::string& remote_address,
                                        net::Respond respond)>;

class Routes {
 public:
  // `prefix` matches itself and what lies below it; the longest match wins.
  void add(std::string method, std::string prefix, RouteHandler handler);

  struct Match {
    bool path_known = false;                // some method is answered there
    const RouteHandler* handler = nullptr;  // null: not for this method
  };
  Match find(std::string_view method, std::string_view path) const;

 private:
  struct Route {
    std::string method;
    std::string prefix;
    RouteHandler handler;
  };

  std::vector<Route> routes_;
};

}  // namespace berth::gateway
