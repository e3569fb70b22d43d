// What berth keeps of CodeBuild: projects, and builds with their phases. A build's output lies in CloudWatch
// Logs; what it left in a cache lies on the disk.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "model/codebuild.h"
#include "services/context.h"
#include "store/store.h"

namespace berth::codebuild {

struct ProjectRow {
  static constexpr const char* table = "codebuild.projects";
  std::string name;
  Project project;
  std::int64_t last_build_number = 0;
  std::string cache_id;  // of what its builds keep for the next; another one after every invalidation

  std::string key() const { return name; }
};
BOOST_DESCRIBE_STRUCT(ProjectRow, (), (name, project, last_build_number, cache_id))

struct BuildRow {
  static constexpr const char* table = "codebuild.builds";
  std::string id;  // "<project>:<uuid>"
  Build build;
  // As the build was started: the project's with what start-build gave instead. Build does not show it all.
  ProjectArtifacts artifacts;
  std::string cache_id;
  std::int64_t sequence = 0;  // builds begin in this order
  bool stop_requested = false;
  std::string idempotency_token;
  std::string request;  // what came with the token

  std::string key() const { return id; }
  std::string project() const { return build.project_name.value_or(""); }
  // A word without the colon: names files, containers, log streams.
  std::string uuid() const { return id.substr(id.rfind(':') + 1); }
  bool is_complete() const { return build.build_complete.value_or(false); }
};
BOOST_DESCRIBE_STRUCT(BuildRow, (),
                      (id, build, artifacts, cache_id, sequence, stop_requested, idempotency_token, request))

void add_tables(Store& store);

std::string project_arn(const Settings& settings, std::string_view name);
std::string build_arn(const Settings& settings, std::string_view id);

// A name or an ARN.
Result<const ProjectRow*> find_project(const Context& context, const std::optional<std::string>& name);
// An id or an ARN; null: there is none.
const BuildRow* find_build(const Store& store, std::string_view id_or_arn);

inline Error invalid_input(const std::string& message) {
  return {"InvalidInputException", message};
}
// For what AWS has and berth has not: refused by name, never ignored.
inline Error unsupported(const std::string& what) {
  return invalid_input("berth does not support " + what);
}

// vCPU and MiB of a build's container; AWS's table of compute types.
struct ComputeSize {
  double vcpu = 0;
  int memory_mib = 0;
};
std::optional<ComputeSize> compute_size(std::string_view compute_type);

// The phase that a build is in ends now and `next` begins (empty: nothing does).
void end_phase(Build& build, std::string_view status, Time now, std::vector<PhaseContext> contexts = {});
void begin_phase(Build& build, std::string_view phase, Time now);

}  // namespace berth::codebuild
