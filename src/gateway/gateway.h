// Gateway: the path of a request from HTTP to a handler and back, as one list of steps (see process()). It
// knows services only as their dispatch tables.
#pragma once

#include <set>
#include <span>
#include <string>

#include "gateway/authenticator.h"
#include "gateway/authorizer.h"
#include "gateway/held_waiters.h"
#include "gateway/host_policy.h"
#include "gateway/routes.h"
#include "gateway/waiter_rules.h"
#include "net/http_server.h"
#include "services/context.h"

namespace berth::gateway {

struct GatewayOptions {
  AuthMode auth = AuthMode::signed_only;
  std::set<std::string> host_names{};  // besides loopback: the listen address, 169.254.170.2, ...
};

class Gateway {
 public:
  // `context` is what handlers get, completed with the caller and the request's id.
  Gateway(Context context, std::span<const services::ServiceHandlers> services,
          const CredentialSource& credentials, GatewayOptions options);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // For requests without an AWS protocol; added before the first request.
  Routes& routes() { return routes_; }

  // An HttpHandler, and the HttpRefusal and the HttpBodySink beside it.
  std::shared_ptr<wire::BodySink> take_body(const wire::Request& head);
  void handle(wire::Request request, const std::string& remote_address, net::Respond respond);
  wire::Response refuse(const wire::Request& request, int status);

  // Answers what is held back; nothing is held from now on.
  void release_waiters();
  std::size_t held_waiters() const { return waiters_.size(); }

 private:
  struct Exchange;

  bool answer_route(const wire::Request& request, const std::string& remote_address,
                    const net::Respond& respond);
  std::shared_ptr<Exchange> begin(wire::Request request, net::Respond respond);
  const services::ServiceHandlers* find_service(const wire::Request& request) const;
  Result<> process(const std::shared_ptr<Exchange>& exchange);
  Result<Principal> authenticate(const Exchange& exchange);
  Result<> check_upload(Exchange& exchange);
  void run_when_synced(const std::shared_ptr<Exchange>& exchange);
  Result<> answer(const std::shared_ptr<Exchange>& exchange);
  Result<model::Object> run(Exchange& exchange);
  bool hold(const std::shared_ptr<Exchange>& exchange, const void* output);
  void finish(const Exchange& exchange, const void* output);
  static void fail(const Exchange& exchange, const Error& error);

  Context context_;
  std::span<const services::ServiceHandlers> services_;
  HostPolicy hosts_;
  Authenticator authenticator_;
  Authorizer authorizer_;
  Routes routes_;
  HeldWaiters waiters_;
  bool releasing_ = false;
};

}  // namespace berth::gateway
