// OutputFollower: delivers what containers write, line by line, from the files in which the engine keeps it:
// from a position on, each line exactly once. What has been stored elsewhere is cut out of the files, so that
// they do not grow for ever. It stores nothing itself.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/alive.h"
#include "host/fd_watcher.h"
#include "loop/loop.h"
#include "world/runtime.h"

namespace berth::host {

class OutputFollower {
 public:
  using Deliver = std::function<void(std::vector<world::LogLine> lines, std::int64_t dropped)>;

  OutputFollower(Loop& loop, FdWatcher& watcher);
  ~OutputFollower();

  // `key` names the container. A second call for the same key begins anew at the new offset.
  void follow(const std::string& key, const std::string& path, std::int64_t offset, Deliver deliver);
  void stored(const std::string& key, std::int64_t offset);
  bool follows(const std::string& key) const { return followed_.contains(key); }
  // The container has ended: delivers what is left, waits a little until it is stored, forgets the container.
  void finish(const std::string& key, Callback done);

 private:
  class Reader;
  struct Followed;

  void read_on(const std::string& key);
  void took(const std::string& key, const std::shared_ptr<Reader>& reader);
  void wait_for_more(const std::string& key, Followed& followed);
  void on_file_events(const std::vector<int>& watches);
  void finish_if_stored(const std::string& key);
  void stop_reading(Followed& followed);
  void drop(const std::string& key);

  Loop& loop_;
  FdWatcher& watcher_;
  Fd inotify_;
  FdWatcher::WatchId watch_ = 0;
  std::map<std::string, std::unique_ptr<Followed>> followed_;
  std::map<int, std::string> watched_files_;
  Alive alive_;
};

}  // namespace berth::host
