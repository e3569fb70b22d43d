#include "host/output_follower.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "host/log_parser.h"

namespace berth::host {
namespace {

constexpr std::size_t read_bytes_max = 512u << 10;  // at a time
// A file that is written to is read this often, however many lines come.
constexpr RealDuration read_interval = RealDuration::ms(50);
// How much of what precedes the start is read again, for lines that were begun there.
constexpr std::int64_t look_back_bytes = 1 << 20;
constexpr std::int64_t cut_bytes_min = 1 << 20;  // at a time
// A container that has ended is kept this long for its last lines to be stored.
constexpr RealDuration storing_time = RealDuration::seconds(30);

}  // namespace

// The file and its parser. Used by one piece of offloaded work at a time, and by the loop's thread between
// them.
class OutputFollower::Reader {
 public:
  Reader(std::string path, std::int64_t offset) : path_(std::move(path)), offset_(offset), parser_(0, 0) {}

  struct Taken {
    std::vector<ParsedLine> lines;
    std::int64_t dropped = 0;
    bool more = false;  // there is more to read now
  };

  // In offloaded work. `last`: the output has ended.
  void read_some(bool last) {
    if (!file_ && !open_file()) return;
    struct stat status {};
    if (fstat(file_.get(), &status) != 0) return;
    if (status.st_size < parser_.position()) {  // someone cut or replaced it
      ++taken_.dropped;
      parser_ = LogParser(0, 0);
    }
    std::string bytes(read_bytes_max, '\0');
    const auto got = pread(file_.get(), bytes.data(), bytes.size(), parser_.position());
    bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    parser_.feed(bytes, taken_.lines);
    taken_.more = bytes.size() == read_bytes_max;
    if (last && !taken_.more) parser_.finish(taken_.lines);
  }

  Taken take() { return std::exchange(taken_, {}); }

  // In offloaded work. A hole, so that positions stay what they are.
  void cut(std::int64_t until) {
    if (file_) fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, until);
  }

 private:
  bool open_file() {
    file_.reset(open(path_.c_str(), O_RDWR | O_CLOEXEC));
    if (!file_) return false;
    const std::int64_t back = std::max<std::int64_t>(0, offset_ - look_back_bytes);
    const auto data = lseek(file_.get(), back, SEEK_DATA);  // behind what has been cut out
    const std::int64_t start =
        data < 0 ? offset_ : std::min<std::int64_t>(std::max<std::int64_t>(data, 0), offset_);
    parser_ = LogParser(offset_ == 0 && data > 0 ? data : start, offset_);
    return true;
  }

  std::string path_;
  std::int64_t offset_;
  Fd file_;
  LogParser parser_;
  Taken taken_;
};

struct OutputFollower::Followed {
  std::string path;
  Deliver deliver;
  std::shared_ptr<Reader> reader;
  int file_watch = -1;
  bool reading = false;
  bool reading_last = false;  // the read under way knows that the output has ended
  bool armed = false;         // a change will be reported
  TimerId timer = no_timer;   // the next read
  std::int64_t delivered = 0;
  std::int64_t stored = 0;
  std::int64_t cut = 0;
  bool ending = false;
  bool at_end = false;
  TimerId deadline = no_timer;  // of the end, whether all is stored by then or not
  Callback ended;
};

