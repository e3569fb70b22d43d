// What a VPC's resolver says to a question: the names of the private namespaces that belong to the VPC. It
// knows no wire format and reaches nobody else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loop/rng.h"
#include "services/servicediscovery/rows.h"

namespace berth::servicediscovery {

struct NameRecord {
  std::string type;  // "A" or "SRV"
  int ttl_s = 0;
  std::string address{};  // A
  int port = 0;           // SRV ...
  std::string target{};   // ... and the name of who listens there
};

struct Resolution {
  bool in_namespace = false;  // otherwise the resolver has nothing to say
  bool name_exists = false;
  std::vector<NameRecord> records{};  // of the type asked for
};

// `name` without the last dot, in any case. With MULTIVALUE up to eight healthy instances in random order,
// with WEIGHTED one of them; all are asked for when none is healthy.
Resolution resolve(const Store& store, Rng& rng, const std::string& vpc_id, std::string_view name,
                   std::string_view type);

}  // namespace berth::servicediscovery
