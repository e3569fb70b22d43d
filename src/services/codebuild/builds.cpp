// CodeBuild: builds, from their start to their deletion. What becomes of one in between is the reconciler's.
#include <fmt/format.h>

#include <algorithm>

#include "handlers/codebuild.h"
#include "model/json_codec.h"
#include "services/codebuild/project_checks.h"
#include "services/lists.h"
#include "services/paging.h"

namespace berth::codebuild {
namespace {

constexpr std::size_t builds_per_page = 100;
constexpr std::size_t ids_per_call_max = 100;
constexpr services::BadToken bad_page_token{"InvalidInputException", "Invalid token"};

// The project with what this build is given instead.
Project with_overrides(Project project, const StartBuildInput& input) {
  const auto take = [](auto& to, const auto& from) {
    if (from) to = from;
  };
  auto& source = project.source.emplace(project.source.value_or(ProjectSource()));
  auto& environment = project.environment.emplace(project.environment.value_or(ProjectEnvironment()));
  take(source.type, input.source_type_override);
  take(source.location, input.source_location_override);
  take(source.git_clone_depth, input.git_clone_depth_override);
  take(source.buildspec, input.buildspec_override);
  take(source.auth, input.source_auth_override);
  take(source.insecure_ssl, input.insecure_ssl_override);
  take(source.git_submodules_config, input.git_submodules_config_override);
  if (input.source_type_override == "NO_SOURCE") source.location = input.source_location_override;
  take(project.source_version, input.source_version);
  take(project.secondary_sources, input.secondary_sources_override);
  take(project.artifacts, input.artifacts_override);
  take(project.secondary_artifacts, input.secondary_artifacts_override);
  take(environment.type, input.environment_type_override);
  take(environment.image, input.image_override);
  take(environment.compute_type, input.compute_type_override);
  take(environment.privileged_mode, input.privileged_mode_override);
  take(environment.fleet, input.fleet_override);
  take(environment.image_pull_credentials_type, input.image_pull_credentials_type_override);
  take(project.cache, input.cache_override);
  take(project.service_role, input.service_role_override);
  take(project.timeout_in_minutes, input.timeout_in_minutes_override);
  take(project.queued_timeout_in_minutes, input.queued_timeout_in_minutes_override);
  take(project.encryption_key, input.encryption_key_override);
  take(project.logs_config, input.logs_config_override);
  auto& variables = environment.environment_variables.emplace(
      environment.environment_variables.value_or(std::vector<EnvironmentVariable>()));
  for (EnvironmentVariable given : services::list_of(input.environment_variables_override)) {
    if (!given.type) given.type = "PLAINTEXT";
    std::erase_if(variables, [&](const auto& variable) { return variable.name == given.name; });
    variables.push_back(std::move(given));
  }
  return project;
}

LogsLocation logs_location(const Settings& settings, const Project& project, const std::string& uuid) {
  LogsLocation logs;
  const auto& wanted = project.logs_config;
  CloudWatchLogsConfig cloud_watch;
  cloud_watch.status = "ENABLED";
  if (wanted && wanted->cloud_watch_logs) cloud_watch = *wanted->cloud_watch_logs;
  logs.cloud_watch_logs = cloud_watch;
  if (cloud_watch.status == "DISABLED") return logs;
  logs.group_name = cloud_watch.group_name.value_or("/aws/codebuild/" + *project.name);
  logs.stream_name = cloud_watch.stream_name ? *cloud_watch.stream_name + "/" + uuid : uuid;
  logs.cloud_watch_logs_arn =
      settings.arn("logs", fmt::format("log-group:{}:log-stream:{}", *logs.group_name, *logs.stream_name));
  return logs;
}

BuildArtifacts artifacts_location(const Settings& settings, const ProjectArtifacts& artifacts,
                                  const std::string& project, const std::string& uuid) {
  BuildArtifacts shown;
  if (artifacts.type != "S3") return BuildArtifacts{""};
  std::string path = artifacts.location.value_or("");
  const auto append = [&](std::string_view part) {
    while (part.starts_with('/')) part.remove_prefix(1);
    while (part.ends_with('/')) part.remove_suffix(1);
    if (!part.empty()) path += "/" + std::string(part);
  };
  append(artifacts.path.value_or(""));
  if (artifacts.namespace_type == "BUILD_ID") append(uuid);
  append(artifacts.name.value_or(project));
  shown.location = settings.account.empty() ? path : "arn:aws:s3:::" + path;
  return shown;
}

Build new_build(Context& context, const ProjectRow& row, const Project& project, const std::string& id) {
  Build build;
  const std::string uuid = id.substr(id.rfind(':') + 1);
  build.id = id;
  build.arn = build_arn(context.settings, id);
  build.build_number = row.last_build_number + 1;
  build.start_time = context.now();
  build.build_status = "IN_PROGRESS";
  build.build_complete = false;
  build.project_name = row.name;
  build.source = project.source;
  build.source_version = project.source_version;
  build.artifacts =
      artifacts_location(context.settings, project.artifacts.value_or(ProjectArtifacts()), row.name, uuid);
  build.cache = project.cache;
  build.environment = project.environment;
  build.service_role = project.service_role;
  build.logs = logs_location(context.settings, project, uuid);
  build.timeout_in_minutes = project.timeout_in_minutes;
  build.queued_timeout_in_minutes = project.queued_timeout_in_minutes;
  build.encryption_key = project.encryption_key;
  const std::string& caller = context.principal.arn;
  build.initiator =
      caller.empty() || caller.ends_with(":root") ? "root" : caller.substr(caller.find('/') + 1);
  begin_phase(build, "SUBMITTED", context.now());
  return build;
}

Result<> check_limit(const Context& context, const ProjectRow& project) {
  if (!project.project.concurrent_build_limit) return {};
  const auto& builds = context.store.all<BuildRow>();
  const auto running = std::count_if(builds.begin(), builds.end(), [&](const auto& entry) {
    return entry.second.project() == project.name && !entry.second.is_complete();
  });
  const std::int64_t limit = *project.project.concurrent_build_limit;
  if (running < limit) return {};
  return Error{"AccountLimitExceededException",
               fmt::format("Project-level concurrent build limit cannot exceed {}", limit)};
}

std::int64_t next_sequence(const Store& store) {
  std::int64_t last = 0;
  for (const auto& [id, row] : store.all<BuildRow>()) last = std::max(last, row.sequence);
  return last + 1;
}

Build begin(Context& context, const ProjectRow& project, BuildRow row) {
  row.sequence = next_sequence(context.store);
  row.cache_id = project.cache_id;
  ++context.store.edit<ProjectRow>(project.name)->last_build_number;
  context.store.put(row);
  return row.build;
}

// The build that an earlier call with this token has started.
Result<const BuildRow*> started_before(const Store& store, const std::string& token,
                                       const std::string& request) {
  if (token.empty()) return nullptr;
  for (const auto& [id, row] : store.all<BuildRow>()) {
    if (row.idempotency_token != token) continue;
    if (row.request == request) return &row;
    return invalid_input("The idempotency token was used before with other parameters");
  }
  return nullptr;
}

Error build_not_found(const Context& context, const std::string& id) {
  return {"ResourceNotFoundException", "Build cannot be found: " + build_arn(context.settings, id)};
}

std::vector<const BuildRow*> in_order(const Store& store, const std::string& project, bool ascending) {
  std::vector<const BuildRow*> rows;
  for (const auto& [id, row] : store.all<BuildRow>()) {
    if (project.empty() || row.project() == project) rows.push_back(&row);
  }
  std::sort(rows.begin(), rows.end(), [&](const BuildRow* a, const BuildRow* b) {
    return ascending ? a->sequence < b->sequence : a->sequence > b->sequence;
  });
  return rows;
}

template <class Output>
Result<Output> list(std::vector<const BuildRow*> rows, const std::optional<std::string>& token) {
  auto page = services::page_of(
      std::move(rows), token, builds_per_page, [](const BuildRow* row) { return row->id; }, bad_page_token);
  if (!page) return page.error();
  Output output;
  output.next_token = page->next_token;
  output.ids.emplace();
  for (const auto* row : page->items) output.ids->push_back(row->id);
  return output;
}

}  // namespace

Result<StartBuildOutput> start_build(Context& context, const StartBuildInput& input) {
  const auto found = find_project(context, input.project_name);
  if (!found) return found.error();
  const std::string token = input.idempotency_token.value_or("");
  const std::string request = token.empty() ? "" : json::serialize(model::to_json(input));
  const auto before = started_before(context.store, token, request);
  if (!before) return before.error();
  if (*before) return StartBuildOutput{(*before)->build};
  const Project project = with_overrides((*found)->project, input);
  if (auto checked = check_project(context, project); !checked) return checked.error();
  if (auto free = check_limit(context, **found); !free) return free.error();
  BuildRow row;
  row.id = (*found)->name + ":" + random_uuid(context.ids());
  row.build = new_build(context, **found, project, row.id);
  row.artifacts = project.artifacts.value_or(ProjectArtifacts());
  row.idempotency_token = token;
  row.request = request;
  return StartBuildOutput{begin(context, **found, std::move(row))};
}

// As the earlier one was started, overrides and all.
Result<RetryBuildOutput> retry_build(Context& context, const RetryBuildInput& input) {
  const std::string id = input.id.value_or("");
  const BuildRow* earlier = find_build(context.store, id);
  if (!earlier) return build_not_found(context, id);
  const auto found = find_project(context, earlier->project());
  if (!found) return found.error();
  if (auto free = check_limit(context, **found); !free) return free.error();
  Project project = (*found)->project;
  project.source = earlier->build.source;
  project.source_version = earlier->build.source_version;
  project.environment = earlier->build.environment;
  project.artifacts = earlier->artifacts;
  project.cache = earlier->build.cache;
  project.service_role = earlier->build.service_role;
  project.timeout_in_minutes = earlier->build.timeout_in_minutes;
  project.queued_timeout_in_minutes = earlier->build.queued_timeout_in_minutes;
  BuildRow row;
  row.id = (*found)->name + ":" + random_uuid(context.ids());
  row.build = new_build(context, **found, project, row.id);
  row.artifacts = earlier->artifacts;
  return RetryBuildOutput{begin(context, **found, std::move(row))};
}

Result<StopBuildOutput> stop_build(Context& context, const StopBuildInput& input) {
  const std::string id = input.id.value_or("");
  const BuildRow* row = find_build(context.store, id);
  if (!row) return build_not_found(context, id);
  if (row->is_complete()) return StopBuildOutput{row->build};
  BuildRow* edited = context.store.edit<BuildRow>(row->id);
  edited->stop_requested = true;
  return StopBuildOutput{edited->build};
}

Result<BatchGetBuildsOutput> batch_get_builds(Context& context, const BatchGetBuildsInput& input) {
  const auto& ids = services::list_of(input.ids);
  if (ids.empty() || ids.size() > ids_per_call_max) {
    return invalid_input(fmt::format("Invalid number of build IDs: {}, must be 1 to 100", ids.size()));
  }
  BatchGetBuildsOutput output;
  output.builds.emplace();
  output.builds_not_found.emplace();
  for (const auto& id : ids) {
    if (const auto* row = find_build(context.store, id)) {
      output.builds->push_back(row->build);
    } else {
      output.builds_not_found->push_back(id);
    }
  }
  return output;
}

Result<BatchDeleteBuildsOutput> batch_delete_builds(Context& context, const BatchDeleteBuildsInput& input) {
  BatchDeleteBuildsOutput output;
  output.builds_deleted.emplace();
  output.builds_not_deleted.emplace();
  for (const auto& id : services::list_of(input.ids)) {
    const auto* row = find_build(context.store, id);
    if (row && !row->is_complete()) {
      output.builds_not_deleted->push_back({id, "BUILD_IN_PROGRESS"});
      continue;
    }
    const std::string key = row ? row->id : id;
    context.store.erase<BuildRow>(key);
    output.builds_deleted->push_back(build_arn(context.settings, key));
  }
  return output;
}

Result<ListBuildsOutput> list_builds(Context& context, const ListBuildsInput& input) {
  const bool ascending = input.sort_order == "ASCENDING";
  return list<ListBuildsOutput>(in_order(context.store, "", ascending), input.next_token);
}

Result<ListBuildsForProjectOutput> list_builds_for_project(Context& context,
                                                           const ListBuildsForProjectInput& input) {
  const auto found = find_project(context, input.project_name);
  if (!found) return found.error();
  const bool ascending = input.sort_order == "ASCENDING";
  return list<ListBuildsForProjectOutput>(in_order(context.store, (*found)->name, ascending),
                                          input.next_token);
}

}  // namespace berth::codebuild
