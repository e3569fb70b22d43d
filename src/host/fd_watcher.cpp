#include "host/fd_watcher.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>

#include "base/check.h"

namespace berth::host {
namespace {

constexpr FdWatcher::WatchId stop_id = 0;

void add_to(int epoll, int fd, FdWatcher::WatchId id, bool once) {
  epoll_event event{};
  event.events = EPOLLIN | (once ? static_cast<std::uint32_t>(EPOLLONESHOT) : 0u);
  event.data.u64 = id;
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

}  // namespace

FdWatcher::FdWatcher(Loop& loop)
    : loop_(loop), epoll_(epoll_create1(EPOLL_CLOEXEC)), stop_(eventfd(0, EFD_CLOEXEC)) {
  BERTH_CHECK(epoll_ && stop_);
  add_to(epoll_.get(), stop_.get(), stop_id, false);
  thread_ = std::thread([this] { run(); });
}

FdWatcher::~FdWatcher() {
  const std::uint64_t one = 1;
  BERTH_CHECK(write(stop_.get(), &one, sizeof one) == sizeof one);
  thread_.join();
}

FdWatcher::WatchId FdWatcher::watch(int fd, bool once, std::function<Callback()> in_thread) {
  const std::lock_guard lock(mutex_);
  const WatchId id = ++last_id_;
  watches_.emplace(id, Watch{fd, once, std::move(in_thread)});
  add_to(epoll_.get(), fd, id, once);
  return id;
}

void FdWatcher::unwatch(WatchId watch) {
  const std::lock_guard lock(mutex_);
  const auto found = watches_.find(watch);
  if (found == watches_.end()) return;
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, found->second.fd, nullptr);
  watches_.erase(found);
}

void FdWatcher::run() {
  std::array<epoll_event, 64> events;
  for (;;) {
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      if (events[static_cast<std::size_t>(i)].data.u64 == stop_id) return;
      handle(events[static_cast<std::size_t>(i)].data.u64);
    }
  }
}

// Under the lock, so that once unwatch() has returned nothing of the watch runs any more on this thread.
void FdWatcher::handle(WatchId id) {
  const std::lock_guard lock(mutex_);
  const auto found = watches_.find(id);
  if (found == watches_.end()) return;
  Callback callback = found->second.in_thread();
  if (found->second.once) {
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, found->second.fd, nullptr);
    watches_.erase(found);
  }
  if (callback) loop_.post(std::move(callback));
}

}  // namespace berth::host
