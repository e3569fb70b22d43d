#include "host/build_run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "base/digest.h"
#include "base/log.h"
#include "base/read_file.h"
#include "base/text.h"
#include "host/build_agent.h"

namespace berth::host {
namespace {

namespace fs = std::filesystem;

// Every image of AWS's for builds.
constexpr std::string_view aws_images = "aws/codebuild/";
constexpr const char* stand_in_image = "localhost/berth-build:latest";
constexpr RealDuration end_time = RealDuration::seconds(2);
constexpr std::size_t buildspec_bytes_max = 1u << 20;

std::string quoted(const std::string& text) {
  return "'" + replace_all(text, "'", "'\\''") + "'";
}

Result<> write_command_files(const BuildNames& names, const world::BuildCommands& commands) {
  const std::string folder = names.agent + "/phases/" + commands.phase;
  std::error_code error;
  const auto write = [&](const std::string& part, const std::vector<std::string>& texts) {
    fs::create_directories(folder + "/" + part, error);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      std::ofstream(fmt::format("{}/{}/{:05}", folder, part, i)) << texts[i];
    }
  };
  write("commands", commands.commands);
  write("at_end", commands.at_end);
  std::ofstream environment(folder + "/environment");
  for (const auto& [name, value] : commands.environment) {
    environment << "export " << name << "=" << quoted(value) << "\n";
  }
  environment.close();
  if (error || !environment) return Error{"SystemError", folder + " cannot be written"};
  return {};
}

json::object build_container(const BuildTools& tools, const BuildNames& names, const world::BuildPlace& place,
                             const std::string& image, const std::string& cache) {
  json::array binds{json::string(names.source + ":" + names.source_in_container),
                    json::string(names.agent + ":" + build_agent_folder),
                    json::string(names.hosts + ":/etc/hosts"),
                    json::string(names.registries + ":/etc/containers/registries.conf.d/berth.conf:ro")};
  if (!cache.empty()) binds.push_back(json::string(cache + ":/codebuild/cache"));
  if (place.privileged) binds.push_back(json::string(names.engine_socket + ":/var/run/docker.sock"));
  const ContainerPlace where{image, netns_path(names.netns), tools.cgroups.parent_path(names.word),
                             tools.tasks.boot};
  json::object out = build_container_config(tools.tasks.names, where, tools.tasks.ceiling);
  out["HostConfig"].as_object()["Binds"] = std::move(binds);
  out["Entrypoint"] = json::array{"/bin/sh"};
  out["Cmd"] = json::array{std::string(build_agent_folder) + "/agent.sh"};
  out["User"] = "0";
  out["WorkingDir"] = "/";
  return out;
}

}  // namespace

BuildRun::BuildRun(BuildTools& tools, world::BuildPlace place, Callback gone)
    : tools_(tools),
      place_(std::move(place)),
      names_(tools.place, tools.tasks.names, place_.id),
      gone_(std::move(gone)) {}

BuildRun::~BuildRun() {
  if (process_watch_ != 0) tools_.tasks.watcher.unwatch(process_watch_);
  if (reports_watch_ != 0) tools_.tasks.watcher.unwatch(reports_watch_);
  tools_.tasks.loop.cancel(kill_timer_);
}

template <class T>
void BuildRun::offload(std::function<Result<T>()> work, std::function<void(Result<T>)> done) {
  ++works_;
  auto result = std::make_shared<std::optional<Result<T>>>();
  tools_.tasks.loop.offload([result, work = std::move(work)] { result->emplace(work()); },
                            alive_.guard([this, result, done = std::move(done)] {
                              --works_;
                              if (!removing_) return done(std::move(**result));
                              wind_down();
                            }));
}

std::string BuildRun::cache_folder(const char* part) const {
  return build_caches(tools_.place) + "/" + place_.cache + "/" + part;
}

