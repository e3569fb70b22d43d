// Whose store this is: ARNs in it name the account and the region, so neither can change later.
#pragma once

#include "berthd/options.h"
#include "store/store.h"

namespace berth {

struct StoreIdentityRow {
  static constexpr const char* table = "berthd.identity";
  std::string account;
  std::string region;

  std::string key() const { return "identity"; }
};
BOOST_DESCRIBE_STRUCT(StoreIdentityRow, (), (account, region))

// Takes the store's own for the options.
void take_identity(const Store& store, Options& options);

// Remembers both at the first start and refuses others later.
Result<> check_identity(Store& store, const Options& options);

}  // namespace berth
