#include "reconcile/builds.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/log.h"
#include "reconcile/build_environment.h"
#include "services/iam/rows.h"
#include "services/lists.h"
#include "services/logs/rows.h"

namespace berth::reconcile {
namespace {

// Those in which the buildspec's commands run, in their order.
constexpr std::array command_phases{"INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"};
constexpr const char* default_buildspec = "buildspec.yml";

std::string container_line(Time time, std::string_view text) {
  return fmt::format("[Container] {} {}", format_utc(time, "%Y/%m/%d %H:%M:%S"), text);
}

std::string buildspec_file(const codebuild::BuildRow& row) {
  const std::string text = row.build.source ? row.build.source->buildspec.value_or("") : "";
  if (control::is_inline_buildspec(text)) return {};
  return text.empty() ? default_buildspec : text;
}

bool caches(const codebuild::BuildRow& row, std::string_view mode) {
  if (!row.build.cache || row.build.cache->type != "LOCAL") return false;
  const auto& modes = services::list_of(row.build.cache->modes);
  return std::find(modes.begin(), modes.end(), mode) != modes.end();
}

world::BuildPlace place_of(const codebuild::BuildRow& row) {
  world::BuildPlace place;
  place.id = row.uuid();
  const auto& environment = row.build.environment;
  if (environment) {
    const auto size = codebuild::compute_size(environment->compute_type.value_or(""));
    place.image = environment->image.value_or("");
    place.privileged = environment->privileged_mode.value_or(false);
    place.cpu_vcpu = size ? size->vcpu : 0;
    place.memory_mib = size ? size->memory_mib : 0;
  }
  if (row.build.cache && row.build.cache->type == "LOCAL") place.cache = row.cache_id;
  place.caches_engine = caches(row, "LOCAL_DOCKER_LAYER_CACHE");
  place.caches_source = caches(row, "LOCAL_SOURCE_CACHE");
  return place;
}

world::BuildSource source_of(const codebuild::BuildRow& row) {
  world::BuildSource source;
  if (!row.build.source) return source;
  source.type = row.build.source->type.value_or("NO_SOURCE");
  source.location = row.build.source->location.value_or("");
  source.version = row.build.source_version.value_or("");
  source.git_clone_depth = static_cast<int>(row.build.source->git_clone_depth.value_or(0));
  const auto& submodules = row.build.source->git_submodules_config;
  source.git_submodules = submodules && submodules->fetch_submodules.value_or(false);
  source.buildspec = buildspec_file(row);
  return source;
}

bool is_before_provisioning(const codebuild::BuildRow& row) {
  return row.build.current_phase == "SUBMITTED" || row.build.current_phase == "QUEUED";
}

std::vector<codebuild::PhaseContext> contexts_of(const Error* why) {
  codebuild::PhaseContext context;
  context.status_code = why ? why->code : "";
  context.message = why ? why->message : "";
  return {context};
}

}  // namespace

// How a build ends that does not end by itself.
struct Builds::Ending {
  const char* status;
  Error why;
};

// One that has left the queue.
struct Builds::Run {
  std::string key;  // of its row
  std::string id;   // for the runner
  control::Buildspec spec{};
  std::size_t phase = 0;  // in command_phases
  bool succeeding = true;
  const char* status = "SUCCEEDED";
  bool ending = false;  // remove() was called
  TimerId timeout = no_timer;
};

Builds::Builds(Store& store, Loop& loop, const Settings& settings, LogEvents& log_events, int at_once_max)
    : store_(store),
      loop_(loop),
      settings_(settings),
      log_events_(log_events),
      at_once_max_(static_cast<std::size_t>(at_once_max)),
      watch_(store, loop, any_of<codebuild::BuildRow, codebuild::ProjectRow>, [this] { step(); }) {}

Builds::~Builds() {
  for (const auto& [id, run] : runs_) loop_.cancel(run->timeout);
  for (const auto& [key, timer] : queued_) loop_.cancel(timer);
}

void Builds::start(world::BuildRunner& runner) {
  runner_ = &runner;
  runner.clean(watch_.guard([this] {
    cleaned_ = true;
    watch_.start();
  }));
}

void Builds::step() {
  if (!cleaned_) return;
  std::vector<const codebuild::BuildRow*> rows;
  for (const auto& [key, row] : store_.all<codebuild::BuildRow>()) {
    if (!row.is_complete()) rows.push_back(&row);
  }
  std::sort(rows.begin(), rows.end(), [](auto* a, auto* b) { return a->sequence < b->sequence; });
  std::vector<std::string> keys;
  for (const auto* row : rows) keys.push_back(row->id);
  for (const auto& key : keys) {
    const auto* row = store_.find<codebuild::BuildRow>(key);
    if (row && !row->is_complete()) look_at(*row);
  }
  std::set<std::string> caches;
  for (const auto& [name, project] : store_.all<codebuild::ProjectRow>()) caches.insert(project.cache_id);
  runner_->keep_caches(caches);
}

void Builds::look_at(const codebuild::BuildRow& row) {
  Run* run = find(row.uuid());
  if (run && row.stop_requested && !run->ending) return end_early(*run, {"STOPPED", {}});
  if (run) return;
  if (!is_before_provisioning(row)) {
    return end_at_once(row, {"FAULT", {"INTERNAL_SERVICE_ERROR", "berth was stopped while the build ran"}});
  }
  if (row.stop_requested) return end_at_once(row, {"STOPPED", {}});
  if (row.build.current_phase == "SUBMITTED") queue(row);
  if (making_ && runs_.size() < at_once_max_) begin(row);
}

void Builds::queue(const codebuild::BuildRow& row) {
  const std::string key = row.id;
  edit(key, [&](codebuild::BuildRow& edited) {
    codebuild::end_phase(edited.build, "SUCCEEDED", loop_.now());
    codebuild::begin_phase(edited.build, "QUEUED", loop_.now());
  });
  const auto patience =
      RealDuration::minutes(static_cast<double>(row.build.queued_timeout_in_minutes.value_or(480)));
  queued_[key] = loop_.after_real(patience, [this, key] {
    queued_.erase(key);
    const auto* waiting = store_.find<codebuild::BuildRow>(key);
    if (!waiting || !is_before_provisioning(*waiting) || waiting->is_complete()) return;
    end_at_once(*waiting, {"TIMED_OUT", {"BUILD_TIMED_OUT", "Build has timed out in the queue."}});
  });
}

void Builds::end_at_once(const codebuild::BuildRow& row, const Ending& ending) {
  edit(row.id, [&](codebuild::BuildRow& edited) {
    codebuild::end_phase(edited.build, ending.status, loop_.now(), contexts_of(&ending.why));
    codebuild::begin_phase(edited.build, "COMPLETED", loop_.now());
    edited.build.build_status = ending.status;
    edited.build.build_complete = true;
    edited.build.end_time = loop_.now();
  });
}

void Builds::begin(const codebuild::BuildRow& row) {
  if (const auto waiting = queued_.extract(row.id)) loop_.cancel(waiting.mapped());
  auto& run = *(runs_[row.uuid()] = std::make_unique<Run>(Run{row.id, row.uuid()}));
  const auto limit = RealDuration::minutes(static_cast<double>(row.build.timeout_in_minutes.value_or(60)));
  run.timeout = loop_.after_real(limit, [this, id = run.id] {
    Run* late = find(id);
    if (late && !late->ending) {
      end_early(*late, {"TIMED_OUT", {"BUILD_TIMED_OUT", "Build has timed out. "}});
    }
  });
  write_log(row, {{loop_.now(), container_line(loop_.now(), "Waiting for agent ping")}});
  move_on(run, "PROVISIONING");
  if (!iam::find_role(store_, row_of(run).build.service_role.value_or(""))) {
    return fail(run, {"ACCESS_DENIED", "CodeBuild is not authorized to perform: sts:AssumeRole on " +
                                           row_of(run).build.service_role.value_or("")});
  }
  runner_->provision(place_of(row_of(run)));
}

void Builds::on_build_event(const world::BuildEvent& event) {
  Run* run = find(event.build_id);
  if (!run) return;
  using Kind = world::BuildEventKind;
  if (event.kind == Kind::gone) return complete(*run);
  if (run->ending) return;
  switch (event.kind) {
    case Kind::provisioned:
      return download(*run);
    case Kind::source_ready:
      return read_source(*run, event);
    case Kind::phase_ended:
      return end_commands(*run, event.exit_status, event.command);
    case Kind::uploaded:
      note_phase_end(*run, "UPLOAD_ARTIFACTS", nullptr);
      return finalize(*run);
    case Kind::failed:
      return fail(*run, event.error);
    case Kind::broken:
      return fail(*run, event.error, "FAULT");
    case Kind::gone:
      return;
  }
}

void Builds::download(Run& run) {
  runner_->say(run.id, "Waiting for DOWNLOAD_SOURCE");
  move_on(run, "DOWNLOAD_SOURCE");
  runner_->download(run.id, source_of(row_of(run)));
}

void Builds::read_source(Run& run, const world::BuildEvent& event) {
  edit(run.key, [&](codebuild::BuildRow& row) {
    if (!event.resolved_version.empty()) row.build.resolved_source_version = event.resolved_version;
  });
  runner_->say(run.id, "Phase is DOWNLOAD_SOURCE");
  runner_->say(run.id, "CODEBUILD_SRC_DIR=" + event.source_folder);
  const std::string file = buildspec_file(row_of(run));
  runner_->say(run.id, "YAML location is " + (file.empty() ? "/codebuild/readonly/buildspec.yml"
                                                           : event.source_folder + "/" + file));
  auto spec = buildspec_of(run, event.buildspec);
  if (!spec) return fail(run, spec.error());
  run.spec = std::move(*spec);
  runner_->say(run.id, "Processing environment variables");
  auto variables = variables_of(run);
  if (!variables) return fail(run, variables.error());
  enter_phases(run, event.source_folder, std::move(*variables));
}

Result<control::Buildspec> Builds::buildspec_of(const Run& run, const std::string& in_source) const {
  const auto& row = row_of(run);
  const bool in_file = !buildspec_file(row).empty();
  return control::parse_buildspec(in_file ? in_source : row.build.source->buildspec.value_or(""));
}

Result<std::map<std::string, std::string>> Builds::variables_of(const Run& run) const {
  return build_variables(store_, row_of(run), run.spec);
}

void Builds::enter_phases(Run& run, const std::string& source_folder,
                          std::map<std::string, std::string> variables) {
  variables.merge(codebuild_variables(settings_, row_of(run), source_folder));
  runner_->say(run.id, "Moving to directory " + source_folder);
  if (caches(row_of(run), "LOCAL_CUSTOM_CACHE") && !run.spec.cached_paths.empty()) {
    runner_->use_cache(run.id, run.spec.cached_paths);
  }
  note_phase_end(run, "DOWNLOAD_SOURCE", nullptr);
  move_on(run, command_phases[0]);
  runner_->say(run.id, fmt::format("Entering phase {}", command_phases[0]));
  const auto* phase = run.spec.phase(command_phases[0]);
  world::BuildCommands commands{command_phases[0], std::move(variables), {}, {}};
  if (phase) commands.commands = phase->commands, commands.at_end = phase->at_end;
  runner_->run(run.id, commands);
}

void Builds::next_phase(Run& run) {
  if (++run.phase == command_phases.size()) return read_exported(run);
  const char* name = command_phases[run.phase];
  move_on(run, name);
  runner_->say(run.id, fmt::format("Entering phase {}", name));
  const auto* phase = run.spec.phase(name);
  world::BuildCommands commands{name, {{"CODEBUILD_BUILD_SUCCEEDING", run.succeeding ? "1" : "0"}}, {}, {}};
  if (phase) commands.commands = phase->commands, commands.at_end = phase->at_end;
  runner_->run(run.id, commands);
}

void Builds::end_commands(Run& run, int exit_status, const std::string& command) {
  const std::string name = command_phases[run.phase];
  if (exit_status == 0) {
    note_phase_end(run, name, nullptr);
    return next_phase(run);
  }
  const Error why{
      "COMMAND_EXECUTION_ERROR",
      fmt::format("Error while executing command: {}. Reason: exit status {}", command, exit_status)};
  note_phase_end(run, name, &why);
  const auto* phase = run.spec.phase(name);
  if (phase && phase->continues_on_failure) return next_phase(run);
  run.succeeding = false;
  run.status = "FAILED";
  // AWS: post_build follows a build that has failed; what prepares it has to succeed.
  const bool goes_on = name == "BUILD" ? !(phase && phase->aborts_on_failure) : name == "POST_BUILD";
  if (goes_on) return next_phase(run);
  finalize(run);
}

// The phase's line in the log, and its end in the row.
void Builds::note_phase_end(Run& run, const std::string& phase, const Error* error) {
  runner_->say(run.id, fmt::format("Phase complete: {} State: {}", phase, error ? "FAILED" : "SUCCEEDED"));
  runner_->say(run.id, fmt::format("Phase context status code: {} Message: {}", error ? error->code : "",
                                   error ? error->message : ""));
  edit(run.key, [&](codebuild::BuildRow& row) {
    codebuild::end_phase(row.build, error ? "FAILED" : "SUCCEEDED", loop_.now(), contexts_of(error));
  });
}

void Builds::read_exported(Run& run) {
  const auto& names = run.spec.exported_variables;
  if (names.empty()) return upload(run);
  runner_->read_variables(
      run.id, names,
      watch_.guard([this, id = run.id, names](const std::map<std::string, std::string>& values) {
        Run* exporting = find(id);
        if (!exporting || exporting->ending) return;
        edit(exporting->key, [&](codebuild::BuildRow& row) {
          auto& shown = row.build.exported_environment_variables.emplace();
          for (const auto& name : names) {
            const auto value = values.find(name);
            if (value != values.end()) shown.push_back({name, value->second});
          }
        });
        upload(*exporting);
      }));
}

void Builds::upload(Run& run) {
  move_on(run, "UPLOAD_ARTIFACTS");
  const auto& row = row_of(run);
  if (row.artifacts.type != "S3" || !run.spec.artifacts) {
    note_phase_end(run, "UPLOAD_ARTIFACTS", nullptr);
    return finalize(run);
  }
  world::BuildArtifacts artifacts;
  constexpr std::string_view prefix = "arn:aws:s3:::";
  artifacts.location = row.build.artifacts->location.value_or("").substr(prefix.size());
  artifacts.files = run.spec.artifacts->files;
  artifacts.base_directory = run.spec.artifacts->base_directory;
  artifacts.discards_paths = run.spec.artifacts->discards_paths;
  runner_->upload(run.id, artifacts);
}

void Builds::finalize(Run& run) {
  run.ending = true;
  move_on(run, "FINALIZING");
  runner_->remove(run.id);
}

// The phase that the build is in could not be done.
void Builds::fail(Run& run, const Error& error, const char* status) {
  run.status = status;
  run.succeeding = false;
  const std::string phase = row_of(run).build.current_phase.value_or("");
  note_phase_end(run, phase, &error);
  finalize(run);
}

void Builds::end_early(Run& run, const Ending& ending) {
  run.status = ending.status;
  run.ending = true;
  move_on(run, "FINALIZING", ending.status, &ending.why);
  runner_->remove(run.id);
}

void Builds::complete(Run& run) {
  edit(run.key, [&](codebuild::BuildRow& row) {
    codebuild::end_phase(row.build, "SUCCEEDED", loop_.now(), contexts_of(nullptr));
    codebuild::begin_phase(row.build, "COMPLETED", loop_.now());
    row.build.build_status = run.status;
    row.build.build_complete = true;
    row.build.end_time = loop_.now();
  });
  loop_.cancel(run.timeout);
  runs_.erase(run.id);
  watch_.wake();
}

void Builds::on_build_output(const std::string& build_id, const std::vector<world::LogLine>& lines) {
  const Run* run = find(build_id);
  if (!run) return;
  std::vector<std::pair<Time, std::string>> out;
  for (const auto& line : lines) {
    const bool own = line.text.starts_with(world::build_say_mark);
    out.emplace_back(line.time, own ? container_line(line.time, line.text.substr(1)) : line.text);
  }
  write_log(row_of(*run), std::move(out));
}

void Builds::write_log(const codebuild::BuildRow& row, std::vector<std::pair<Time, std::string>> lines) {
  if (!row.build.logs || !row.build.logs->group_name) return;
  const std::string group = *row.build.logs->group_name;
  const std::string stream = *row.build.logs->stream_name;
  std::vector<logs::NewEvent> events;
  for (auto& [time, text] : lines) events.push_back({time, text.empty() ? " " : std::move(text)});
  auto written = store_.transact([&]() -> Result<> {
    if (!store_.find<logs::LogGroupRow>(group)) store_.put(logs::LogGroupRow{group, loop_.now()});
    logs::append_events(store_, log_events_, group, stream, std::move(events), loop_.now());
    return {};
  });
  if (!written) log::warn("build {}: its log: {}", row.id, written.error().message);
}

const codebuild::BuildRow& Builds::row_of(const Run& run) const {
  const auto* row = store_.find<codebuild::BuildRow>(run.key);
  BERTH_CHECK(row != nullptr);  // one in progress cannot be deleted
  return *row;
}

void Builds::edit(const std::string& key, const std::function<void(codebuild::BuildRow&)>& change) {
  auto edited = store_.transact([&]() -> Result<> {
    if (auto* row = store_.edit<codebuild::BuildRow>(key)) change(*row);
    return {};
  });
  if (!edited) log::warn("build {}: {}", key, edited.error().message);
}

// Ends the phase that it is in, unless that was noted already.
void Builds::move_on(Run& run, const char* next, std::string_view status, const Error* why) {
  edit(run.key, [&](codebuild::BuildRow& row) {
    codebuild::end_phase(row.build, status, loop_.now(), contexts_of(why));
    codebuild::begin_phase(row.build, next, loop_.now());
  });
}

Builds::Run* Builds::find(const std::string& build_id) {
  const auto found = runs_.find(build_id);
  // Everything may have been taken down meanwhile, rows first.
  const bool known = found != runs_.end() && store_.find<codebuild::BuildRow>(found->second->key);
  return known ? found->second.get() : nullptr;
}

}  // namespace berth::reconcile
