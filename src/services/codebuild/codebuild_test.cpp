#include "handlers/codebuild.h"

#include <gtest/gtest.h>

#include "services/codebuild/rows.h"
#include "services/iam/rows.h"
#include "services/testing.h"

namespace berth::codebuild {
namespace {

struct CodeBuildTest : services::HandlerTest, testing::Test {
  CodeBuildTest() {
    add_tables(store);
    iam::add_tables(store);
    write([&] {
      iam::RoleRow role;
      role.name = "r";
      role.arn = "arn:aws:iam::123456789012:role/r";
      store.put(role);
    });
  }

  static CreateProjectInput project(const std::string& name) {
    CreateProjectInput input;
    input.name = name;
    input.service_role = "arn:aws:iam::123456789012:role/r";
    input.source.emplace().type = "GITHUB";
    input.source->location = "https://example.com/app";
    input.artifacts.emplace().type = "NO_ARTIFACTS";
    input.environment.emplace().type = "LINUX_CONTAINER";
    input.environment->image = "aws/codebuild/standard:7.0";
    input.environment->compute_type = "BUILD_GENERAL1_SMALL";
    input.environment->environment_variables = {{{"A", "1", std::nullopt}, {"B", "2", std::nullopt}}};
    return input;
  }

  Build start(const StartBuildInput& input) {
    auto started = call(start_build, input);
    BERTH_CHECK(started.has_value());
    return *started->build;
  }

  static StartBuildInput of(const std::string& name) {
    StartBuildInput input;
    input.project_name = name;
    return input;
  }

