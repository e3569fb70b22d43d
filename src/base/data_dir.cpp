#include "base/data_dir.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/replace_file.h"
#include "base/text.h"

namespace berth {

std::string default_data_dir() {
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value ? value : "";
  };
  if (const auto dir = variable("BERTH_DATA_DIR"); !dir.empty()) return dir;
  if (const auto data = variable("XDG_DATA_HOME"); !data.empty()) return data + "/berth";
  const auto home = variable("HOME");
  return (home.empty() ? std::string("/var/lib") : home + "/.local/share") + "/berth";
}

bool holds_store(const std::string& data_dir) {
  return std::filesystem::exists(data_dir + "/berth.db");
}

std::string credentials_path(const std::string& data_dir) {
  return data_dir + "/credentials";
}

namespace {

std::string whereabouts_path(const std::string& data_dir) {
  return data_dir + "/endpoint";
}

}  // namespace

Result<> tell_where(const std::string& data_dir, const Whereabouts& whereabouts) {
  return replace_file(whereabouts_path(data_dir), fmt::format("{}\n{}\n{}\n", whereabouts.endpoint,
                                                              whereabouts.region, whereabouts.engine_socket));
}

std::optional<Whereabouts> find_out_where(const std::string& data_dir) {
  std::ifstream file(whereabouts_path(data_dir));
  Whereabouts found;
  if (!std::getline(file, found.endpoint) || !std::getline(file, found.region)) return std::nullopt;
  std::getline(file, found.engine_socket);
  return found;
}

std::optional<RootKey> read_root_key(const std::string& data_dir) {
  std::ifstream file(credentials_path(data_dir));
  RootKey key;
  for (std::string line; std::getline(file, line);) {
    const auto equals = line.find('=');
    if (equals == std::string::npos) continue;
    const auto name = trim(std::string_view(line).substr(0, equals));
    const auto value = trim(std::string_view(line).substr(equals + 1));
    if (name == "aws_access_key_id") key.access_key_id = value;
    if (name == "aws_secret_access_key") key.secret_access_key = value;
  }
  if (key.access_key_id.empty() || key.secret_access_key.empty()) return std::nullopt;
  return key;
}

}  // namespace berth
