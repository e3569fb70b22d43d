#include "reconcile/builds.h"

#include <gtest/gtest.h>

#include "handlers/codebuild.h"
#include "services/iam/rows.h"
#include "services/logs/rows.h"
#include "services/ssm/rows.h"
#include "services/testing.h"

namespace berth::reconcile {
namespace {

constexpr const char* spec = R"(version: 0.2
env:
  parameter-store: {P: /p}
  exported-variables: [OUT]
phases:
  install: {commands: [prepare]}
  build: {commands: [make, make test], finally: [tidy up]}
  post_build: {commands: [tell]}
artifacts: {files: ['**/*']}
)";

// Does nothing by itself: the test says what becomes of each step.
struct FakeRunner final : world::BuildRunner {
  void clean(Callback done) override { done(); }
  void provision(const world::BuildPlace& place) override { places.push_back(place); }
  void download(const std::string&, const world::BuildSource& source) override { sources.push_back(source); }
  void run(const std::string&, const world::BuildCommands& commands) override { ran.push_back(commands); }
  void read_variables(const std::string&, const std::vector<std::string>&,
                      std::function<void(std::map<std::string, std::string>)> done) override {
    done({{"OUT", "42"}});
  }
  void upload(const std::string&, const world::BuildArtifacts& artifacts) override {
    uploads.push_back(artifacts);
  }
  void say(const std::string&, const std::string& text) override { said.push_back(text); }
  void use_cache(const std::string&, const std::vector<std::string>&) override {}
  void remove(const std::string& build_id) override { removed.push_back(build_id); }
  void keep_caches(const std::set<std::string>& caches) override { kept_caches = caches; }

  std::vector<world::BuildPlace> places;
  std::vector<world::BuildSource> sources;
  std::vector<world::BuildCommands> ran;
  std::vector<world::BuildArtifacts> uploads;
  std::vector<std::string> said, removed;
  std::set<std::string> kept_caches;
};

struct BuildsTest : services::HandlerTest, testing::Test {
  BuildsTest() {
    codebuild::add_tables(store);
    iam::add_tables(store);
    logs::add_tables(store);
    ssm::add_tables(store);
    write([&] {
      iam::RoleRow role;
      role.name = "r";
      role.arn = "arn:aws:iam::123456789012:role/r";
      store.put(role);
      ssm::ParameterRow parameter;
      parameter.name = "/p";
      parameter.versions.emplace_back().value = "from the store";
      store.put(parameter);
    });
    create("app", spec);
    builds.emplace(store, loop, settings, log_events, 2);
    builds->start(runner);
    settle();
  }

  void create(const std::string& name, const std::string& text) {
    codebuild::CreateProjectInput input;
    input.name = name;
    input.service_role = "arn:aws:iam::123456789012:role/r";
    input.source.emplace().type = "NO_SOURCE";
    input.source->buildspec = text;
    input.artifacts.emplace().type = "S3";
    input.artifacts->location = "bucket";
    input.environment.emplace().type = "LINUX_CONTAINER";
    input.environment->image = "aws/codebuild/standard:7.0";
    input.environment->compute_type = "BUILD_GENERAL1_SMALL";
    input.timeout_in_minutes = 10;
    input.queued_timeout_in_minutes = 5;
    const auto created = call(codebuild::create_project, input);
    ASSERT_TRUE(created) << created.error().message;
  }

  std::string start(const std::string& project = "app") {
    codebuild::StartBuildInput input;
    input.project_name = project;
    const auto started = call(codebuild::start_build, input);
    BERTH_CHECK(started.has_value());
    settle();
    return *started->build->id;
  }

  // What was posted runs; no time passes.
  void settle() { loop.run_until(loop.now()); }
  void pass(double minutes) { loop.run_until(loop.now() + Duration::minutes(minutes)); }

  codebuild::Build build(const std::string& id) { return store.find<codebuild::BuildRow>(id)->build; }
  static std::string uuid(const std::string& id) { return id.substr(id.find(':') + 1); }

  void tell(const std::string& id, world::BuildEventKind kind, int status = 0,
            const std::string& command = "", Error error = {}) {
    world::BuildEvent event;
    event.kind = kind;
    event.build_id = uuid(id);
    event.exit_status = status;
    event.command = command;
    event.error = std::move(error);
    event.source_folder = "/src";
    builds->on_build_event(event);
    settle();
  }

  void come_to_install(const std::string& id) {
    tell(id, world::BuildEventKind::provisioned);
    tell(id, world::BuildEventKind::source_ready);
  }

  // "INSTALL SUCCEEDED", in order.
  std::vector<std::string> phases(const std::string& id) {
    std::vector<std::string> out;
    const auto shown = build(id);
    for (const auto& phase : *shown.phases) {
      out.push_back(*phase.phase_type + (phase.phase_status ? " " + *phase.phase_status : ""));
    }
    return out;
  }

  std::string context_of(const std::string& id, const std::string& phase) {
    const auto shown = build(id);
    for (const auto& one : *shown.phases) {
      if (one.phase_type == phase)
        return *one.contexts->at(0).status_code + "|" + *one.contexts->at(0).message;
    }
    return "";
  }

