#include "host/socket_owners.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/read_file.h"
#include "base/text.h"
#include "host/fd.h"

namespace berth::host {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view listen_state = "0A";
constexpr std::string_view any_v6 = "00000000000000000000000000000000";
constexpr std::string_view mapped_v6 = "0000000000000000FFFF0000";  // ::ffff:0:0/96 as the kernel prints it

template <class Number>
std::optional<Number> parse(std::string_view digits, int base) {
  Number value{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

// The kernel prints an address as the number that its bytes are in memory: the first byte is the last pair.
std::optional<std::string> address_of(std::string_view hex) {
  if (hex == any_v6) return "0.0.0.0";
  if (hex.starts_with(mapped_v6)) hex.remove_prefix(mapped_v6.size());
  const auto number = hex.size() == 8 ? parse<std::uint32_t>(hex, 16) : std::nullopt;
  if (!number) return std::nullopt;
  return fmt::format("{}.{}.{}.{}", *number & 255, *number >> 8 & 255, *number >> 16 & 255, *number >> 24);
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (auto& word : split(line, ' ')) {
    if (!word.empty()) words.push_back(std::move(word));
  }
  return words;
}

bool has_socket(const fs::path& process, const std::string& link) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(process / "fd", error)) {
    if (fs::read_symlink(entry.path(), error) == link) return true;
  }
  return false;
}

SocketOwner process_with(std::uint64_t inode) {
  const std::string link = fmt::format("socket:[{}]", inode);
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const auto pid = parse_integer(entry.path().filename().string());
    if (!pid || !has_socket(entry.path(), link)) continue;
    return {static_cast<pid_t>(*pid), std::string(trim(read_file(entry.path() / "comm"))),
            split(read_file(entry.path() / "cmdline"), '\0')};
  }
  return {};
}

}  // namespace

std::vector<ListeningSocket> listening_sockets(std::string_view proc_net_tcp) {
  std::vector<ListeningSocket> sockets;
  for (const auto& line : split(proc_net_tcp, '\n')) {
    // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode ...
    const auto words = words_of(line);
    if (words.size() < 10 || words[3] != listen_state) continue;
    const auto colon = words[1].rfind(':');
    if (colon == std::string::npos) continue;
    const auto address = address_of(std::string_view(words[1]).substr(0, colon));
    const auto port = parse<int>(std::string_view(words[1]).substr(colon + 1), 16);
    const auto inode = parse<std::uint64_t>(words[9], 10);
    if (address && port && inode) sockets.push_back({*address, *port, *inode});
  }
  return sockets;
}

std::string SocketOwner::text() const {
  return pid == 0 ? "a process that cannot be looked at" : fmt::format("{} (process {})", program, pid);
}

std::optional<SocketOwner> owner_of(const std::string& address, int port) {
  for (const char* file : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    for (const auto& socket : listening_sockets(read_file(file))) {
      if (socket.port == port && (socket.address == address || socket.address == "0.0.0.0")) {
        return process_with(socket.inode);
      }
    }
  }
  return std::nullopt;
}

std::string listen_problem(const std::string& address, int port) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::inet_pton(AF_INET, address.c_str(), &name.sin_addr) != 1) return "not an address";
  const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0 &&
      ::listen(socket.get(), 1) == 0) {
    return "";
  }
  const std::string problem = std::strerror(errno);
  const auto owner = owner_of(address, port);
  return owner ? fmt::format("{}: {} listens there", problem, owner->text()) : problem;
}

}  // namespace berth::host
