// Where berth keeps its things, and the root key it keeps there: what the daemon and the `berth` program agree on.
#pragma once

#include <optional>
#include <string>

namespace berth {

// $BERTH_DATA_DIR, $XDG_DATA_HOME/berth, ~/.local/share/berth; the first that is there to use.
std::string default_data_dir();

std::string credentials_path(const std::string& data_dir);

struct RootKey {
  std::string access_key_id;
  std::string secret_access_key;
};

// nullopt when there is none yet or the caller may not read it.
std::optional<RootKey> read_root_key(const std::string& data_dir);

}  // namespace berth
