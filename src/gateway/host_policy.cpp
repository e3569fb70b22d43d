#include "gateway/host_policy.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include "base/text.h"

namespace berth::gateway {
namespace {

// `name:80` -> `name`, `[::1]:80` -> `::1`.
std::string without_port(std::string_view host) {
  if (host.starts_with('[')) return std::string(host.substr(1, host.find(']') - 1));
  return lower(host.substr(0, host.find(':')));
}

bool is_address(const std::string& host) {
  in6_addr bytes{};
  return inet_pton(AF_INET, host.c_str(), &bytes) == 1 || inet_pton(AF_INET6, host.c_str(), &bytes) == 1;
}

bool is_loopback(const std::string& host) {
  in_addr address{};
  if (inet_pton(AF_INET, host.c_str(), &address) == 1) return (ntohl(address.s_addr) >> 24) == 127;
  return host == "::1" || host == "localhost" || host.ends_with(".localhost");
}

}  // namespace

bool HostPolicy::allows(std::string_view host_and_port) const {
  const std::string host = without_port(host_and_port);
  if (is_loopback(host) || names_.contains(host)) return true;
  return is_address(host) && (names_.contains("0.0.0.0") || names_.contains("::"));
}

Result<> HostPolicy::check(const wire::Request& request) const {
  const auto host = request.header("host");
  if (!allows(host)) {
    return Error{"Forbidden", fmt::format("The Host '{}' is none that this berth answers to.\n", host), 403};
  }
  const auto origin = request.header("origin");
  if (origin.empty()) return {};
  const auto scheme_end = origin.find("://");
  if (scheme_end == std::string_view::npos || !allows(origin.substr(scheme_end + 3))) {
    return Error{"Forbidden", fmt::format("The Origin '{}' may not call this berth.\n", origin), 403};
  }
  return {};
}

}  // namespace berth::gateway
