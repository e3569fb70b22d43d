// RegistryApi: the part of the registry's own API (Docker Registry v2) that berth answers: whose password is
// good, which repositories there are, what a tag means, which may be moved. The registry's front sends it
// these requests; layers go past it to the registry itself.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/routes.h"
#include "net/http_client.h"
#include "services/context.h"
#include "services/ecr/manifest.h"

namespace berth::gateway {

// Below this path, with the API's own path behind it.
inline constexpr const char* registry_route = "/_berth/registry";

class RegistryApi {
 public:
  // `registry_socket`: where the registry itself listens. Pushes wait while `is_closed` says so.
  RegistryApi(Context context, std::string registry_socket, std::function<bool()> is_closed);
  ~RegistryApi();
  RegistryApi(const RegistryApi&) = delete;
  RegistryApi& operator=(const RegistryApi&) = delete;

  void add_routes(Routes& routes);
  // Whether the registry has been asked for something that changes it and has not answered.
  bool is_pushing() const { return pushing_ > 0; }

 private:
  struct Target;
  struct Push;

  void handle(const wire::Request& request, const net::Respond& respond);
  void push(const Target& target, const wire::Request& request, const net::Respond& respond);
  void put_manifest(const Target& target, const wire::Request& request, const net::Respond& respond);
  Result<Push> check_push(const Target& target, const wire::Request& request) const;
  Result<> record_push(const Push& push);
  wire::Response get_manifest(const Target& target);
  wire::Response list_tags(const Target& target, const wire::Request& request) const;
  wire::Response list_repositories() const;
  void begin_upload(const Target& target, const wire::Request& request, const net::Respond& respond);
  void forward(net::HttpRequest request, std::function<void(const net::HttpResponse&)> answered,
               const net::Respond& respond);
  net::HttpClient& registry();

  Context context_;
  std::string registry_socket_;
  std::function<bool()> is_closed_;
  int pushing_ = 0;
  std::unique_ptr<net::HttpClient> registry_;  // made when it is first needed: it has a thread
};

}  // namespace berth::gateway