  void finish(const std::string& id) {
    write([&] { store.edit<BuildRow>(id)->build.build_complete = true; });
  }
};

TEST_F(CodeBuildTest, ProjectsAreKeptWithDefaults) {
  const auto created = call(create_project, project("app"));
  ASSERT_TRUE(created) << created.error().message;
  EXPECT_EQ(created->project->arn, "arn:aws:codebuild:us-east-1:123456789012:project/app");
  EXPECT_EQ(created->project->timeout_in_minutes, 60);
  EXPECT_EQ(created->project->queued_timeout_in_minutes, 480);
  EXPECT_EQ(created->project->environment->environment_variables->at(0).type, "PLAINTEXT");
  EXPECT_EQ(message_of(create_project, project("app")),
            "Project already exists: arn:aws:codebuild:us-east-1:123456789012:project/app");
  UpdateProjectInput update;
  update.name = "app";
  update.description = "new";
  ASSERT_TRUE(call(update_project, update));
  BatchGetProjectsInput get;
  get.names = {{"app", "other"}};
  const auto got = call(batch_get_projects, get);
  EXPECT_EQ(got->projects->at(0).description, "new");
  EXPECT_EQ(got->projects->at(0).environment->image, "aws/codebuild/standard:7.0");
  EXPECT_EQ(got->projects_not_found, std::vector<std::string>{"other"});
  DeleteProjectInput gone;
  gone.name = "app";
  ASSERT_TRUE(call(delete_project, gone));
  ASSERT_TRUE(call(delete_project, gone));
  EXPECT_TRUE(call(list_projects, {})->projects->empty());
}

TEST_F(CodeBuildTest, WhatCannotBeIsRefusedInWords) {
  const auto refused = [&](auto change) {
    auto input = project("app");
    change(input);
    return message_of(create_project, input);
  };
  EXPECT_NE(refused([](auto& p) { p.name = "-x"; }).find("Invalid project name"), std::string::npos);
  EXPECT_EQ(refused([](auto& p) { p.source->location.reset(); }),
            "Location is required for source type GITHUB");
  EXPECT_EQ(refused([](auto& p) { p.source = ProjectSource{"NO_SOURCE"}; }),
            "Buildspec is required for source type NO_SOURCE");
  EXPECT_NE(
      refused([](auto& p) { p.service_role = "nobody"; }).find("not authorized to perform: sts:AssumeRole"),
      std::string::npos);
  EXPECT_EQ(refused([](auto& p) { p.environment->type = "WINDOWS_CONTAINER"; }),
            "berth does not support environments of type WINDOWS_CONTAINER");
  EXPECT_EQ(refused([](auto& p) { p.timeout_in_minutes = 4; }),
            "Invalid timeout: must be between 5 and 2160 minutes");
  EXPECT_EQ(refused([](auto& p) { p.environment->environment_variables->at(0).name = "a-b"; }),
            "Invalid environment variable name: a-b");
  EXPECT_EQ(message_of(start_build, of("none")),
            "Project cannot be found: arn:aws:codebuild:us-east-1:123456789012:project/none");
  EXPECT_EQ(code_of(start_build, of("none")), "ResourceNotFoundException");
}

TEST_F(CodeBuildTest, ABuildIsTheProjectWithOverrides) {
  ASSERT_TRUE(call(create_project, project("app")));
  auto input = of("app");
  input.source_version = "v1";
  input.buildspec_override = "ci.yml";
  input.environment_variables_override = {{{"B", "3", std::nullopt}, {"C", "/p", "PARAMETER_STORE"}}};
  input.compute_type_override = "BUILD_GENERAL1_LARGE";
  input.privileged_mode_override = true;
  const Build build = start(input);
  EXPECT_EQ(build.build_number, 1);
  EXPECT_EQ(build.current_phase, "SUBMITTED");
  EXPECT_EQ(build.build_status, "IN_PROGRESS");
  EXPECT_TRUE(build.id->starts_with("app:"));
  EXPECT_EQ(build.source_version, "v1");
  EXPECT_EQ(build.source->buildspec, "ci.yml");
  EXPECT_EQ(build.environment->compute_type, "BUILD_GENERAL1_LARGE");
  EXPECT_EQ(build.environment->privileged_mode, true);
  const auto& variables = *build.environment->environment_variables;
  ASSERT_EQ(variables.size(), 3u);
  EXPECT_EQ(variables[1].value, "3");
  EXPECT_EQ(build.logs->group_name, "/aws/codebuild/app");
  EXPECT_EQ("app:" + *build.logs->stream_name, *build.id);
  // The project stays what it was; the next build is number two.
  EXPECT_EQ(start(of("app")).source->buildspec, std::nullopt);
  EXPECT_EQ(store.find<ProjectRow>("app")->last_build_number, 2);

  RetryBuildInput retry;
  retry.id = build.id;
  const auto again = call(retry_build, retry);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->build->source->buildspec, "ci.yml");
  EXPECT_NE(again->build->id, build.id);
}

TEST_F(CodeBuildTest, ATokenStartsOneBuild) {
  ASSERT_TRUE(call(create_project, project("app")));
  auto input = of("app");
  input.idempotency_token = "t";
  EXPECT_EQ(start(input).id, start(input).id);
  input.source_version = "other";
  EXPECT_EQ(code_of(start_build, input), "InvalidInputException");
}

TEST_F(CodeBuildTest, AProjectsLimitThrottles) {
  auto limited = project("app");
  limited.concurrent_build_limit = 1;
  ASSERT_TRUE(call(create_project, limited));
  const auto build = start(of("app"));
  EXPECT_EQ(code_of(start_build, of("app")), "AccountLimitExceededException");
  finish(*build.id);
  start(of("app"));
}

TEST_F(CodeBuildTest, BuildsAreListedNewestFirstAndDeleted) {
  ASSERT_TRUE(call(create_project, project("app")));
  const auto first = *start(of("app")).id, second = *start(of("app")).id;
  EXPECT_EQ(*call(list_builds, {})->ids, (std::vector<std::string>{second, first}));
  ListBuildsForProjectInput list;
  list.project_name = "app";
  list.sort_order = "ASCENDING";
  EXPECT_EQ(*call(list_builds_for_project, list)->ids, (std::vector<std::string>{first, second}));
  finish(first);
  BatchDeleteBuildsInput gone;
  gone.ids = {{first, second}};
  const auto deleted = call(batch_delete_builds, gone);
  EXPECT_EQ(deleted->builds_deleted->size(), 1u);
  EXPECT_EQ(deleted->builds_not_deleted->at(0).status_code, "BUILD_IN_PROGRESS");
  BatchGetBuildsInput get;
  get.ids = {{first, second, "app:none"}};
  const auto got = call(batch_get_builds, get);
  EXPECT_EQ(got->builds->size(), 1u);
  EXPECT_EQ(*got->builds_not_found, (std::vector<std::string>{first, "app:none"}));
}

TEST_F(CodeBuildTest, StopIsAskedOfWhatRuns) {
  ASSERT_TRUE(call(create_project, project("app")));
  const auto id = *start(of("app")).id;
  StopBuildInput stop;
  stop.id = id;
  ASSERT_TRUE(call(stop_build, stop));
  EXPECT_TRUE(store.find<BuildRow>(id)->stop_requested);
  stop.id = "app:none";
  EXPECT_EQ(message_of(stop_build, stop),
            "Build cannot be found: arn:aws:codebuild:us-east-1:123456789012:build/app:none");
}

}  // namespace
}  // namespace berth::codebuild
