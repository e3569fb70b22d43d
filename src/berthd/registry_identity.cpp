#include "berthd/registry_identity.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/digest.h"
#include "base/json.h"
#include "base/read_file.h"
#include "base/replace_file.h"
#include "base/text.h"
#include "berthd/random_bytes.h"
#include "host/fd.h"

namespace berth {
namespace {

constexpr std::size_t key_bytes = 32;

Result<int> free_port(const std::string& host) {
  const host::Fd probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  socklen_t length = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1 || ::bind(probe.get(), any, length) != 0 ||
      ::getsockname(probe.get(), any, &length) != 0) {
    return Error{"BadOption",
                 fmt::format("--registry: no port of {} can be had: {}", host, std::strerror(errno))};
  }
  return ntohs(address.sin_port);
}

RegistryIdentity read_identity(const std::string& path) {
  json::value document;
  JsonError none;
  if (!parse_json(read_file(path), document, none)) return {};
  return {string_or(document, "address"), string_or(document, "key")};
}

}  // namespace

Result<RegistryIdentity> read_or_make_registry_identity(const std::string& data_dir,
                                                        const std::string& wanted) {
  const std::string path = data_dir + "/registry.json";
  const RegistryIdentity kept = read_identity(path);
  RegistryIdentity identity{wanted, kept.key.empty() ? hex(random_bytes(key_bytes)) : kept.key};
  const std::string host = wanted.substr(0, wanted.rfind(':'));
  if (wanted.ends_with(":0") && kept.address.starts_with(host + ":")) identity.address = kept.address;
  if (identity.address.ends_with(":0")) {
    const auto port = free_port(host);
    if (!port) return port.error();
    identity.address = fmt::format("{}:{}", host, *port);
  }
  if (identity.address == kept.address && identity.key == kept.key) return identity;
  const json::object document{{"address", identity.address}, {"key", identity.key}};
  if (auto written = replace_file(path, json::serialize(document) + "\n"); !written) return written.error();
  return identity;
}

}  // namespace berth
