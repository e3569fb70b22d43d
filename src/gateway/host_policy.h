// Which names a request may call berth by. A page in a browser that resolves a foreign name to this machine,
// or posts to it from a foreign origin, is refused before anything of the request is believed.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/wire.h"

namespace berth::gateway {

class HostPolicy {
 public:
  // Names and addresses besides the machine's own loopback ones; `0.0.0.0` and `::` mean any address (no
  // name).
  explicit HostPolicy(std::set<std::string> names) : names_(std::move(names)) {}

  Result<> check(const wire::Request& request) const;
  bool allows(std::string_view host_and_port) const;

 private:
  std::set<std::string> names_;
};

}  // namespace berth::gateway
