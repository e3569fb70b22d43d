// ContainerBuilds: the BuildRunner port on the engine that tasks run on: which builds there are, in this
// process and left by an earlier one. What happens within one build is BuildRun's.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "host/build_run.h"

namespace berth::host {

struct BuildsConfig {
  BuildPlaceConfig place;
  BuildLocations locations;
  std::function<void(const std::string& build_id, int socket)> serve;
  std::function<void(const std::string& build_id)> close;
};

class ContainerBuilds final : public world::BuildRunner {
 public:
  // `tasks` are the runtime's tools, which outlive this.
  ContainerBuilds(TaskTools& tasks, world::BuildListener& listener, BuildsConfig config);

  void clean(Callback done) override;
  void provision(const world::BuildPlace& place) override;
  void download(const std::string& build_id, const world::BuildSource& source) override;
  void run(const std::string& build_id, const world::BuildCommands& commands) override;
  void read_variables(const std::string& build_id, const std::vector<std::string>& names,
                      std::function<void(std::map<std::string, std::string>)> done) override;
  void upload(const std::string& build_id, const world::BuildArtifacts& artifacts) override;
  void say(const std::string& build_id, const std::string& text) override;
  void use_cache(const std::string& build_id, const std::vector<std::string>& directories) override;
  void remove(const std::string& build_id) override;
  void keep_caches(const std::set<std::string>& caches) override;

  // For good: every build, and what was kept from them.
  void remove_everything(Callback done);

 private:
  BuildRun* find(const std::string& build_id);
  void remove_containers(std::vector<EngineContainer> left, Callback done);
  void finish_removal();

  BuildTools tools_;
  std::map<std::string, std::unique_ptr<BuildRun>> builds_;
  std::optional<std::set<std::string>> kept_caches_;
  Callback removed_;
  Alive alive_;
};

}  // namespace berth::host
