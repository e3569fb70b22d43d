#include "reconcile/ecs_daemon.h"
#include "reconcile/task_spec.h"

namespace berth::reconcile {
namespace {

using ecs::TaskRow;

class TaskLifecycleTest : public EcsDaemon {
 protected:
  std::string run_task() {
    ecs::RunTaskRequest request;
    request.cluster = "learner-cluster";
    request.task_definition = "learner-svc-task";
    request.launch_type = "FARGATE";
    request.network_configuration = learner_network();
    const auto answer = ok(ecs::run_task, request);
    const std::string arn = *answer.tasks->front().task_arn;
    return std::string(last_part(arn));
  }
  const TaskRow& task(const std::string& id) { return *store_.find<TaskRow>(id); }
  void stop(const std::string& id) {
    ok(ecs::stop_task, ecs::StopTaskRequest{.task = id, .cluster = "learner-cluster"});
  }
  void put_password() {
    ASSERT_TRUE(store_.transact([&]() -> Result<> {
      ssm::ParameterRow parameter{.name = "/learner/password"};
      parameter.versions.push_back({.value = "hidden", .type = "SecureString"});
      store_.put(std::move(parameter));
      return {};
    }));
  }
  void register_secret(const std::string& parameter) {
    auto definition = learner_definition();
    definition.container_definitions->front().secrets =
        std::vector<ecs::Secret>{{.name = "PASSWORD", .value_from = parameter}};
    ok(ecs::register_task_definition, definition);
  }
  void register_image(const std::string& image) {
    auto definition = learner_definition();
    definition.container_definitions->front().image = image;
    ok(ecs::register_task_definition, definition);
  }
};

TEST_F(TaskLifecycleTest, ATaskRunsStopsAndIsForgotten) {
  std::vector<std::string> seen;
  store_.watch([&](const auto&) {
    for (const auto& [id, row] : store_.all<TaskRow>()) {
      if (seen.empty() || seen.back() != row.last_status) seen.push_back(row.last_status);
    }
  });
  const std::string id = run_task();
  run_for(5);
  EXPECT_EQ(task(id).last_status, "RUNNING");
  EXPECT_EQ(task(id).address, "10.0.1.4");
  EXPECT_EQ(task(id).containers.front().last_status, "RUNNING");
  EXPECT_FALSE(task(id).containers.front().runtime_id.empty());
  EXPECT_TRUE(task(id).pull_started_at && task(id).pull_stopped_at && task(id).connectivity_at);
  EXPECT_EQ(*task(id).started_at - task(id).created_at, Duration::ms(500));

  stop(id);
  run_for(5);
  EXPECT_EQ(task(id).last_status, "STOPPED");
  EXPECT_EQ(task(id).stop_code, "UserInitiated");
  EXPECT_EQ(task(id).containers.front().exit_code, 0);
  EXPECT_TRUE(task(id).stopping_at && task(id).execution_stopped_at && task(id).stopped_at);
  EXPECT_EQ(addresses_of_tasks(), 0u);
  EXPECT_TRUE(runtime_.task_ids().empty());
  EXPECT_EQ(seen, (std::vector<std::string>{"PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "STOPPING",
                                            "DEPROVISIONING", "STOPPED"}));
  run_for(3590);
  EXPECT_TRUE(store_.find<TaskRow>(id));
  run_for(20);
  EXPECT_FALSE(store_.find<TaskRow>(id));
}

TEST_F(TaskLifecycleTest, ARoleThatGoesBeforeTheTaskStartsStopsIt) {
  for (const char* role : {"learner-task-role", "learner-ecs-role"}) {
    const std::string id = run_task();
    const auto row = *store_.find<iam::RoleRow>(role);
    const auto put = [&](bool there) {
      return store_.transact([&]() -> Result<> {
        if (there) store_.put(row);
        if (!there) store_.erase<iam::RoleRow>(role);
        return {};
      });
    };
    ASSERT_TRUE(put(false));
    run_for(5);
    EXPECT_EQ(task(id).last_status, "STOPPED");
    EXPECT_EQ(task(id).stop_code, "TaskFailedToStart");
    EXPECT_EQ(
        task(id).stopped_reason,
        "ECS was unable to assume the role '" + row.arn +
            "' that was provided for this task. Please verify that the role being passed has the proper "
            "trust relationship and permissions and that your IAM user has permissions to pass this role.");
    EXPECT_TRUE(runtime_.task_ids().empty());
    ASSERT_TRUE(put(true));
  }
}

TEST_F(TaskLifecycleTest, EssentialExitAndOutOfMemory) {
  const std::string id = run_task();
  run_for(5);
  runtime_.crash(id, "web", 137, true);
  run_for(2);
  EXPECT_EQ(task(id).last_status, "STOPPED");
  EXPECT_EQ(task(id).stop_code, "EssentialContainerExited");
  EXPECT_EQ(task(id).stopped_reason, "Essential container in task exited");
  EXPECT_EQ(task(id).containers.front().exit_code, 137);
  EXPECT_EQ(task(id).containers.front().reason, "OutOfMemoryError: Container killed due to memory usage");
}

TEST_F(TaskLifecycleTest, AnEssentialExitStopsTheOthers) {
  auto definition = learner_definition();
  auto side = definition.container_definitions->front();
  side.name = "side";
  side.port_mappings.reset();
  side.essential = false;
  definition.container_definitions->push_back(side);
  ok(ecs::register_task_definition, definition);
  const std::string id = run_task();
  run_for(3);
  runtime_.crash(id, "side", 0);
  run_for(3);
  EXPECT_EQ(task(id).last_status, "RUNNING") << "a container that is not essential may end";
  runtime_.crash(id, "web", 1);
  run_for(3);
  EXPECT_EQ(task(id).last_status, "STOPPED");
  EXPECT_EQ(task(id).containers[0].exit_code, 1);
}

TEST_F(TaskLifecycleTest, AnImageThatCannotBePulled) {
  runtime_.set_image("nowhere", {.start_error = Error{"CannotPullContainerError", "pull access denied"}});
  register_image("nowhere");
  const std::string id = run_task();
  run_for(3);
  EXPECT_EQ(task(id).last_status, "STOPPED");
  EXPECT_EQ(task(id).stop_code, "TaskFailedToStart");
  EXPECT_EQ(task(id).stopped_reason, "CannotPullContainerError: pull access denied");
  EXPECT_EQ(task(id).containers.front().reason, "CannotPullContainerError: pull access denied");
  EXPECT_FALSE(task(id).started_at);
  EXPECT_EQ(addresses_of_tasks(), 0u);
}

TEST_F(TaskLifecycleTest, EnvironmentSecretsAndOverrides) {
  put_password();
  auto definition = learner_definition();
  auto& container = definition.container_definitions->front();
  container.environment =
      std::vector<ecs::KeyValuePair>{{.name = "A", .value = "1"}, {.name = "B", .value = "2"}};
  container.secrets = std::vector<ecs::Secret>{{.name = "PASSWORD", .value_from = "/learner/password"}};
  container.stop_timeout = 7;
  ok(ecs::register_task_definition, definition);
  const std::string id = run_task();
  ASSERT_TRUE(store_.transact([&]() -> Result<> {
    auto& overrides = store_.edit<TaskRow>(id)->overrides.container_overrides.emplace().emplace_back();
    overrides.name = "web";
    overrides.environment = std::vector<ecs::KeyValuePair>{{.name = "B", .value = "3"}};
    overrides.command = std::vector<std::string>{"sleep", "1"};
    return {};
  }));
  run_for(3);
  const auto& spec = runtime_.spec(id)->containers.front();
  const auto& environment = spec.environment;
  EXPECT_EQ(environment.at("A"), "1");
  EXPECT_EQ(environment.at("B"), "3");
  EXPECT_EQ(environment.at("PASSWORD"), "hidden");
  EXPECT_EQ(environment.at("AWS_EXECUTION_ENV"), "AWS_ECS_FARGATE");
  EXPECT_EQ(environment.at("AWS_REGION"), "us-east-1");
  EXPECT_EQ(environment.at("AWS_ENDPOINT_URL"), "http://198.51.100.1:443");
  EXPECT_EQ(environment.at("LOAD_TIME_SCALE"), "1");
  EXPECT_EQ(environment.at("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
            "/v2/credentials/" + task(id).credentials_id);
  EXPECT_EQ(environment.at("ECS_CONTAINER_METADATA_URI_V4"),
            "http://169.254.170.2/v4/" + task(id).containers.front().id);
  EXPECT_EQ(spec.command, (std::vector<std::string>{"sleep", "1"}));
  EXPECT_EQ(spec.stop_timeout, RealDuration::seconds(7));
  EXPECT_EQ(runtime_.spec(id)->cpu_vcpu, 0.25);
  EXPECT_EQ(runtime_.spec(id)->memory_mib, 512);
  EXPECT_EQ(runtime_.spec(id)->interface.subnet_cidr, "10.0.1.0/24");
  for (const auto& [key, row] : store_.all<TaskRow>()) {
    EXPECT_EQ(json::serialize(row_codec::write(row)).find("hidden"), std::string::npos);
  }
}

TEST_F(TaskLifecycleTest, AMissingSecretFailsAsOnAws) {
  register_secret("/learner/nothing");
  const std::string id = run_task();
  run_for(2);
  EXPECT_EQ(
      task(id).stopped_reason,
      "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval "
      "failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm "
      "parameters: /learner/nothing");
  EXPECT_EQ(runtime_.runs_of(id), 0);
}

TEST_F(TaskLifecycleTest, ASecretThatTheExecutionRoleMayNotReadFailsAsOnAws) {
  put_password();
  register_secret("/learner/password");
  ASSERT_TRUE(store_.transact([&]() -> Result<> {
    store_.edit<iam::RoleRow>("learner-ecs-role")->attached_policies.clear();
    return {};
  }));
  const std::string id = run_task();
  run_for(2);
  EXPECT_EQ(
      task(id).stopped_reason,
      "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval "
      "failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): "
      "AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/learner-ecs-role/" +
          id +
          " is not authorized to perform: ssm:GetParameters on resource: "
          "arn:aws:ssm:us-east-1:123456789012:parameter/learner/password because no identity-based policy "
          "allows the ssm:GetParameters action");
  EXPECT_EQ(runtime_.runs_of(id), 0);
}

TEST_F(TaskLifecycleTest, AFailureThatCannotBeStoredIsStoredLater) {
  put_password();
  register_secret("/learner/password");
  const std::string id = run_task();
  while (task(id).last_status != "PENDING") ASSERT_TRUE(loop_.run_one(loop_.now()));
  ASSERT_TRUE(store_.transact([&]() -> Result<> {
    store_.erase<ssm::ParameterRow>("/learner/password");
    return {};
  }));
  disk_.full = true;
  loop_.run_for(Duration::seconds(2));
  EXPECT_EQ(task(id).last_status, "PENDING");
  disk_.full = false;
  run_for(60);
  EXPECT_EQ(task(id).last_status, "STOPPED");
  EXPECT_EQ(task(id).stop_code, "TaskFailedToStart");
  EXPECT_EQ(runtime_.runs_of(id), 0);
}

TEST_F(TaskLifecycleTest, TheLogGroupMustExistOrBeAskedFor) {
  auto definition = learner_definition();
  auto& log = definition.container_definitions->front().log_configuration.emplace();
  log.log_driver = "awslogs";
  log.options = std::map<std::string, std::string>{
      {"awslogs-group", "/ecs/learner"}, {"awslogs-region", "us-east-1"}, {"awslogs-stream-prefix", "ecs"}};
  ok(ecs::register_task_definition, definition);
  const std::string without = run_task();
  run_for(2);
  EXPECT_EQ(task(without).last_status, "STOPPED");
  EXPECT_EQ(task(without).stop_code, "TaskFailedToStart");
  EXPECT_NE(task(without).stopped_reason.find("The specified log group does not exist."), std::string::npos);
  log.options->emplace("awslogs-create-group", "true");
  ok(ecs::register_task_definition, definition);
  const std::string with = run_task();
  run_for(2);
  EXPECT_EQ(task(with).last_status, "RUNNING");
  EXPECT_TRUE(store_.find<logs::LogGroupRow>("/ecs/learner"));
}

TEST_F(TaskLifecycleTest, OutputIsFollowedFromTheStoredOffset) {
  ASSERT_TRUE(store_.transact([&]() -> Result<> {
    store_.put(logs::LogGroupRow{.name = "/ecs/learner"});
    return {};
  }));
  auto definition = learner_definition();
  definition.container_definitions->front().log_configuration =
      ecs::LogConfiguration{.log_driver = "awslogs",
                            .options = std::map<std::string, std::string>{{"awslogs-group", "/ecs/learner"},
                                                                          {"awslogs-region", "us-east-1"},
                                                                          {"awslogs-stream-prefix", "ecs"}}};
  ok(ecs::register_task_definition, definition);
  const std::string id = run_task();
  run_for(3);
  EXPECT_EQ(runtime_.followed_from(id, "web"), 0);
  EXPECT_EQ(task(id).containers.front().log_stream, "ecs/web/" + id);
  runtime_.write(id, "web", "hello");
  EXPECT_EQ(sink_.text, "/web: hello\n");
  sink_.offset = 6;
  restart_daemon();
  run_for(1);
  EXPECT_EQ(runtime_.followed_from(id, "web"), 6);
}

TEST_F(TaskLifecycleTest, ARestartAdoptsStopsOrphansAndClosesWhatVanished) {
  const std::string kept = run_task(), gone = run_task();
  run_for(5);
  kill_daemon();
  runtime_.run({.id = "orphan"});
  run_for(2);
  runtime_.crash(gone, "web", 1);
  ASSERT_TRUE(store_.all<TaskRow>().at(gone).last_status == "RUNNING");
  start_daemon();
  run_for(3);
  EXPECT_EQ(runtime_.task_ids(), std::set<std::string>{kept});
  EXPECT_EQ(runtime_.runs_of(kept), 1);
  EXPECT_EQ(task(kept).last_status, "RUNNING");
  EXPECT_EQ(task(gone).last_status, "STOPPED");
  EXPECT_EQ(task(gone).stop_code, "TerminationNotice");
  runtime_.crash(kept, "web", 1);
  run_for(2);
  EXPECT_EQ(task(kept).last_status, "STOPPED") << "an adopted task is still listened to";
}

TEST_F(TaskLifecycleTest, ContainerHealthIsTheWorstOfTheEssentialOnes) {
  const std::string id = run_task();
  run_for(3);
  EXPECT_EQ(task(id).health, "UNKNOWN");
  runtime_.report_health(id, "web", true);
  EXPECT_EQ(task(id).health, "HEALTHY");
  runtime_.report_health(id, "web", false);
  EXPECT_EQ(task(id).health, "UNHEALTHY");
}

TEST_F(TaskLifecycleTest, StoppingBeforeItRanLeavesNothing) {
  const std::string early = run_task();
  stop(early);
  run_for(1);
  EXPECT_EQ(task(early).last_status, "STOPPED");
  const std::string pulling = run_task();
  loop_.run_for(Duration::ms(50));
  ASSERT_EQ(task(pulling).last_status, "PENDING");
  stop(pulling);
  run_for(1);
  EXPECT_EQ(task(pulling).last_status, "STOPPED");
  EXPECT_TRUE(runtime_.task_ids().empty());
  EXPECT_EQ(addresses_of_tasks(), 0u);
}

}  // namespace
}  // namespace berth::reconcile
