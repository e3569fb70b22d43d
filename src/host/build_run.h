// BuildRun: one build's container, from its making to its removal, and the agent in it, which is told what to
// do through one pipe and reports through another.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/build_files.h"
#include "host/build_place.h"
#include "host/container_run.h"
#include "world/build_runner.h"

namespace berth::host {

struct BuildTools {
  TaskTools& tasks;  // engine, images, output, watcher: a build's container is one like others
  BuildPlaceConfig place;
  BuildLocations locations;
  Cgroups cgroups;
  // What answers at the endpoint's address of a build; it closes with `close`.
  std::function<void(const std::string& build_id, int socket)> serve;
  std::function<void(const std::string& build_id)> close;
  world::BuildListener& listener;
};

class BuildRun {
 public:
  // `gone` is called when nothing of it is left; it may be destroyed then, but not within the call.
  BuildRun(BuildTools& tools, world::BuildPlace place, Callback gone);
  ~BuildRun();

  void provision();
  void download(const world::BuildSource& source);
  void run(const world::BuildCommands& commands);
  void read_variables(const std::vector<std::string>& names,
                      std::function<void(std::map<std::string, std::string>)> done);
  void upload(const world::BuildArtifacts& artifacts);
  void say(const std::string& text);
  void use_cache(const std::vector<std::string>& directories);
  void remove();

 private:
  void find_image();
  void start_engine(const FoundImage& image);
  void create(const FoundImage& image);
  void start(const std::string& id);
  void look_after_start();
  void watch_end(int pid);
  void on_end();
  void open_pipes();
  void on_reports(const std::string& text);
  void on_report(const std::string& line);
  void order(const std::string& line);

  // Blocking work; what is being done is not removed.
  template <class T>
  void offload(std::function<Result<T>()> work, std::function<void(Result<T>)> done);
  void wind_down();
  void remove_container();
  void remove_place();
  void fail(const Error& error);
  void report(world::BuildEvent event);
  std::string cache_folder(const char* part) const;
  std::string output_key() const { return names_.container; }

  BuildTools& tools_;
  const world::BuildPlace place_;
  const BuildNames names_;
  Callback gone_;
  std::string container_id_;
  Fd process_, orders_, reports_;
  FdWatcher::WatchId process_watch_ = 0, reports_watch_ = 0;
  std::string half_line_;
  world::BuildCommands commands_;
  std::function<void(std::map<std::string, std::string>)> variables_read_;
  bool command_runs_ = false;
  bool running_ = false;  // the container
  bool serving_ = false;
  bool removing_ = false;
  int works_ = 0;
  TimerId kill_timer_ = no_timer;
  Alive alive_;
};

}  // namespace berth::host
