#include "services/codebuild/project_checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "services/iam/rows.h"
#include "services/lists.h"
#include "services/tags.h"

namespace berth::codebuild {
namespace {

constexpr std::int64_t timeout_minutes_min = 5;
constexpr std::int64_t timeout_minutes_max = 2160;  // 36 hours
constexpr std::int64_t queued_minutes_max = 480;
constexpr std::size_t project_name_min = 2;
constexpr std::size_t project_name_max = 150;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

Result<> check_name(const std::string& name) {
  const bool good = name.size() >= project_name_min && name.size() <= project_name_max &&
                    std::all_of(name.begin(), name.end(), is_name_character) && name[0] != '-' &&
                    name[0] != '_';
  if (good) return {};
  return invalid_input(
      "Invalid project name: must be 2 to 150 characters, A-Z, a-z, 0-9, - and _, and begin "
      "with a letter or a number");
}

Result<> check_source(const ProjectSource& source) {
  const std::string type = source.type.value_or("");
  if (type == "CODEPIPELINE") return unsupported("sources of CODEPIPELINE");
  const bool has_location = source.location && !source.location->empty();
  if (type == "NO_SOURCE") {
    if (has_location) return invalid_input("Location must not be specified for source type NO_SOURCE");
    if (!source.buildspec || source.buildspec->empty()) {
      return invalid_input("Buildspec is required for source type NO_SOURCE");
    }
    return {};
  }
  if (!has_location) return invalid_input("Location is required for source type " + type);
  return {};
}

Result<> check_environment(const ProjectEnvironment& environment) {
  const std::string type = environment.type.value_or("");
  if (type != "LINUX_CONTAINER" && type != "ARM_CONTAINER")
    return unsupported("environments of type " + type);
  if (environment.image.value_or("").empty()) return invalid_input("Environment image is required");
  const std::string compute = environment.compute_type.value_or("");
  if (!compute_size(compute)) return unsupported("the compute type " + compute);
  if (environment.fleet && environment.fleet->fleet_arn) return unsupported("fleets");
  if (environment.docker_server) return unsupported("Docker servers");
  for (const auto& variable : services::list_of(environment.environment_variables)) {
    const std::string name = variable.name.value_or("");
    const bool good =
        !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
        std::all_of(name.begin(), name.end(), [](char c) { return is_name_character(c) && c != '-'; });
    if (!good) return invalid_input("Invalid environment variable name: " + name);
    if (name.starts_with("CODEBUILD_")) {
      return invalid_input("Environment variable name must not begin with CODEBUILD_: " + name);
    }
  }
  return {};
}

Result<> check_artifacts(const ProjectArtifacts& artifacts) {
  const std::string type = artifacts.type.value_or("");
  if (type == "CODEPIPELINE") return unsupported("artifacts of CODEPIPELINE");
  if (artifacts.packaging == "ZIP") return unsupported("artifacts packaged as ZIP");
  if (type == "S3" && artifacts.location.value_or("").empty()) {
    return invalid_input("Location is required for artifact type S3");
  }
  return {};
}

Result<> check_cache(const std::optional<ProjectCache>& cache) {
  if (!cache) return {};
  if (cache->type == "S3") return unsupported("caches in S3; use the type LOCAL");
  if (cache->type == "LOCAL" && services::list_of(cache->modes).empty()) {
    return invalid_input("Modes are required for cache type LOCAL");
  }
  return {};
}

Result<> check_minutes(const char* what, const std::optional<std::int64_t>& minutes, std::int64_t most) {
  if (!minutes || (*minutes >= timeout_minutes_min && *minutes <= most)) return {};
  return invalid_input(
      fmt::format("Invalid {}: must be between {} and {} minutes", what, timeout_minutes_min, most));
}

Result<> check_what_is_missing(const Project& project) {
  if (!services::list_of(project.secondary_sources).empty()) return unsupported("secondary sources");
  if (!services::list_of(project.secondary_artifacts).empty()) return unsupported("secondary artifacts");
  if (!services::list_of(project.file_system_locations).empty()) return unsupported("file systems");
  if (project.vpc_config && project.vpc_config->vpc_id && !project.vpc_config->vpc_id->empty()) {
    return unsupported("builds in a VPC");
  }
  if (project.build_batch_config) return unsupported("batch builds");
  if (project.badge && project.badge->badge_enabled.value_or(false)) return unsupported("build badges");
  if (project.logs_config && project.logs_config->s3_logs &&
      project.logs_config->s3_logs->status == "ENABLED") {
    return unsupported("logs in S3");
  }
  return {};
}

Result<> check_role(const Context& context, const std::string& role) {
  if (iam::find_role(context.store, role)) return {};
  return invalid_input(
      "CodeBuild is not authorized to perform: sts:AssumeRole on service role. Please "
      "verify that: 1) The provided service role exists, 2) The role name is case-sensitive "
      "and matches exactly, and 3) The role has the necessary trust policy configured.");
}

}  // namespace

Result<> check_project(const Context& context, const Project& project) {
  if (auto checked = check_name(project.name.value_or("")); !checked) return checked;
  if (auto checked = check_source(project.source.value_or(ProjectSource())); !checked) return checked;
  if (auto checked = check_environment(project.environment.value_or(ProjectEnvironment())); !checked) {
    return checked;
  }
  if (auto checked = check_artifacts(project.artifacts.value_or(ProjectArtifacts())); !checked)
    return checked;
  if (auto checked = check_cache(project.cache); !checked) return checked;
  if (auto checked = check_what_is_missing(project); !checked) return checked;
  if (auto checked = check_minutes("timeout", project.timeout_in_minutes, timeout_minutes_max); !checked) {
    return checked;
  }
  if (auto checked = check_minutes("queued timeout", project.queued_timeout_in_minutes, queued_minutes_max);
      !checked) {
    return checked;
  }
  if (project.concurrent_build_limit && *project.concurrent_build_limit < 1) {
    return invalid_input("Invalid concurrent build limit: must be at least 1");
  }
  if (services::too_many_tags(services::list_of(project.tags))) {
    return invalid_input("The maximum number of tags is 50");
  }
  return check_role(context, project.service_role.value_or(""));
}

}  // namespace berth::codebuild
