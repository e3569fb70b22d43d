#include "berthd/vpc_listeners.h"

#include "base/log.h"
#include "services/ec2/rows.h"

namespace berth {
namespace {

constexpr const char* endpoint_address = "169.254.170.2";
constexpr int endpoint_port = 80;
// The VPC's network is made by another part; until it is there, opening a socket in it fails.
constexpr RealDuration retry_delay = RealDuration::ms(200);

}  // namespace

VpcListeners::VpcListeners(Store& store, AsioLoop& loop, host::VpcNetwork& network,
                           gateway::TaskEndpoints& endpoints, gateway::Gateway& api)
    : store_(store), loop_(loop), network_(network), endpoints_(endpoints), api_(api) {}

VpcListeners::~VpcListeners() {
  *alive_ = false;
  store_.stop_watching(watch_);
}

void VpcListeners::start() {
  watch_ = store_.watch([this](const Changes& changes) {
    if (!changes.touched<ec2::VpcRow>() || follow_posted_) return;
    follow_posted_ = true;
    loop_.post([this, alive = alive_] {
      if (!*alive) return;
      follow_posted_ = false;
      follow();
    });
  });
  follow();
}

void VpcListeners::follow() {
  const auto& vpcs = store_.all<ec2::VpcRow>();
  std::map<std::string, std::pair<Open, net::HttpHandler>> wanted;
  for (const auto& [id, vpc] : vpcs) {
    wanted[id] = {[this, vpc_id = id](auto done) {
                    network_.listen_in_vpc(vpc_id, endpoint_address, endpoint_port, std::move(done));
                  },
                  [this, vpc_id = id](wire::Request request, std::string remote, net::Respond respond) {
                    endpoints_.handle(vpc_id, std::move(request), remote, std::move(respond));
                  }};
    wanted[id + " endpoints"] = {
        [this, vpc_id = id](auto done) {
          network_.listen_in_vpc(vpc_id, host::vpc_endpoint_address, host::api_port, std::move(done));
        },
        [this, vpc_id = id](wire::Request request, std::string remote, net::Respond respond) {
          endpoints_.handle_call(vpc_id, std::move(request), remote, std::move(respond));
        }};
  }
  if (!vpcs.empty()) {
    wanted["internet"] = {[this](auto done) { network_.listen_in_internet(std::move(done)); },
                          [this](wire::Request request, std::string remote, net::Respond respond) {
                            api_.handle(std::move(request), remote, std::move(respond));
                          }};
  }
  std::erase_if(servers_, [&](const auto& entry) { return !wanted.contains(entry.first); });
  for (auto& [name, how] : wanted) {
    if (!servers_.contains(name)) open(name, std::move(how.first), std::move(how.second));
  }
}

void VpcListeners::open(const std::string& name, Open open_socket, net::HttpHandler handler) {
  servers_[name] = nullptr;
  open_socket([this, name, open_socket, handler, alive = alive_](Result<int> socket) {
    if (!*alive || !servers_.contains(name)) return;
    if (!socket) {
      log::debug("endpoint in {}: {}", name, socket.error().message);
      loop_.after_real(retry_delay, [this, name, open_socket, handler, alive] {
        if (*alive && servers_.contains(name)) open(name, open_socket, handler);
      });
      return;
    }
    auto server = std::make_unique<net::HttpServer>(loop_, handler);
    server->take_bodies([this](const wire::Request& head) { return api_.take_body(head); });
    if (const auto serving = server->serve(*socket); !serving) {
      return log::warn("endpoint in {}: {}", name, serving.error().message);
    }
    servers_[name] = std::move(server);
  });
}

}  // namespace berth
