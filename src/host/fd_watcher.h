// FdWatcher: one thread that waits for file descriptors (process ends, file changes) and reports to the loop.
// It reads nothing of its own accord, except where a watch says so.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "host/fd.h"
#include "loop/loop.h"

namespace berth::host {

class FdWatcher {
 public:
  using WatchId = std::uint64_t;

  explicit FdWatcher(Loop& loop);
  ~FdWatcher();
  FdWatcher(const FdWatcher&) = delete;
  FdWatcher& operator=(const FdWatcher&) = delete;

  // When `fd` becomes readable, `in_thread` runs at once on the watcher's thread (briefly: it holds a
  // lock that watch() and unwatch() need), then what it returned runs
  // on the loop's. With `once` the watch ends there.
  WatchId watch(int fd, bool once, std::function<Callback()> in_thread);
  // What was already posted to the loop may still run.
  void unwatch(WatchId watch);

 private:
  struct Watch {
    int fd = -1;
    bool once = false;
    std::function<Callback()> in_thread;
  };

  void run();
  void handle(WatchId id);

  Loop& loop_;
  Fd epoll_;
  Fd stop_;  // an eventfd
  std::mutex mutex_;
  std::map<WatchId, Watch> watches_;
  WatchId last_id_ = 0;
  std::thread thread_;
};

}  // namespace berth::host
