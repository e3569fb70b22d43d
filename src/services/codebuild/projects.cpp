// CodeBuild: projects.
#include <algorithm>

#include "handlers/codebuild.h"
#include "services/codebuild/project_checks.h"
#include "services/codebuild/replace_project.h"
#include "services/lists.h"
#include "services/paging.h"

namespace berth::codebuild {
namespace {

constexpr std::size_t projects_per_page = 100;
constexpr std::int64_t default_timeout_minutes = 60;
constexpr std::int64_t default_queued_minutes = 480;
constexpr int cache_id_digits = 16;

// What CreateProject and UpdateProject have in common. Of an update, what is not named stays.
template <class Input>
void take(Project& project, const Input& input) {
  const auto take_one = [](auto& to, const auto& from) {
    if (from) to = from;
  };
  take_one(project.description, input.description);
  take_one(project.source, input.source);
  take_one(project.secondary_sources, input.secondary_sources);
  take_one(project.source_version, input.source_version);
  take_one(project.secondary_source_versions, input.secondary_source_versions);
  take_one(project.artifacts, input.artifacts);
  take_one(project.secondary_artifacts, input.secondary_artifacts);
  take_one(project.cache, input.cache);
  take_one(project.environment, input.environment);
  take_one(project.service_role, input.service_role);
  take_one(project.timeout_in_minutes, input.timeout_in_minutes);
  take_one(project.queued_timeout_in_minutes, input.queued_timeout_in_minutes);
  take_one(project.encryption_key, input.encryption_key);
  take_one(project.tags, input.tags);
  take_one(project.vpc_config, input.vpc_config);
  take_one(project.logs_config, input.logs_config);
  take_one(project.file_system_locations, input.file_system_locations);
  take_one(project.build_batch_config, input.build_batch_config);
  take_one(project.concurrent_build_limit, input.concurrent_build_limit);
  take_one(project.auto_retry_limit, input.auto_retry_limit);
  if (input.badge_enabled) project.badge.emplace().badge_enabled = *input.badge_enabled;
}

void set_defaults(const Settings& settings, Project& project) {
  if (!project.timeout_in_minutes) project.timeout_in_minutes = default_timeout_minutes;
  if (!project.queued_timeout_in_minutes) project.queued_timeout_in_minutes = default_queued_minutes;
  if (!project.cache) project.cache.emplace().type = "NO_CACHE";
  if (!project.badge) project.badge.emplace().badge_enabled = false;
  if (!project.encryption_key) project.encryption_key = settings.arn("kms", "alias/aws/s3");
  if (!project.project_visibility) project.project_visibility = "PRIVATE";
  if (auto& environment = project.environment) {
    if (!environment->environment_variables) environment->environment_variables.emplace();
    if (!environment->privileged_mode) environment->privileged_mode = false;
    if (!environment->image_pull_credentials_type) environment->image_pull_credentials_type = "CODEBUILD";
    for (auto& variable : *environment->environment_variables) {
      if (!variable.type) variable.type = "PLAINTEXT";
    }
  }
}

}  // namespace

Result<CreateProjectOutput> create_project(Context& context, const CreateProjectInput& input) {
  ProjectRow row;
  row.name = input.name.value_or("");
  row.project.name = row.name;
  row.project.arn = project_arn(context.settings, row.name);
  row.project.created = context.now();
  row.project.last_modified = context.now();
  take(row.project, input);
  if (context.store.find<ProjectRow>(row.name)) {
    return Error{"ResourceAlreadyExistsException", "Project already exists: " + *row.project.arn};
  }
  set_defaults(context.settings, row.project);
  if (auto checked = check_project(context, row.project); !checked) return checked.error();
  row.cache_id = random_hex(context.ids(), cache_id_digits);
  context.store.put(row);
  return CreateProjectOutput{row.project};
}

Result<UpdateProjectOutput> update_project(Context& context, const UpdateProjectInput& input) {
  const auto found = find_project(context, input.name);
  if (!found) return found.error();
  Project project = (*found)->project;
  take(project, input);
  // AWS: -1 removes the limit.
  if (project.concurrent_build_limit == -1) project.concurrent_build_limit.reset();
  project.last_modified = context.now();
  set_defaults(context.settings, project);
  if (auto checked = check_project(context, project); !checked) return checked.error();
  context.store.edit<ProjectRow>((*found)->name)->project = project;
  return UpdateProjectOutput{project};
}

Result<> replace_project(Context& context, const CreateProjectInput& input) {
  const auto found = find_project(context, input.name);
  if (!found) return found.error();
  Project project;
  project.name = (*found)->name;
  project.arn = (*found)->project.arn;
  project.created = (*found)->project.created;
  project.last_modified = context.now();
  take(project, input);
  set_defaults(context.settings, project);
  if (auto checked = check_project(context, project); !checked) return checked;
  context.store.edit<ProjectRow>((*found)->name)->project = project;
  return {};
}

// Its builds stay, as on AWS. To delete what is not there is success.
Result<DeleteProjectOutput> delete_project(Context& context, const DeleteProjectInput& input) {
  if (const auto found = find_project(context, input.name)) {
    const std::string name = (*found)->name;
    context.store.erase<ProjectRow>(name);
  }
  return DeleteProjectOutput{};
}

Result<BatchGetProjectsOutput> batch_get_projects(Context& context, const BatchGetProjectsInput& input) {
  BatchGetProjectsOutput output;
  output.projects.emplace();
  output.projects_not_found.emplace();
  for (const auto& name : services::list_of(input.names)) {
    if (const auto found = find_project(context, name)) {
      output.projects->push_back((*found)->project);
    } else {
      output.projects_not_found->push_back(name);
    }
  }
  return output;
}

Result<ListProjectsOutput> list_projects(Context& context, const ListProjectsInput& input) {
  std::vector<const Project*> projects;
  for (const auto& [name, row] : context.store.all<ProjectRow>()) projects.push_back(&row.project);
  const std::string by = input.sort_by.value_or("NAME");
  if (by != "NAME") {
    const auto time = by == "CREATED_TIME" ? &Project::created : &Project::last_modified;
    std::stable_sort(projects.begin(), projects.end(),
                     [&](const Project* a, const Project* b) { return a->*time < b->*time; });
  }
  if (input.sort_order == "DESCENDING") std::reverse(projects.begin(), projects.end());
  auto page = services::page_of(std::move(projects), input.next_token, projects_per_page,
                                [](const Project* project) { return *project->name; },
                                {"InvalidInputException", "Invalid token"});
  if (!page) return page.error();
  ListProjectsOutput output;
  output.next_token = page->next_token;
  output.projects.emplace();
  for (const auto* project : page->items) output.projects->push_back(*project->name);
  return output;
}

Result<InvalidateProjectCacheOutput> invalidate_project_cache(Context& context,
                                                              const InvalidateProjectCacheInput& input) {
  const auto found = find_project(context, input.project_name);
  if (!found) return found.error();
  context.store.edit<ProjectRow>((*found)->name)->cache_id = random_hex(context.ids(), cache_id_digits);
  return InvalidateProjectCacheOutput{};
}

}  // namespace berth::codebuild
