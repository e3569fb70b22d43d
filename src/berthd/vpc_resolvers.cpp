#include "berthd/vpc_resolvers.h"

#include <fmt/format.h>

#include "base/log.h"
#include "services/ec2/networking.h"
#include "services/ec2/rows.h"
#include "services/servicediscovery/resolve.h"

namespace berth {
namespace {

constexpr int dns_port = 53;
// The VPC's network is made by another part; until it is there, opening a socket in it fails.
constexpr RealDuration resolver_retry = RealDuration::ms(200);

std::string as_line(const servicediscovery::NameRecord& record) {
  if (record.type == "A") return fmt::format("{} IN A {}", record.ttl_s, record.address);
  return fmt::format("{} IN SRV 1 1 {} {}.", record.ttl_s, record.port, record.target);
}

}  // namespace

VpcResolvers::VpcResolvers(Store& store, AsioLoop& loop, host::VpcNetwork& network)
    : store_(store), loop_(loop), network_(network) {}

VpcResolvers::~VpcResolvers() {
  *alive_ = false;
  store_.stop_watching(watch_);
}

void VpcResolvers::start() {
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

void VpcResolvers::follow() {
  std::map<std::string, std::string> wanted;
  for (const auto& [id, vpc] : store_.all<ec2::VpcRow>()) {
    if (auto address = ec2::resolver_address(vpc); !address.empty()) wanted[id] = std::move(address);
  }
  std::erase_if(resolvers_, [&](const auto& entry) {
    const auto found = wanted.find(entry.first);
    return found == wanted.end() || found->second != entry.second.address;
  });
  for (const auto& [id, address] : wanted) {
    if (!resolvers_.contains(id)) open(id, address);
  }
}

void VpcResolvers::open(const std::string& vpc_id, const std::string& address) {
  resolvers_[vpc_id] = {address, nullptr};
  network_.bind_in_vpc(
      vpc_id, address, dns_port, [this, vpc_id, address, alive = alive_](Result<int> socket) {
        if (!*alive || !resolvers_.contains(vpc_id)) return;
        if (!socket) {
          log::debug("resolver of {}: {}", vpc_id, socket.error().message);
          loop_.after_real(resolver_retry, [this, vpc_id, address, alive] {
            if (*alive && resolvers_.contains(vpc_id)) open(vpc_id, address);
          });
          return;
        }
        auto server = std::make_unique<net::DnsServer>(
            loop_, [this, vpc_id](const net::DnsQuestion& question) { return answer(vpc_id, question); });
        if (const auto serving = server->serve(*socket); !serving) {
          return log::warn("resolver of {}: {}", vpc_id, serving.error().message);
        }
        resolvers_[vpc_id].server = std::move(server);
      });
}

net::DnsAnswer VpcResolvers::answer(const std::string& vpc_id, const net::DnsQuestion& question) const {
  using Code = net::DnsAnswer::Code;
  const auto found =
      servicediscovery::resolve(store_, loop_.rng("dns"), vpc_id, question.name, question.type);
  if (!found.in_namespace) return {Code::refused};
  if (!found.name_exists) return {Code::no_such_name};
  net::DnsAnswer answer;
  for (const auto& record : found.records) answer.records.push_back(as_line(record));
  return answer;
}

}  // namespace berth
