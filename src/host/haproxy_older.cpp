#include "host/haproxy_older.h"

#include <signal.h>
#include <unistd.h>

#include "host/haproxy_process.h"
#include "host/pidfd.h"

namespace berth::host::haproxy {
namespace {

// Not by SIGUSR1, as a reload does it: HAProxy then closes its servers' network namespaces at once, and what
// it has accepted but not passed on, and whatever comes later on a client's kept connection, ends in 502.
bool stop_accepting(pid_t pid, const Runtime& runtime) {
  const auto rows = runtime.statistics(pid);
  if (!rows) return false;
  std::vector<std::string> commands;
  for (const auto& [name, row] : *rows) {
    if (row.server == "FRONTEND") commands.push_back("shutdown frontend " + row.proxy);
  }
  return runtime.tell(commands).has_value();
}

bool has_clients(const Runtime& runtime) {
  const auto info = runtime.ask("show info");
  return !info || info_value(*info, "CurrConns") != "0";
}

}  // namespace

void Older::add(pid_t pid, std::optional<Runtime> runtime, std::chrono::milliseconds limit) {
  if (!runtime || !stop_accepting(pid, *runtime)) {
    ::kill(pid, SIGUSR1);
    runtime.reset();
  }
  processes_.push_back({pid, std::move(runtime), Clock::now() + limit});
}

std::vector<pid_t> Older::look() {
  std::vector<pid_t> gone;
  std::erase_if(processes_, [&](const Process& process) {
    if (!is_running(process.pid)) {
      if (process.runtime) ::unlink(process.runtime->socket_path().c_str());
      gone.push_back(process.pid);
      return true;
    }
    const bool is_done = process.runtime && !has_clients(*process.runtime);
    if (is_done || Clock::now() >= process.end_at) ::kill(process.pid, SIGTERM);
    return false;
  });
  return gone;
}

}  // namespace berth::host::haproxy
