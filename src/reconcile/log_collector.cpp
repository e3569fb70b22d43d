#include "reconcile/log_collector.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/text.h"

namespace berth::reconcile {
namespace {

constexpr RealDuration retry_delay = RealDuration::seconds(5);
constexpr std::string_view replacement_character = "\xef\xbf\xbd";
constexpr std::size_t character_bytes_max = 4;

// Containers may write any bytes; the API's answers are UTF-8.
std::string as_utf8(std::string text) {
  if (is_utf8(text)) return text;
  std::string valid;
  std::string_view left = text;
  while (!left.empty()) {
    std::size_t bytes = 1;
    while (bytes <= std::min(character_bytes_max, left.size()) && !is_utf8(left.substr(0, bytes))) ++bytes;
    const bool character = bytes <= std::min(character_bytes_max, left.size());
    valid += character ? left.substr(0, bytes) : replacement_character;
    left.remove_prefix(character ? bytes : 1);
  }
  return valid;
}

const ecs::ContainerRow* find_container(const ecs::TaskRow& task, const std::string& name) {
  const auto found = std::find_if(task.containers.begin(), task.containers.end(),
                                  [&](const auto& container) { return container.name == name; });
  return found == task.containers.end() ? nullptr : &*found;
}

logs::LogOffsetRow offset_row(const Store& store, const std::string& task_id, const std::string& container) {
  if (const auto* row = store.find<logs::LogOffsetRow>(logs::LogOffsetRow::key_of(task_id, container)))
    return *row;
  logs::LogOffsetRow row;
  row.task_id = task_id;
  row.container = container;
  return row;
}

// What has been stored already comes again when a container is followed twice. Positions only start over
// where the engine's file did, and then lines were lost.
void leave_out_stored(std::vector<world::LogLine>& lines, std::int64_t offset, std::int64_t dropped) {
  if (dropped > 0) return;
  std::erase_if(lines, [&](const world::LogLine& line) { return line.end_offset <= offset; });
}

}  // namespace

LogCollector::LogCollector(Store& store, Loop& loop, LogEvents& log_events, world::Runtime& runtime)
    : store_(store), loop_(loop), log_events_(log_events), runtime_(runtime) {}

LogCollector::~LogCollector() {
  store_.stop_watching(watch_);
}

template <class Method>
Callback LogCollector::guarded(Method method) {
  return [self = std::weak_ptr(self_), method = std::move(method)] {
    if (const auto alive = self.lock()) method(**alive);
  };
}

void LogCollector::start() {
  watch_ = store_.watch([this](const Changes& changes) { notice(changes); });
  for (const auto& [key, row] : store_.all<logs::LogOffsetRow>()) {
    if (!store_.find<ecs::TaskRow>(row.task_id)) gone_tasks_.insert(row.task_id);
  }
  forget_gone_tasks();
}

void LogCollector::notice(const Changes& changes) {
  for (const auto& [id, before] : changes.rows<ecs::TaskRow>()) {
    if (!store_.find<ecs::TaskRow>(id)) gone_tasks_.insert(id);
  }
  if (!changes.touched<ecs::TaskRow>() || gone_tasks_.empty() || forgetting_) return;
  forgetting_ = true;
  loop_.post(guarded([](LogCollector& self) { self.forget_gone_tasks(); }));
}

void LogCollector::forget_gone_tasks() {
  forgetting_ = false;
  std::vector<std::string> gone;
  for (const auto& id : gone_tasks_) {
    for (const auto* entry : store_.rows_of<logs::LogOffsetRow>(id)) gone.push_back(entry->first);
  }
  // When it cannot be written, the next change of a task tries again.
  const auto forgotten = gone.empty() ? Result<>{} : store_.transact([&]() -> Result<> {
    for (const auto& key : gone) store_.erase<logs::LogOffsetRow>(key);
    return {};
  });
  if (forgotten) gone_tasks_.clear();
}

std::int64_t LogCollector::stored_offset(const ecs::TaskRow& task, const std::string& container) {
  return offset_row(store_, task.id, container).offset;
}

void LogCollector::on_output(const ecs::TaskRow& task, const std::string& container,
                             std::vector<world::LogLine> lines, std::int64_t dropped) {
  const auto* row = find_container(task, container);
  if (!row || row->log_group.empty()) return;
  auto progress = offset_row(store_, task.id, container);
  if (unstorable_.contains(progress.key())) return;  // they will come again
  leave_out_stored(lines, progress.offset, dropped);
  if (lines.empty() && dropped == 0) return runtime_.output_stored(task.id, container, progress.offset);

  const bool storable = store_.find<logs::LogGroupRow>(row->log_group) != nullptr;
  progress.dropped += dropped;
  if (!storable) progress.dropped += static_cast<std::int64_t>(lines.size());
  std::vector<logs::NewEvent> events;
  if (storable && progress.dropped > progress.reported) {
    events.push_back({lines.empty() ? loop_.now() : lines.front().time,
                      fmt::format("[berth] {} lines of output were lost before they could be stored",
                                  progress.dropped - progress.reported)});
    progress.reported = progress.dropped;
  }
  if (!lines.empty()) progress.offset = lines.back().end_offset;
  for (auto& line : lines) {
    // An event has at least one character; AWS's log driver leaves out empty lines, too.
    if (storable && !line.text.empty()) events.push_back({line.time, as_utf8(std::move(line.text))});
  }
  const std::string group = row->log_group;
  const std::string stream = row->log_stream;
  const auto stored = store_.transact([&]() -> Result<> {
    if (storable) {
      logs::append_events(store_, log_events_, group, stream, std::move(events), loop_.now());
    }
    store_.put(progress);
    return {};
  });
  if (!stored) return try_again_later(task.id, container);
  runtime_.output_stored(task.id, container, progress.offset);
}

// Until then what comes is ignored: storing it would leave a gap before it.
void LogCollector::try_again_later(const std::string& task_id, const std::string& container) {
  unstorable_.insert(logs::LogOffsetRow::key_of(task_id, container));
  loop_.after_real(retry_delay, guarded([task_id, container](LogCollector& self) {
                     self.follow_again(task_id, container);
                   }));
}

void LogCollector::follow_again(const std::string& task_id, const std::string& container) {
  runtime_.follow_output(task_id, container, offset_row(store_, task_id, container).offset);
  // Lines from before are queued ahead of this, those from the stored position on come behind it.
  loop_.post(guarded([key = logs::LogOffsetRow::key_of(task_id, container)](LogCollector& self) {
    self.unstorable_.erase(key);
  }));
}

}  // namespace berth::reconcile