void BuildRun::provision() {
  ++works_;
  auto socket = std::make_shared<Result<int>>(Error{});
  const CgroupLimits limits{place_.cpu_vcpu, std::int64_t{place_.memory_mib} << 20};
  tools_.tasks.loop.offload(
      [socket, config = tools_.place, names = names_, cgroups = tools_.cgroups, limits] {
        if (auto made = cgroups.create(names.word, limits); !made) {
          *socket = made.error();
        } else {
          *socket = make_build_place(config, names);
        }
      },
      alive_.guard([this, socket] {
        --works_;
        if (*socket) {
          serving_ = true;
          tools_.serve(place_.id, **socket);
        }
        if (removing_) return wind_down();
        if (!*socket) return fail(socket->error());
        open_pipes();
        find_image();
      }));
}

void BuildRun::open_pipes() {
  orders_.reset(open(names_.orders.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  reports_.reset(open(names_.reports.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!orders_ || !reports_) return fail({"INTERNAL_SERVICE_ERROR", "the build's pipes cannot be opened"});
  reports_watch_ =
      tools_.tasks.watcher.watch(reports_.get(), false, [this, fd = reports_.get()]() -> Callback {
        std::array<char, 4096> buffer;
        const auto got = read(fd, buffer.data(), buffer.size());
        if (got <= 0) return {};
        return alive_.guard(
            [this, text = std::string(buffer.data(), static_cast<std::size_t>(got))] { on_reports(text); });
      });
}

void BuildRun::find_image() {
  ++works_;
  const bool is_aws = place_.image.starts_with(aws_images);
  tools_.tasks.images.find(
      is_aws ? stand_in_image : place_.image, alive_.guard([this, is_aws](Result<FoundImage> found) {
        --works_;
        if (removing_) return wind_down();
        if (found) return start_engine(*found);
        if (!is_aws)
          return fail({"BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE",
                       "Unable to pull customer's container image. " + found.error().message});
        fail({"BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE",
              fmt::format("{} is not there, which stands for {} here: make it with "
                          "scripts/build-image",
                          stand_in_image, place_.image)});
      }));
}

void BuildRun::start_engine(const FoundImage& image) {
  if (!place_.privileged) return create(image);
  const bool keeps = place_.caches_engine && !place_.cache.empty();
  offload<void>([config = tools_.place, names = names_, cgroups = tools_.cgroups,
                 images = keeps ? cache_folder("images")
                                : ""] { return start_build_engine(config, names, cgroups, images); },
                [this, image](Result<> started) {
                  if (!started) return fail(started.error());
                  create(image);
                });
}

void BuildRun::create(const FoundImage& image) {
  std::string cache;
  if (!place_.cache.empty()) {
    cache = cache_folder("files");
    std::error_code error;
    fs::create_directories(cache, error);
  }
  ++works_;
  tools_.tasks.engine.create(names_.container, build_container(tools_, names_, place_, image.name, cache),
                             alive_.guard([this](Result<std::string> created) {
                               --works_;
                               if (created) container_id_ = *created;
                               if (removing_) return wind_down();
                               if (!created) return fail(created.error());
                               start(*created);
                             }));
}

void BuildRun::start(const std::string& id) {
  ++works_;
  tools_.tasks.engine.start(id, alive_.guard([this](Result<> started) {
    --works_;
    if (removing_) return wind_down();
    if (!started) return fail(started.error());
    look_after_start();
  }));
}

void BuildRun::look_after_start() {
  ++works_;
  tools_.tasks.engine.inspect(container_id_, alive_.guard([this](Result<EngineContainer> found) {
    --works_;
    if (removing_) return wind_down();
    if (!found) return fail(found.error());
    if (!found->running) return fail({"INTERNAL_SERVICE_ERROR", "the build's container ended at once"});
    tools_.tasks.output.follow(output_key(), found->log_path, 0,
                               [this](std::vector<world::LogLine> lines, std::int64_t) {
                                 if (lines.empty()) return;
                                 const auto end = lines.back().end_offset;
                                 tools_.listener.on_build_output(place_.id, lines);
                                 tools_.tasks.output.stored(output_key(), end);
                               });
    watch_end(found->pid);
    world::BuildEvent event;
    event.kind = world::BuildEventKind::provisioned;
    report(std::move(event));
  }));
}

void BuildRun::watch_end(int pid) {
  running_ = true;
  process_ = open_process(pid);
  if (!process_) return on_end();
  process_watch_ = tools_.tasks.watcher.watch(
      process_.get(), true, [this]() -> Callback { return alive_.guard([this] { on_end(); }); });
}

void BuildRun::on_end() {
  running_ = false;
  if (removing_) return wind_down();
  world::BuildEvent event;
  event.kind = world::BuildEventKind::broken;
  event.error = {"INTERNAL_SERVICE_ERROR", "The build's container ended before the build did"};
  report(std::move(event));
}

void BuildRun::download(const world::BuildSource& source) {
  struct Fetched {
    std::string version, buildspec;
  };
  const bool keeps = place_.caches_source && !place_.cache.empty();
  const std::string mirror = keeps ? cache_folder(hex(sha256(source.location)).substr(0, 16).c_str()) : "";
  offload<Fetched>(
      [locations = tools_.locations, source, folder = names_.source, inside = names_.source_in_container,
       mirror]() -> Result<Fetched> {
        auto version = fetch_source(locations, source, folder, mirror);
        if (!version) return version.error();
        Fetched fetched{*version, ""};
        if (source.buildspec.empty()) return fetched;
        const std::string path = folder + "/" + source.buildspec;
        std::error_code error;
        const std::string real = fs::weakly_canonical(path, error).string();
        const auto size = fs::file_size(path, error);
        if (error || !real.starts_with(fs::weakly_canonical(folder).string() + "/")) {
          return Error{"YAML_FILE_ERROR",
                       "stat " + inside + "/" + source.buildspec + ": no such file or directory"};
        }
        if (size <= buildspec_bytes_max) fetched.buildspec = read_file(path);
        return fetched;
      },
      [this](Result<Fetched> fetched) {
        if (!fetched) return fail(fetched.error());
        world::BuildEvent event;
        event.kind = world::BuildEventKind::source_ready;
        event.resolved_version = fetched->version;
        event.buildspec = fetched->buildspec;
        event.source_folder = names_.source_in_container;
        report(std::move(event));
      });
}

void BuildRun::run(const world::BuildCommands& commands) {
  commands_ = commands;
  if (auto written = write_command_files(names_, commands); !written) return fail(written.error());
  command_runs_ = true;
  order("run " + commands.phase);
}

void BuildRun::read_variables(const std::vector<std::string>& names,
                              std::function<void(std::map<std::string, std::string>)> done) {
  variables_read_ = [this, names, done = std::move(done)](const auto&) {
    std::map<std::string, std::string> values;
    for (const auto& name : names) {
      const std::string path = names_.agent + "/vars/" + name;
      std::error_code error;
      if (fs::exists(path, error)) values[name] = read_file(path);
    }
    done(std::move(values));
  };
  order("vars " + join(names, " "));
}

void BuildRun::upload(const world::BuildArtifacts& artifacts) {
  offload<void>([locations = tools_.locations, artifacts,
                 folder = names_.source] { return store_artifacts(locations, artifacts, folder); },
                [this](Result<> stored) {
                  if (!stored) return fail(stored.error());
                  world::BuildEvent event;
                  event.kind = world::BuildEventKind::uploaded;
                  report(std::move(event));
                });
}

void BuildRun::say(const std::string& text) {
  for (const auto& line : split(text, '\n')) order("say " + line);
}

void BuildRun::use_cache(const std::vector<std::string>& directories) {
  std::ofstream file(names_.agent + "/cached");
  for (std::string path : directories) {
    for (const std::string_view end : {"/**/*", "/*", "/"}) {
      if (path.ends_with(end)) path.resize(path.size() - end.size());
    }
    if (path.empty() || path.find('\n') != std::string::npos) continue;
    file << hex(sha256(path)).substr(0, 16) << " " << path << "\n";
  }
  file.close();
  order("cache");
}

void BuildRun::order(const std::string& line) {
  const std::string text = line + "\n";
  if (write(orders_.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    log::warn("build {}: an order was lost: {}", place_.id, line);
  }
}

void BuildRun::on_reports(const std::string& text) {
  half_line_ += text;
  for (auto end = half_line_.find('\n'); end != std::string::npos; end = half_line_.find('\n')) {
    const std::string line = half_line_.substr(0, end);
    half_line_.erase(0, end + 1);
    on_report(line);
  }
}

// "end PHASE STATUS FILE": what a build's own commands write there is as good as theirs.
void BuildRun::on_report(const std::string& line) {
  const auto words = split(line, ' ');
  if (words[0] == "vars" && variables_read_) return std::exchange(variables_read_, {})({});
  const auto status = words.size() == 4 ? parse_integer(words[2]) : std::nullopt;
  if (words[0] != "end" || !status || words[1] != commands_.phase || !command_runs_) return;
  command_runs_ = false;
  world::BuildEvent event;
  event.kind = world::BuildEventKind::phase_ended;
  event.exit_status = static_cast<int>(*status);
  const auto index = parse_integer(words[3].substr(words[3].rfind('/') + 1));
  const bool last = words[3].find("/at_end/") != std::string::npos;
  const auto& list = last ? commands_.at_end : commands_.commands;
  if (index && *index >= 0 && *index < static_cast<long long>(list.size())) {
    event.command = list[static_cast<std::size_t>(*index)];
  }
  report(std::move(event));
}

void BuildRun::report(world::BuildEvent event) {
  event.build_id = place_.id;
  // Posted, so that a listener may call back from any event.
  tools_.tasks.loop.post(
      alive_.guard([this, event = std::move(event)] { tools_.listener.on_build_event(event); }));
}

void BuildRun::fail(const Error& error) {
  world::BuildEvent event;
  event.kind = world::BuildEventKind::failed;
  event.error = error;
  report(std::move(event));
}

void BuildRun::remove() {
  if (removing_) return;
  removing_ = true;
  if (running_ && !command_runs_) {
    order("end");
    kill_timer_ =
        tools_.tasks.loop.after_real(end_time, alive_.guard([this] { signal_process(process_, SIGKILL); }));
  } else if (running_) {
    signal_process(process_, SIGKILL);
  }
  wind_down();
}

// Called after everything that may have been what it waits for.
void BuildRun::wind_down() {
  if (works_ > 0 || running_) return;
  tools_.tasks.loop.cancel(kill_timer_);
  if (!tools_.tasks.output.follows(output_key())) return remove_container();
  ++works_;
  tools_.tasks.output.finish(output_key(), alive_.guard([this] {
    --works_;
    remove_container();
  }));
}

void BuildRun::remove_container() {
  if (container_id_.empty()) return remove_place();
  ++works_;
  tools_.tasks.engine.remove(container_id_, alive_.guard([this](Result<> removed) {
    --works_;
    if (removed) return remove_place();
    log::warn("build {}: {}", place_.id, removed.error().message);
    ++works_;
    tools_.tasks.loop.after_real(RealDuration::seconds(1), alive_.guard([this] {
      --works_;
      remove_container();
    }));
  }));
}

void BuildRun::remove_place() {
  if (serving_) tools_.close(place_.id);
  serving_ = false;
  ++works_;
  tools_.tasks.loop.offload(
      [config = tools_.place, names = names_, cgroups = tools_.cgroups] {
        if (auto removed = remove_build_place(config, names, cgroups); !removed) {
          log::warn("build {}: {}", names.word, removed.error().message);
        }
      },
      alive_.guard([this] {
        world::BuildEvent event;
        event.kind = world::BuildEventKind::gone;
        report(std::move(event));
        gone_();
      }));
}

}  // namespace berth::host
