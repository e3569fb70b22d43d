// BuildRunner: where builds run. A build has a container of its own, and a folder with its source; it is told
// one step after the other and reports each one's end to the BuildListener, on the loop's thread. Which step
// comes next is not its matter. Every call returns at once.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "loop/loop.h"
#include "world/runtime.h"

namespace berth::world {

// What a build's container is.
struct BuildPlace {
  std::string id;  // a word that no other build has
  std::string image;
  double cpu_vcpu = 0;
  int memory_mib = 0;
  bool privileged = false;  // it gets an engine of its own to build images with
  std::string cache;        // what is kept from build to build lies under this word; empty: nothing is
  bool caches_engine = false;
  bool caches_source = false;
};

struct BuildSource {
  std::string type;         // NO_SOURCE, S3, or a host of git repositories
  std::string location;     // as the project has it
  std::string version;      // of a repository: a commit, branch or tag; empty: its default branch
  int git_clone_depth = 0;  // 0: all
  bool git_submodules = false;
  std::string buildspec;  // where in the source it is; empty: it is not read
};

// The commands of one phase, all in the same shell as those of the phase before.
struct BuildCommands {
  std::string phase;
  std::map<std::string, std::string> environment;  // added to what is set already
  std::vector<std::string> commands;
  std::vector<std::string> at_end;  // whatever became of the others
};

struct BuildArtifacts {
  std::string location;  // a bucket and the rest of the path
  std::vector<std::string> files;
  std::string base_directory;
  bool discards_paths = false;
};

enum class BuildEventKind {
  provisioned,   // the container is there and waits
  source_ready,  // `resolved_version`, `buildspec`, `source_folder`
  phase_ended,   // `exit_status`, and `command` when that is not 0
  uploaded,      // `exported`
  failed,        // the step that was ordered last could not be done: `error`
  broken,        // the container has ended of itself, or its engine is gone: `error`
  gone,          // after remove(): nothing is left, and all of its output was delivered
};

struct BuildEvent {
  BuildEventKind kind{};
  std::string build_id;
  Error error{};
  std::string resolved_version;
  std::string buildspec;
  std::string source_folder;  // as the build sees it
  int exit_status = 0;
  std::string command;
};

class BuildListener {
 public:
  virtual ~BuildListener() = default;
  virtual void on_build_event(const BuildEvent& event) = 0;
  virtual void on_build_output(const std::string& build_id, const std::vector<LogLine>& lines) = 0;
};

class BuildRunner {
 public:
  virtual ~BuildRunner() = default;

  // Removes what an earlier process has left; before anything else.
  virtual void clean(Callback done) = 0;
  virtual void provision(const BuildPlace& place) = 0;
  virtual void download(const std::string& build_id, const BuildSource& source) = 0;
  virtual void run(const std::string& build_id, const BuildCommands& commands) = 0;
  // What the shell's variables have come to; names that are not set are left out.
  virtual void read_variables(const std::string& build_id, const std::vector<std::string>& names,
                              std::function<void(std::map<std::string, std::string>)> done) = 0;
  virtual void upload(const std::string& build_id, const BuildArtifacts& artifacts) = 0;
  // A line of berth's own in the build's output, behind what was written before.
  virtual void say(const std::string& build_id, const std::string& text) = 0;
  // Directories of the source that come from the cache, and are kept in it.
  virtual void use_cache(const std::string& build_id, const std::vector<std::string>& directories) = 0;
  // In whatever state it is: ends it and removes all of it.
  virtual void remove(const std::string& build_id) = 0;
  // What is kept under other words goes.
  virtual void keep_caches(const std::set<std::string>& caches) = 0;
};

// How say() marks its line among those that the build has written itself.
inline constexpr char build_say_mark = '\x1e';

}  // namespace berth::world
