#include "host/netns.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>

#include "base/text.h"
#include "host/fd.h"
#include "host/process.h"

namespace berth::host {
namespace {

constexpr int listen_backlog = 128;

Error system_error(const std::string& what) {
  return {"SystemError", what + ": " + std::strerror(errno)};
}

Result<> without_output(Result<std::string> result) {
  return result ? Result<>() : Result<>(result.error());
}

}  // namespace

std::string netns_path(std::string_view name) {
  return "/run/netns/" + std::string(name);
}

bool netns_exists(std::string_view name) {
  return std::filesystem::exists(netns_path(name));
}

std::vector<std::string> netns_names(std::string_view prefix) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(netns_path(""), error)) {
    std::string name = entry.path().filename();
    if (name.starts_with(prefix)) names.push_back(std::move(name));
  }
  return names;
}

// `ip netns add` takes 4 ms, this a tenth of it; a task's start waits for it. The first namespace of a boot
// is left to `ip`, which also makes /run/netns what others expect of it.
Result<> make_netns(const std::string& name) {
  if (netns_exists(name)) {
    if (in_netns(name, [] { return Result<>(); })) return {};
    static_cast<void>(!remove_netns(name));  // a name that nothing is mounted on
  }
  if (!std::filesystem::exists(netns_path("")))
    return without_output(run_checked({"ip", "netns", "add", name}));
  const std::string path = netns_path(name);
  const Fd file(open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444));
  if (!file) return system_error(path);
  Result<> result;
  std::thread([&] {
    const bool made = unshare(CLONE_NEWNET) == 0 &&
                      mount("/proc/thread-self/ns/net", path.c_str(), "none", MS_BIND, nullptr) == 0;
    if (!made) result = system_error("network namespace " + name);
  }).join();
  if (!result) unlink(path.c_str());
  return result;
}

Result<> remove_netns(const std::string& name) {
  const std::string path = netns_path(name);
  while (umount2(path.c_str(), MNT_DETACH) == 0) {
  }
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return system_error(path);
  return {};
}

Result<> in_netns(const std::string& name, const std::function<Result<>()>& work) {
  const Fd space(open(netns_path(name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!space) return system_error("network namespace " + name);
  Result<> result;
  std::thread([&] {
    result = setns(space.get(), CLONE_NEWNET) == 0 ? work() : system_error("network namespace " + name);
  }).join();
  return result;
}

namespace {

// A socket of the namespace, bound to an address of it.
Result<Fd> bound_in_netns(const std::string& name, int type, const std::string& address, int port) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(static_cast<std::uint16_t>(port));
  if (inet_pton(AF_INET, address.c_str(), &where.sin_addr) != 1) {
    return Error{"SystemError", address + " is not an IPv4 address"};
  }
  Fd made;
  const auto opened = in_netns(name, [&]() -> Result<> {
    made.reset(socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int on = 1;
    setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (!made || bind(made.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0 ||
        (type == SOCK_STREAM && listen(made.get(), listen_backlog) != 0)) {
      return system_error(address + ":" + std::to_string(port) + " in " + name);
    }
    return {};
  });
  if (!opened) return opened.error();
  return made;
}

}  // namespace

Result<int> listen_in_netns(const std::string& name, const std::string& address, int port) {
  auto listener = bound_in_netns(name, SOCK_STREAM, address, port);
  if (!listener) return listener.error();
  return listener->release();
}

Result<int> bind_in_netns(const std::string& name, const std::string& address, int port) {
  auto bound = bound_in_netns(name, SOCK_DGRAM, address, port);
  if (!bound) return bound.error();
  return bound->release();
}

Result<> set_netns_settings(const std::string& name, const std::map<std::string, std::string>& settings) {
  return in_netns(name, [&]() -> Result<> {
    for (const auto& [setting, value] : settings) {
      const std::string path = "/proc/sys/net/" + setting;
      const Fd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
      if (!file && errno == ENOENT) continue;  // a kernel without IPv6
      if (!file || write(file.get(), value.data(), value.size()) < 0) return system_error(path);
    }
    return {};
  });
}

Result<> ip_batch(const std::string& name, const std::vector<std::string>& commands) {
  return without_output(
      run_checked({"ip", "-n", name, "-batch", "-"}, {.input = join(commands, "\n") + "\n"}));
}

Result<json::array> ip_interfaces(const std::string& name) {
  const auto output = run_checked({"ip", "-n", name, "-j", "addr", "show"});
  if (!output) return output.error();
  json::value document;
  JsonError error;
  if (!parse_json(*output, document, error) || !document.is_array()) {
    return Error{"SystemError", "ip -j addr show: " + error.message};
  }
  return std::move(document.as_array());
}

}  // namespace berth::host
