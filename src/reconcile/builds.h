// Builds: takes each build through AWS's phases, as many at once as berth is set to, the others in the order
// in which they were asked for. A build that an earlier process had begun is over: its container has lost the
// way to its credentials and its log, so it ends as FAULT.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/buildspec.h"
#include "reconcile/table_watch.h"
#include "services/codebuild/rows.h"
#include "world/build_runner.h"

namespace berth::reconcile {

class Builds final : public world::BuildListener {
 public:
  // `at_once_max`: more wait as QUEUED.
  Builds(Store& store, Loop& loop, const Settings& settings, LogEvents& log_events, int at_once_max);
  ~Builds() override;

  void start(world::BuildRunner& runner);
  // Begins nothing any more.
  void stop_making() { making_ = false; }

  void on_build_event(const world::BuildEvent& event) override;
  void on_build_output(const std::string& build_id, const std::vector<world::LogLine>& lines) override;

 private:
  struct Run;
  struct Ending;

  void step();
  void look_at(const codebuild::BuildRow& row);
  void queue(const codebuild::BuildRow& row);
  void end_at_once(const codebuild::BuildRow& row, const Ending& ending);
  void begin(const codebuild::BuildRow& row);

  void download(Run& run);
  void read_source(Run& run, const world::BuildEvent& event);
  Result<control::Buildspec> buildspec_of(const Run& run, const std::string& in_source) const;
  Result<std::map<std::string, std::string>> variables_of(const Run& run) const;
  void enter_phases(Run& run, const std::string& source_folder, std::map<std::string, std::string> variables);
  void next_phase(Run& run);
  void end_commands(Run& run, int exit_status, const std::string& command);
  void note_phase_end(Run& run, const std::string& phase, const Error* error);
  void read_exported(Run& run);
  void upload(Run& run);
  void finalize(Run& run);
  void fail(Run& run, const Error& error, const char* status = "FAILED");
  void end_early(Run& run, const Ending& ending);
  void complete(Run& run);

  const codebuild::BuildRow& row_of(const Run& run) const;
  void edit(const std::string& key, const std::function<void(codebuild::BuildRow&)>& change);
  void move_on(Run& run, const char* next, std::string_view status = "SUCCEEDED", const Error* why = nullptr);
  void write_log(const codebuild::BuildRow& row, std::vector<std::pair<Time, std::string>> lines);
  Run* find(const std::string& build_id);

  Store& store_;
  Loop& loop_;
  const Settings& settings_;
  LogEvents& log_events_;
  const std::size_t at_once_max_;
  world::BuildRunner* runner_ = nullptr;
  bool making_ = true;
  bool cleaned_ = false;
  std::map<std::string, std::unique_ptr<Run>> runs_;  // by the runner's id
  std::map<std::string, TimerId> queued_;             // by row key: when it has waited too long
  TableWatch watch_;
};

}  // namespace berth::reconcile
