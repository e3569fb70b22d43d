// Process handles: unlike a number, a pidfd never comes to mean another process. (glibc 2.36 declares these
// calls without C linkage, so they are made here.)
#pragma once

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/fd.h"

namespace berth::host {

inline Fd open_process(pid_t pid) {
  return Fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

inline bool signal_process(const Fd& process, int signal) {
  return syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0) == 0;
}

// Not for a zombie, whose number is still there.
inline bool is_running(pid_t pid) {
  const Fd process = open_process(pid);
  pollfd ended{process.get(), POLLIN, 0};
  return process && poll(&ended, 1, 0) == 0;
}

}  // namespace berth::host
