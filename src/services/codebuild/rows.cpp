#include "services/codebuild/rows.h"

#include <fmt/format.h>

#include "base/arn.h"

namespace berth::codebuild {
namespace {

constexpr std::string_view project_kind = "project/";
constexpr std::string_view build_kind = "build/";

}  // namespace

void add_tables(Store& store) {
  store.add<ProjectRow>();
  store.add<BuildRow>();
}

std::string project_arn(const Settings& settings, std::string_view name) {
  return settings.arn("codebuild", std::string(project_kind) + std::string(name));
}

std::string build_arn(const Settings& settings, std::string_view id) {
  return settings.arn("codebuild", std::string(build_kind) + std::string(id));
}

Result<const ProjectRow*> find_project(const Context& context, const std::optional<std::string>& name) {
  std::string plain = name.value_or("");
  if (const auto arn = parse_arn(plain); arn && arn->resource.starts_with(project_kind)) {
    plain = arn->resource.substr(project_kind.size());
  }
  if (const auto* row = context.store.find<ProjectRow>(plain)) return row;
  return Error{"ResourceNotFoundException",
               "Project cannot be found: " + project_arn(context.settings, plain)};
}

const BuildRow* find_build(const Store& store, std::string_view id_or_arn) {
  if (const auto at = id_or_arn.find(":build/"); at != std::string_view::npos) {
    id_or_arn.remove_prefix(at + std::string_view(":build/").size());
  }
  return store.find<BuildRow>(id_or_arn);
}

std::optional<ComputeSize> compute_size(std::string_view compute_type) {
  constexpr std::string_view general = "BUILD_GENERAL1_";
  if (!compute_type.starts_with(general)) return std::nullopt;
  const std::string_view size = compute_type.substr(general.size());
  if (size == "SMALL") return ComputeSize{2, 4 << 10};
  if (size == "MEDIUM") return ComputeSize{4, 8 << 10};
  if (size == "LARGE") return ComputeSize{8, 16 << 10};
  if (size == "XLARGE") return ComputeSize{36, 72 << 10};
  if (size == "2XLARGE") return ComputeSize{72, 144 << 10};
  return std::nullopt;
}

void end_phase(Build& build, std::string_view status, Time now, std::vector<PhaseContext> contexts) {
  if (!build.phases || build.phases->empty()) return;
  BuildPhase& phase = build.phases->back();
  if (phase.end_time || phase.phase_type == "COMPLETED") return;
  phase.phase_status = std::string(status);
  phase.end_time = now;
  phase.duration_in_seconds = unix_seconds(now) - unix_seconds(*phase.start_time);
  phase.contexts = std::move(contexts);
}

void begin_phase(Build& build, std::string_view phase, Time now) {
  BuildPhase begun;
  begun.phase_type = std::string(phase);
  begun.start_time = now;
  if (!build.phases) build.phases.emplace();
  build.phases->push_back(std::move(begun));
  build.current_phase = std::string(phase);
}

}  // namespace berth::codebuild
