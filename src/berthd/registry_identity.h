// Where ECR's registry listens and the key that signs its passwords: chosen once for a data folder and kept
// there, so that a login outlives a restart.
#pragma once

#include <string>

#include "base/result.h"

namespace berth {

struct RegistryIdentity {
  std::string address;  // "127.0.0.1:41234"
  std::string key;      // hexadecimal
};

// `wanted` with port 0 is answered with the address kept, or with a free port.
Result<RegistryIdentity> read_or_make_registry_identity(const std::string& data_dir,
                                                        const std::string& wanted);

}  // namespace berth
