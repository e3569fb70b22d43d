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
                           gateway::TaskEndpoints& endpoints)
    : store_(store), loop_(loop), network_(network), endpoints_(endpoints) {}

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
  std::erase_if(servers_, [&](const auto& entry) { return !vpcs.contains(entry.first); });
  for (const auto& [id, vpc] : vpcs) {
    if (!servers_.contains(id)) open(id);
  }
}

void VpcListeners::open(const std::string& vpc_id) {
  servers_[vpc_id] = nullptr;
  network_.listen_in_vpc(
      vpc_id, endpoint_address, endpoint_port, [this, vpc_id, alive = alive_](Result<int> socket) {
        if (!*alive || !servers_.contains(vpc_id)) return;
        if (!socket) {
          log::debug("endpoint in {}: {}", vpc_id, socket.error().message);
          loop_.after_real(retry_delay, [this, vpc_id, alive] {
            if (*alive && servers_.contains(vpc_id)) open(vpc_id);
          });
          return;
        }
        auto server = std::make_unique<net::HttpServer>(
            loop_, [this, vpc_id](wire::Request request, std::string remote, net::Respond respond) {
              endpoints_.handle(vpc_id, std::move(request), remote, std::move(respond));
            });
        if (const auto serving = server->serve(*socket); !serving) {
          return log::warn("endpoint in {}: {}", vpc_id, serving.error().message);
        }
        servers_[vpc_id] = std::move(server);
      });
}

}  // namespace berth
