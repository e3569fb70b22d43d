// Where berth keeps its things, and the root key it keeps there: what the daemon and the `berth` program
// agree on.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace berth {

// $BERTH_DATA_DIR, $XDG_DATA_HOME/berth, ~/.local/share/berth; the first that is there to use.
std::string default_data_dir();

// Whether a berthd has used the folder.
bool holds_store(const std::string& data_dir);

std::string credentials_path(const std::string& data_dir);

struct RootKey {
  std::string access_key_id;
  std::string secret_access_key;
};

// What the daemon of a data folder was last started with, for programs that are given only the folder.
struct Whereabouts {
  std::string endpoint;  // "http://127.0.0.1:4566"
  std::string region;
  std::string engine_socket;  // where one was chosen
};
Result<> tell_where(const std::string& data_dir, const Whereabouts& whereabouts);
// nullopt before the first start.
std::optional<Whereabouts> find_out_where(const std::string& data_dir);

// nullopt when there is none yet or the caller may not read it.
std::optional<RootKey> read_root_key(const std::string& data_dir);

}  // namespace berth
