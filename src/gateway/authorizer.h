// Authorizer: whether who calls may do so. The account's root may everything; a role what its policies allow.
#pragma once

#include "model/shape.h"
#include "services/context.h"
#include "wire/wire.h"

namespace berth::gateway {

class Authorizer {
 public:
  Authorizer(const Store& store, const Loop& loop, const Settings& settings)
      : store_(store), loop_(loop), settings_(settings) {}

  // `remote_address`: where the request came from, without a port.
  Result<> check(const Principal& caller, const std::string& remote_address, const model::Service& service,
                 const model::Operation& operation, const void* input, wire::Protocol protocol) const;

 private:
  const Store& store_;
  const Loop& loop_;
  const Settings& settings_;
};

}  // namespace berth::gateway
