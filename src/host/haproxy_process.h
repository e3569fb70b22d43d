// The HAProxy process: started in a session of its own, so that neither Ctrl-C nor the death of the daemon
// reaches it, found again by its files after a restart of the daemon, replaced without closing its listening
// sockets. What it is configured to do is not known here.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/fd.h"
#include "host/process.h"

namespace berth::host::haproxy {

// The files of one HAProxy, all in one folder of its own.
struct ProcessPaths {
  explicit ProcessPaths(const std::string& folder_path)
      : folder(folder_path),
        config(folder + "/haproxy.cfg"),
        next_config(folder + "/haproxy.cfg.next"),
        state(folder + "/servers.state"),
        pid(folder + "/haproxy.pid"),
        log(folder + "/log.fifo") {}

  // Each process has a socket of its own, the newer the higher: two of them serve for a moment when one takes
  // over.
  std::string socket(int number) const { return folder + "/admin-" + std::to_string(number) + ".sock"; }

  std::string folder, config, next_config, state, pid, log;
};

class Process {
 public:
  Process(std::string program, ProcessPaths paths) : program_(std::move(program)), paths_(std::move(paths)) {}

  // "HAProxy 2.6.12"; an error when there is no such program.
  Result<std::string> version() const;
  // Makes the folder and the log's pipe; the descriptor reads the log, and keeps it when no HAProxy does.
  Result<Fd> open_log() const;
  // HAProxy's own check of `next_config`; the error has its first alert.
  Result<> check() const;
  // Starts with `next_config`, which then is `config`. The process behind `running_socket`, if any, shares
  // its listening sockets, and goes on accepting as well until it is told to stop.
  Result<pid_t> start(int log_fd, const std::string& running_socket) const;
  // The sockets there are, the newest first, and one newer than all of them.
  std::vector<std::string> sockets() const;
  std::string fresh_socket() const;
  // Every HAProxy of this folder that is alive, older ones included that still finish requests.
  std::vector<pid_t> alive() const;
  // Ends all of them and removes the folder.
  void end_all() const;

 private:
  // What it says until it has started or given up; its exit status is 0 when it has started.
  Result<ProcessResult> run_until_started(const std::vector<std::string>& arguments, int log_fd) const;
  std::map<int, std::string> numbered_sockets() const;

  std::string program_;
  ProcessPaths paths_;
};

// The first ALERT of HAProxy's output, without its decoration.
std::string first_alert(const std::string& output);

}  // namespace berth::host::haproxy