  using Kind = world::BuildEventKind;
  FakeRunner runner;
  std::optional<Builds> builds;
};

TEST_F(BuildsTest, GoesThroughAllPhases) {
  const auto id = start();
  EXPECT_EQ(build(id).current_phase, "PROVISIONING");
  ASSERT_EQ(runner.places.size(), 1u);
  EXPECT_EQ(runner.places[0].cpu_vcpu, 2);
  EXPECT_EQ(runner.places[0].memory_mib, 4096);
  come_to_install(id);
  ASSERT_EQ(runner.ran.size(), 1u);
  EXPECT_EQ(runner.ran[0].commands, std::vector<std::string>{"prepare"});
  EXPECT_EQ(runner.ran[0].environment.at("P"), "from the store");
  EXPECT_EQ(runner.ran[0].environment.at("CODEBUILD_BUILD_ID"), id);
  for (int i = 0; i < 4; ++i) tell(id, Kind::phase_ended);
  EXPECT_EQ(runner.ran[2].at_end, std::vector<std::string>{"tidy up"});
  ASSERT_EQ(runner.uploads.size(), 1u);
  EXPECT_EQ(runner.uploads[0].location, "bucket/app");
  tell(id, Kind::uploaded);
  EXPECT_EQ(build(id).build_status, "IN_PROGRESS");
  EXPECT_EQ(runner.removed, std::vector<std::string>{uuid(id)});
  tell(id, Kind::gone);
  EXPECT_EQ(build(id).build_status, "SUCCEEDED");
  EXPECT_EQ(build(id).exported_environment_variables->at(0).value, "42");
  EXPECT_EQ(phases(id),
            (std::vector<std::string>{"SUBMITTED SUCCEEDED", "QUEUED SUCCEEDED", "PROVISIONING SUCCEEDED",
                                      "DOWNLOAD_SOURCE SUCCEEDED", "INSTALL SUCCEEDED", "PRE_BUILD SUCCEEDED",
                                      "BUILD SUCCEEDED", "POST_BUILD SUCCEEDED", "UPLOAD_ARTIFACTS SUCCEEDED",
                                      "FINALIZING SUCCEEDED", "COMPLETED"}));
}

TEST_F(BuildsTest, PostBuildFollowsAFailedBuild) {
  const auto id = start();
  come_to_install(id);
  tell(id, Kind::phase_ended);
  tell(id, Kind::phase_ended);
  tell(id, Kind::phase_ended, 7, "make test");
  EXPECT_EQ(context_of(id, "BUILD"),
            "COMMAND_EXECUTION_ERROR|Error while executing command: make test. Reason: exit status 7");
  EXPECT_EQ(runner.ran.back().phase, "POST_BUILD");
  EXPECT_EQ(runner.ran.back().environment.at("CODEBUILD_BUILD_SUCCEEDING"), "0");
  tell(id, Kind::phase_ended);
  tell(id, Kind::uploaded);
  tell(id, Kind::gone);
  EXPECT_EQ(build(id).build_status, "FAILED");
}

TEST_F(BuildsTest, AFailedInstallSkipsTheRest) {
  const auto id = start();
  come_to_install(id);
  tell(id, Kind::phase_ended, 1, "prepare");
  EXPECT_EQ(build(id).current_phase, "FINALIZING");
  tell(id, Kind::gone);
  EXPECT_EQ(build(id).build_status, "FAILED");
  EXPECT_EQ(runner.ran.size(), 1u);
}

TEST_F(BuildsTest, OnFailureSaysWhatFollows) {
  create("goes-on", "version: 0.2\nphases:\n  install: {on-failure: CONTINUE, commands: [a]}\n");
  create("stops", "version: 0.2\nphases:\n  build: {on-failure: ABORT, commands: [a]}\n");
  const auto on = start("goes-on");
  const auto off = start("stops");
  come_to_install(on);
  tell(on, Kind::phase_ended, 1, "a");
  EXPECT_EQ(build(on).current_phase, "PRE_BUILD");
  for (int i = 0; i < 3; ++i) tell(on, Kind::phase_ended);
  tell(on, Kind::gone);
  EXPECT_EQ(build(on).build_status, "SUCCEEDED");
  come_to_install(off);
  tell(off, Kind::phase_ended);
  tell(off, Kind::phase_ended);
  tell(off, Kind::phase_ended, 1, "a");
  EXPECT_EQ(build(off).current_phase, "FINALIZING");
}

TEST_F(BuildsTest, BadBuildspecsAndMissingParametersFailTheDownload) {
  create("bad", "version: 0.2\nphases:\n  bild: {}\n");
  create("lost", "version: 0.2\nenv:\n  parameter-store: {A: /nowhere}\nphases:\n  build: {commands: [a]}\n");
  create("secret", "version: 0.2\nenv:\n  secrets-manager: {A: s}\nphases:\n  build: {commands: [a]}\n");
  for (const auto& [project, said] :
       {std::pair{"bad",
                  "YAML_FILE_ERROR|invalid buildspec phase name: bild. Expecting: "
                  "install,pre_build,build,post_build at line 3"},
        std::pair{"lost", "Decrypted Variables Error|parameter does not exist: /nowhere"},
        std::pair{"secret",
                  "Secrets Manager Error Message|berth has no Secrets Manager yet: A cannot be given "
                  "the secret s"}}) {
    const auto id = start(project);
    come_to_install(id);
    EXPECT_EQ(context_of(id, "DOWNLOAD_SOURCE"), said);
    tell(id, Kind::gone);
    EXPECT_EQ(build(id).build_status, "FAILED");
  }
  EXPECT_TRUE(runner.ran.empty());
}

TEST_F(BuildsTest, MoreThanTheLimitWaitTheirTurn) {
  const auto first = start(), second = start(), third = start(), fourth = start();
  EXPECT_EQ(build(second).current_phase, "PROVISIONING");
  EXPECT_EQ(build(third).current_phase, "QUEUED");
  tell(first, Kind::failed, 0, "", {"X", "y"});
  EXPECT_EQ(build(third).current_phase, "QUEUED");  // the first is not gone yet
  tell(first, Kind::gone);
  EXPECT_EQ(build(third).current_phase, "PROVISIONING");
  EXPECT_EQ(build(fourth).current_phase, "QUEUED");
  pass(6);
  EXPECT_EQ(build(fourth).build_status, "TIMED_OUT");
  EXPECT_EQ(build(third).current_phase, "PROVISIONING");
}

TEST_F(BuildsTest, IsStoppedAndTimesOut) {
  const auto stopped = start(), late = start();
  come_to_install(stopped);
  codebuild::StopBuildInput stop;
  stop.id = stopped;
  ASSERT_TRUE(call(codebuild::stop_build, stop));
  settle();
  EXPECT_EQ(runner.removed, std::vector<std::string>{uuid(stopped)});
  tell(stopped, Kind::phase_ended, 137, "prepare");  // too late to matter
  tell(stopped, Kind::gone);
  EXPECT_EQ(build(stopped).build_status, "STOPPED");
  EXPECT_EQ(phases(stopped)[4], "INSTALL STOPPED");
  come_to_install(late);
  pass(10.1);
  EXPECT_EQ(context_of(late, "INSTALL"), "BUILD_TIMED_OUT|Build has timed out. ");
  tell(late, Kind::gone);
  EXPECT_EQ(build(late).build_status, "TIMED_OUT");
}

TEST_F(BuildsTest, AQueuedBuildIsStoppedAtOnce) {
  start(), start();
  const auto third = start();
  codebuild::StopBuildInput stop;
  stop.id = third;
  ASSERT_TRUE(call(codebuild::stop_build, stop));
  settle();
  EXPECT_EQ(build(third).build_status, "STOPPED");
}

TEST_F(BuildsTest, WhatAnEarlierProcessHadBegunIsAFault) {
  const auto begun = start(), second = start(), queued = start();
  come_to_install(begun);
  builds.reset();
  FakeRunner next;
  builds.emplace(store, loop, settings, log_events, 2);
  builds->start(next);
  settle();
  EXPECT_EQ(build(begun).build_status, "FAULT");
  EXPECT_EQ(build(second).build_status, "FAULT");
  EXPECT_EQ(phases(begun)[4], "INSTALL FAULT");
  EXPECT_EQ(build(queued).current_phase, "PROVISIONING");
  ASSERT_EQ(next.places.size(), 1u);
}

TEST_F(BuildsTest, ABrokenContainerIsAFault) {
  const auto id = start();
  come_to_install(id);
  tell(id, Kind::broken, 0, "", {"INTERNAL_SERVICE_ERROR", "gone"});
  tell(id, Kind::gone);
  EXPECT_EQ(build(id).build_status, "FAULT");
}

TEST_F(BuildsTest, OutputGoesToTheProjectsLog) {
  const auto id = start();
  builds->on_build_output(uuid(id), {{loop.now(), "hello", 6},
                                     {loop.now(),
                                      "\x1e"
                                      "Entering phase",
                                      20}});
  LogQuery query;
  query.group = "/aws/codebuild/app";
  query.streams = {uuid(id)};
  const auto events = log_events.read(query);
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 3u);
  EXPECT_EQ(events->at(1).message, "hello");
  EXPECT_TRUE(events->at(2).message.starts_with("[Container] "));
  EXPECT_TRUE(events->at(2).message.ends_with(" Entering phase"));
}

TEST_F(BuildsTest, CachesOfProjectsAreKept) {
  const auto before = runner.kept_caches;
  EXPECT_EQ(before.size(), 1u);
  codebuild::InvalidateProjectCacheInput input;
  input.project_name = "app";
  ASSERT_TRUE(call(codebuild::invalidate_project_cache, input));
  settle();
  EXPECT_EQ(runner.kept_caches.size(), 1u);
  EXPECT_NE(runner.kept_caches, before);
}

}  // namespace
}  // namespace berth::reconcile
