// The account's root key: made at the first start, kept in `<data folder>/credentials` (0600) in the form
// that the AWS CLI reads, never logged.
#pragma once

#include <optional>
#include <string>

#include "base/data_dir.h"
#include "base/result.h"
#include "gateway/credentials.h"
#include "store/store.h"

namespace berth {

Result<RootKey> read_or_make_root_key(const std::string& data_dir);

// The root key, and the temporary credentials in the store.
class Credentials final : public gateway::CredentialSource {
 public:
  Credentials(const Store& store, RootKey root, Principal root_principal)
      : store_(store), root_(std::move(root)), root_principal_(std::move(root_principal)) {}

  std::optional<gateway::Credential> find(std::string_view access_key_id) const override;

 private:
  const Store& store_;
  RootKey root_;
  Principal root_principal_;
};

}  // namespace berth
