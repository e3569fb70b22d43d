// For tests only: the scheduler and the task lifecycle over a fake runtime, in virtual time, with target
// health and draining played by hand. The daemon may be killed and started again at any moment; runtime and
// store stay.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "reconcile/service_scheduler.h"
#include "reconcile/task_lifecycle.h"
#include "services/ec2/networking.h"
#include "services/ecs/ecs_fixture.h"
#include "services/elbv2/targets.h"
#include "sim/fake_runtime.h"

namespace berth::reconcile {

class RecordingSink final : public OutputSink {
 public:
  std::int64_t stored_offset(const ecs::TaskRow&, const std::string&) override { return offset; }
  void on_output(const ecs::TaskRow& task, const std::string& container, std::vector<world::LogLine> lines,
                 std::int64_t) override {
    for (const auto& line : lines) text += task.service + "/" + container + ": " + line.text + "\n";
  }
  std::int64_t offset = 0;
  std::string text;
};

class EcsDaemon : public ecs::EcsFixture {
 protected:
  EcsDaemon() {
    ok(ecs::register_task_definition, learner_definition());
    start_daemon();
  }
  ~EcsDaemon() override { kill_daemon(); }

  void start_daemon() {
    lifecycle_ = std::make_unique<TaskLifecycle>(store_, loop_, settings_);
    scheduler_ = std::make_unique<ServiceScheduler>(store_, loop_, settings_);
    runtime_.set_listener(lifecycle_.get());
    lifecycle_->start(runtime_, sink_);
    scheduler_->start();
  }
  void kill_daemon() {
    runtime_.set_listener(nullptr);
    scheduler_.reset();
    lifecycle_.reset();
  }
  void restart_daemon() {
    kill_daemon();
    start_daemon();
  }

  // In steps, between which targets become healthy or unhealthy and drained ones go.
  void run_for(double seconds) {
    const Time end = loop_.now() + Duration::seconds(seconds);
    while (loop_.now() < end) {
      loop_.run_for(Duration::ms(500));
      play_load_balancer();
    }
  }
  // Until the service is steady; fails after ten minutes.
  void settle() {
    run_for(0.5);
    for (int i = 0; i < 1200 && !is_steady(); ++i) run_for(0.5);
    EXPECT_TRUE(is_steady());
  }
  bool is_steady() {
    const auto* row = service_row();
    return row && !row->deployments.empty() && row->deployments.front().reached_steady_state &&
           row->deployments.front().rollout_state == "COMPLETED";
  }

  const ecs::ServiceRow* service_row() { return store_.find<ecs::ServiceRow>("learner-cluster/learner"); }
  std::vector<const ecs::TaskRow*> tasks(const std::string& last_status) {
    std::vector<const ecs::TaskRow*> found;
    for (const auto& [id, task] : store_.all<ecs::TaskRow>()) {
      if (task.last_status == last_status) found.push_back(&task);
    }
    return found;
  }
  int running() { return static_cast<int>(tasks("RUNNING").size()); }
  std::string running_task() { return tasks("RUNNING").empty() ? "" : tasks("RUNNING").front()->id; }

  // How many events have this text in them.
  int said(const std::string& part) {
    int count = 0;
    for (const auto& event : service_row()->events) count += event.message->find(part) != std::string::npos;
    return count;
  }

  void scale_to(int desired_count) {
    ok(ecs::update_service,
       ecs::UpdateServiceRequest{
           .service = "learner", .cluster = "learner-cluster", .desired_count = desired_count});
  }
  // A new revision with this image, rolled out.
  void deploy(const std::string& image) {
    auto definition = learner_definition();
    definition.container_definitions->front().image = image;
    ok(ecs::register_task_definition, definition);
    ok(ecs::update_service,
       ecs::UpdateServiceRequest{
           .service = "learner", .cluster = "learner-cluster", .task_definition = "learner-svc-task"});
  }

  std::size_t addresses_of_tasks() {
    std::size_t count = 0;
    for (const auto& [key, claim] : store_.all<ec2::AddressClaimRow>())
      count += claim.subnet_id != ec2::public_pool && !claim.owner.starts_with("arn:");
    return count;
  }

  // What must hold whenever nothing is under way.
  void expect_nothing_lost_or_doubled(int desired_count) {
    EXPECT_EQ(running(), desired_count);
    std::set<std::string> wanted, addresses;
    int registered = 0;
    for (const auto* task : tasks("RUNNING")) {
      wanted.insert(task->id);
      EXPECT_EQ(runtime_.runs_of(task->id), 1);
      EXPECT_TRUE(addresses.insert(task->address).second);
      for (const auto& [group, port] : task->targets) {
        registered += elbv2::find_target(store_, group, task->address, port) != nullptr;
      }
    }
    EXPECT_EQ(runtime_.task_ids(), wanted);
    EXPECT_EQ(addresses_of_tasks(), wanted.size());
    EXPECT_EQ(store_.all<elbv2::TargetRow>().size(), static_cast<std::size_t>(registered));
    EXPECT_EQ(registered, desired_count);
    const auto service = describe();
    EXPECT_EQ(*service.running_count, desired_count);
    EXPECT_EQ(*service.pending_count, 0);
    EXPECT_EQ(service.deployments->size(), 1u);
  }

  std::set<std::string> unhealthy_addresses_;
  sim::FakeRuntime runtime_{loop_};
  RecordingSink sink_;
  std::unique_ptr<TaskLifecycle> lifecycle_;
  std::unique_ptr<ServiceScheduler> scheduler_;

 private:
  void play_load_balancer() {
    std::vector<elbv2::TargetRow> rows;
    for (const auto& [key, row] : store_.all<elbv2::TargetRow>()) rows.push_back(row);
    for (auto& row : rows) {
      const auto changed = store_.transact([&]() -> Result<> {
        play_target(row);
        return {};
      });
      EXPECT_TRUE(changed);
    }
  }
  void play_target(elbv2::TargetRow& row) {
    const bool bad = unhealthy_addresses_.contains(row.address);
    if (row.state == "draining") {
      if (loop_.now() >= *row.drain_until) store_.erase<elbv2::TargetRow>(row.key());
    } else if (bad && row.state != "unhealthy") {
      row.state = "unhealthy";
      row.description = "Health checks failed with these codes: [503]";
      store_.put(row);
    } else if (!bad && row.state == "initial" && loop_.now() >= row.registered_at + Duration::seconds(5)) {
      row.state = "healthy";
      store_.put(row);
    }
  }
};

}  // namespace berth::reconcile
