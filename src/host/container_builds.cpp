#include "host/container_builds.h"

#include <filesystem>

#include "base/log.h"
#include "host/netns.h"
#include "host/process.h"

namespace berth::host {
namespace {

namespace fs = std::filesystem;

constexpr RealDuration retry_interval = RealDuration::seconds(1);

// Of builds whose container is gone already. The words of a build are its folder's name.
void remove_places(const BuildPlaceConfig& config, const Names& names, const Cgroups& cgroups) {
  std::set<std::string> words;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(build_folders(config), error)) {
    words.insert(entry.path().filename().string());
  }
  for (const auto& name : netns_names(names.build_prefix()))
    words.insert(name.substr(names.build_prefix().size()));
  for (const auto& word : cgroups.tasks()) words.insert(word);
  for (const auto& word : words) {
    const auto build = BuildNames::of_word(config, names, word);
    if (auto removed = remove_build_place(config, build, cgroups); !removed)
      log::warn("builds: {}", removed.error().message);
  }
  fs::remove(build_folders(config), error);
}

}  // namespace

ContainerBuilds::ContainerBuilds(TaskTools& tasks, world::BuildListener& listener, BuildsConfig config)
    : tools_{tasks,
             std::move(config.place),
             std::move(config.locations),
             Cgroups(tasks.names.daemon() + "-builds"),
             std::move(config.serve),
             std::move(config.close),
             listener} {}

void ContainerBuilds::clean(Callback done) {
  tools_.tasks.engine.list(label::build, tools_.tasks.names.daemon(),
                           alive_.guard([this, done](Result<std::vector<EngineContainer>> left) {
                             if (left) return remove_containers(std::move(*left), done);
                             log::error("builds: {}", left.error().message);
                             tools_.tasks.loop.after_real(retry_interval,
                                                          alive_.guard([this, done] { clean(done); }));
                           }));
}

void ContainerBuilds::remove_containers(std::vector<EngineContainer> left, Callback done) {
  if (left.empty()) {
    tools_.tasks.loop.offload([config = tools_.place, names = tools_.tasks.names,
                               cgroups = tools_.cgroups] { remove_places(config, names, cgroups); },
                              alive_.guard([done] { done(); }));
    return;
  }
  const std::string id = left.back().id;
  left.pop_back();
  tools_.tasks.engine.remove(id, alive_.guard([this, left = std::move(left), done](Result<> removed) {
    if (!removed) log::warn("builds: {}", removed.error().message);
    remove_containers(left, done);
  }));
}

void ContainerBuilds::provision(const world::BuildPlace& place) {
  auto& entry = builds_[place.id] = std::make_unique<BuildRun>(tools_, place, [this, id = place.id] {
    tools_.tasks.loop.post(alive_.guard([this, id] {
      builds_.erase(id);
      finish_removal();
    }));
  });
  entry->provision();
}

BuildRun* ContainerBuilds::find(const std::string& build_id) {
  const auto found = builds_.find(build_id);
  return found == builds_.end() ? nullptr : found->second.get();
}

void ContainerBuilds::download(const std::string& build_id, const world::BuildSource& source) {
  if (auto* build = find(build_id)) build->download(source);
}

void ContainerBuilds::run(const std::string& build_id, const world::BuildCommands& commands) {
  if (auto* build = find(build_id)) build->run(commands);
}

void ContainerBuilds::read_variables(const std::string& build_id, const std::vector<std::string>& names,
                                     std::function<void(std::map<std::string, std::string>)> done) {
  if (auto* build = find(build_id)) build->read_variables(names, std::move(done));
}

void ContainerBuilds::upload(const std::string& build_id, const world::BuildArtifacts& artifacts) {
  if (auto* build = find(build_id)) build->upload(artifacts);
}

void ContainerBuilds::say(const std::string& build_id, const std::string& text) {
  if (auto* build = find(build_id)) build->say(text);
}

void ContainerBuilds::use_cache(const std::string& build_id, const std::vector<std::string>& directories) {
  if (auto* build = find(build_id)) build->use_cache(directories);
}

void ContainerBuilds::remove(const std::string& build_id) {
  if (auto* build = find(build_id)) return build->remove();
  world::BuildEvent event;
  event.kind = world::BuildEventKind::gone;
  event.build_id = build_id;
  tools_.tasks.loop.post(alive_.guard([this, event] { tools_.listener.on_build_event(event); }));
}

void ContainerBuilds::keep_caches(const std::set<std::string>& caches) {
  if (kept_caches_ == caches) return;
  kept_caches_ = caches;
  tools_.tasks.loop.offload(
      [folder = build_caches(tools_.place), caches] {
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(folder, error)) {
          if (!caches.contains(entry.path().filename().string())) fs::remove_all(entry.path(), error);
        }
      },
      [] {});
}

void ContainerBuilds::remove_everything(Callback done) {
  removed_ = std::move(done);
  for (const auto& [id, build] : builds_) build->remove();
  finish_removal();
}

void ContainerBuilds::finish_removal() {
  if (!removed_ || !builds_.empty()) return;
  clean([this, done = std::exchange(removed_, {})] {
    tools_.tasks.loop.offload(
        [folder = build_caches(tools_.place), cgroups = tools_.cgroups] {
          std::error_code error;
          fs::remove_all(folder, error);
          cgroups.remove_daemon();
        },
        alive_.guard([done] { done(); }));
  });
}

}  // namespace berth::host
