// LogCollector: stores the output of tasks as log events. Events and the position behind them are committed
// in one piece, so that a process that takes over goes on without a gap or a repeat. Lines that cannot be
// stored for good are counted, and a line in the stream says so.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "loop/loop.h"
#include "reconcile/output_sink.h"
#include "services/logs/rows.h"
#include "store/store.h"

namespace berth::reconcile {

class LogCollector final : public OutputSink {
 public:
  LogCollector(Store& store, Loop& loop, LogEvents& log_events, world::Runtime& runtime);
  ~LogCollector() override;
  LogCollector(const LogCollector&) = delete;
  LogCollector& operator=(const LogCollector&) = delete;

  // Forgets the positions of tasks that are gone, now and later.
  void start();

  std::int64_t stored_offset(const ecs::TaskRow& task, const std::string& container) override;
  void on_output(const ecs::TaskRow& task, const std::string& container, std::vector<world::LogLine> lines,
                 std::int64_t dropped) override;

 private:
  void notice(const Changes& changes);
  void forget_gone_tasks();
  void try_again_later(const std::string& task_id, const std::string& container);
  void follow_again(const std::string& task_id, const std::string& container);

  template <class Method>
  Callback guarded(Method method);

  Store& store_;
  Loop& loop_;
  LogEvents& log_events_;
  world::Runtime& runtime_;
  int watch_ = 0;
  bool forgetting_ = false;
  std::set<std::string> gone_tasks_;  // ids
  std::set<std::string> unstorable_;  // offset keys of containers whose lines could not be committed
  std::shared_ptr<LogCollector*> self_ = std::make_shared<LogCollector*>(this);
};

}  // namespace berth::reconcile