OutputFollower::OutputFollower(Loop& loop, FdWatcher& watcher)
    : loop_(loop), watcher_(watcher), inotify_(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  BERTH_CHECK(inotify_);
  watch_ = watcher_.watch(inotify_.get(), false, [this, fd = inotify_.get()]() -> Callback {
    alignas(inotify_event) std::array<char, 16 << 10> buffer;
    std::vector<int> watches;
    const auto got = read(fd, buffer.data(), buffer.size());
    for (ssize_t at = 0; at < got;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      if ((event->mask & IN_IGNORED) == 0) watches.push_back(event->wd);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
    if (watches.empty()) return {};
    return alive_.guard([this, watches = std::move(watches)] { on_file_events(watches); });
  });
}

OutputFollower::~OutputFollower() {
  watcher_.unwatch(watch_);
}

void OutputFollower::follow(const std::string& key, const std::string& path, std::int64_t offset,
                            Deliver deliver) {
  auto& entry = followed_[key];
  if (!entry) entry = std::make_unique<Followed>();
  Followed& followed = *entry;
  stop_reading(followed);
  followed.path = path;
  followed.deliver = std::move(deliver);
  followed.reader = std::make_shared<Reader>(path, offset);
  followed.reading = followed.at_end = false;
  followed.delivered = followed.stored = offset;
  followed.cut = 0;
  read_on(key);
}

void OutputFollower::read_on(const std::string& key) {
  const auto found = followed_.find(key);
  if (found == followed_.end() || found->second->reading) return;
  Followed& followed = *found->second;
  loop_.cancel(std::exchange(followed.timer, no_timer));
  followed.reading = true;
  followed.reading_last = followed.ending;
  loop_.offload([reader = followed.reader, last = followed.ending] { reader->read_some(last); },
                alive_.guard([this, key, reader = followed.reader] { took(key, reader); }));
}

void OutputFollower::took(const std::string& key, const std::shared_ptr<Reader>& reader) {
  const auto found = followed_.find(key);
  if (found == followed_.end() || found->second->reader != reader) return;
  Followed& followed = *found->second;
  followed.reading = false;
  auto taken = reader->take();
  if (!taken.lines.empty() || taken.dropped > 0) {
    std::vector<world::LogLine> lines;
    const Time now = loop_.now();
    const std::int64_t real_now_us = loop_.real_now().us;
    for (auto& line : taken.lines) {
      const auto age_us = static_cast<double>(real_now_us - line.time_us) * loop_.time_scale();
      lines.push_back(
          {now - Duration{static_cast<std::int64_t>(age_us)}, std::move(line.text), line.end_offset});
    }
    if (!lines.empty()) followed.delivered = lines.back().end_offset;
    const Deliver deliver = followed.deliver;  // which may call back
    deliver(std::move(lines), taken.dropped);
    if (followed_.find(key) == followed_.end() || followed_[key]->reader != reader) return;
    if (taken.more || followed.ending) return read_on(key);
    followed.timer = loop_.after_real(read_interval, alive_.guard([this, key] { read_on(key); }));
    return;
  }
  if (taken.more || (followed.ending && !followed.reading_last)) return read_on(key);
  if (followed.ending) {
    followed.at_end = true;
    return finish_if_stored(key);
  }
  wait_for_more(key, followed);
}

// A watch for one change; what came between the last read and the watch is found by one more read.
void OutputFollower::wait_for_more(const std::string& key, Followed& followed) {
  if (followed.armed) return;
  followed.file_watch = inotify_add_watch(inotify_.get(), followed.path.c_str(), IN_MODIFY | IN_ONESHOT);
  if (followed.file_watch < 0) {  // not there yet
    followed.timer = loop_.after_real(read_interval, alive_.guard([this, key] { read_on(key); }));
    return;
  }
  followed.armed = true;
  watched_files_[followed.file_watch] = key;
  read_on(key);
}

void OutputFollower::on_file_events(const std::vector<int>& watches) {
  for (const int watch : watches) {
    const auto node = watched_files_.extract(watch);
    if (node.empty()) continue;
    const auto found = followed_.find(node.mapped());
    if (found == followed_.end() || found->second->file_watch != watch) continue;
    found->second->armed = false;
    found->second->file_watch = -1;
    read_on(node.mapped());
  }
}

void OutputFollower::stored(const std::string& key, std::int64_t offset) {
  const auto found = followed_.find(key);
  if (found == followed_.end()) return;
  Followed& followed = *found->second;
  followed.stored = std::max(followed.stored, offset);
  std::int64_t until = offset - look_back_bytes;
  if (until - followed.cut >= cut_bytes_min) {
    followed.cut = until;
    loop_.offload([reader = followed.reader, until] { reader->cut(until); }, [] {});
  }
  finish_if_stored(key);
}

void OutputFollower::finish(const std::string& key, Callback done) {
  const auto found = followed_.find(key);
  if (found == followed_.end()) return done();
  found->second->ending = true;
  found->second->ended = std::move(done);
  found->second->deadline = loop_.after_real(storing_time, alive_.guard([this, key] { drop(key); }));
  read_on(key);
}

void OutputFollower::finish_if_stored(const std::string& key) {
  const auto found = followed_.find(key);
  if (found == followed_.end()) return;
  const Followed& followed = *found->second;
  if (followed.at_end && followed.stored >= followed.delivered) drop(key);
}

void OutputFollower::stop_reading(Followed& followed) {
  loop_.cancel(std::exchange(followed.timer, no_timer));
  if (followed.file_watch >= 0) {
    watched_files_.erase(followed.file_watch);
    inotify_rm_watch(inotify_.get(), followed.file_watch);
  }
  followed.file_watch = -1;
  followed.armed = false;
}

void OutputFollower::drop(const std::string& key) {
  auto node = followed_.extract(key);
  if (node.empty()) return;
  stop_reading(*node.mapped());
  loop_.cancel(node.mapped()->deadline);
  if (node.mapped()->ended) node.mapped()->ended();
}

}  // namespace berth::host
