#include "berthd/store_identity.h"

#include <fmt/format.h>

namespace berth {

void take_identity(const Store& store, Options& options) {
  const auto* known = store.find<StoreIdentityRow>("identity");
  if (!known) return;
  options.account = known->account;
  options.region = known->region;
}

Result<> check_identity(Store& store, const Options& options) {
  const auto* known = store.find<StoreIdentityRow>("identity");
  if (!known) {
    return store.transact([&]() -> Result<> {
      store.put(StoreIdentityRow{options.account, options.region});
      return {};
    });
  }
  if (known->account == options.account && known->region == options.region) return {};
  return Error{
      "IdentityChanged",
      fmt::format("This store is account {} in {}; give --account {} --region {}, or another --data-dir",
                  known->account, known->region, known->account, known->region)};
}

}  // namespace berth
