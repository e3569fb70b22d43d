// TaskLifecycle: takes every task's row through ECS's states and makes the world follow: address, containers,
// targets, draining, the stop and the removal. It decides neither how many tasks there are nor which go; the
// service scheduler and the API do.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reconcile/agenda.h"
#include "reconcile/output_sink.h"
#include "services/context.h"
#include "services/ecs/rows.h"
#include "world/runtime.h"

namespace berth::reconcile {

class TaskLifecycle final : public world::RuntimeListener {
 public:
  TaskLifecycle(Store& store, Loop& loop, const Settings& settings)
      : store_(store), loop_(loop), settings_(settings) {}
  ~TaskLifecycle() override;

  // First finds out what an earlier process left running. `runtime` and `output` outlive this.
  void start(world::Runtime& runtime, OutputSink& output);

  // The runtime's events may come again, and in any state of the task.
  void on_task_event(const world::TaskEvent& event) override;
  void on_output(const std::string& task_id, const std::string& container, std::vector<world::LogLine> lines,
                 std::int64_t dropped) override;

  // AWS: stopped tasks stay describable for at least an hour.
  static constexpr Duration stopped_tasks_kept = Duration::minutes(60);

 private:
  void notice(const Changes& changes);
  void take_stock();
  void retry_later();
  void adopt(const std::vector<world::TaskState>& tasks, const std::set<std::string>& running);

  void wake();
  void pass();
  void post(Callback callback);
  void change(const std::function<Result<>()>& work);
  void step(const ecs::TaskRow& task);
  void step_toward_running(const ecs::TaskRow& task);
  void step_toward_stopped(const ecs::TaskRow& task);
  void provision(const std::string& task_id);
  void activate(const std::set<std::string>& ids);
  void deactivate(const std::set<std::string>& ids);
  void run(const ecs::TaskRow& task);
  void forget_stopped(const std::set<std::string>& ids);
  void follow(const ecs::TaskRow& task, const std::string& container);

  Store& store_;
  Loop& loop_;
  const Settings& settings_;
  world::Runtime* runtime_ = nullptr;
  OutputSink* output_ = nullptr;
  int watch_ = 0;
  bool stock_taken_ = false;
  bool awake_ = false;
  std::set<std::string> changed_;  // ids of tasks to look at
  Agenda forget_at_;               // STOPPED tasks
  TimerId forget_timer_ = no_timer;
  TimerId retry_timer_ = no_timer;
  RealDuration retry_delay_{};
  std::set<std::string> run_;      // run() was called for these in this process
  std::set<std::string> stopped_;  // likewise stop()
  std::set<std::pair<std::string, std::string>> followed_;
  // What was posted must not run when this is gone; the loop cannot take it back.
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace berth::reconcile
