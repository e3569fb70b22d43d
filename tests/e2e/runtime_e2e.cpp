// The Runtime and Network ports on this machine's Podman, with real containers.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "base/digest.h"
#include "base/text.h"
#include "host/container_runtime.h"
#include "host/netns.h"
#include "host/process.h"
#include "loop/asio_loop.h"

namespace berth::host {
namespace {

using world::TaskEventKind;

constexpr const char* image = "localhost/berth-e2e-probe:latest";

class Recorder final : public world::RuntimeListener {
 public:
  void on_task_event(const world::TaskEvent& event) override { events.push_back(event); }
  void on_output(const std::string& task, const std::string& container, std::vector<world::LogLine> lines,
                 std::int64_t lost) override {
    dropped += lost;
    if (stores && !lines.empty()) stores->output_stored(task, container, lines.back().end_offset);
    for (auto& line : lines) output[task + "/" + container].push_back(std::move(line));
  }

  const world::TaskEvent* last(const std::string& task, TaskEventKind kind,
                               const std::string& container = {}) const {
    for (auto event = events.rbegin(); event != events.rend(); ++event) {
      if (event->task_id == task && event->kind == kind && event->container == container) return &*event;
    }
    return nullptr;
  }

  std::vector<std::string> texts(const std::string& key) const {
    std::vector<std::string> out;
    const auto found = output.find(key);
    if (found == output.end()) return out;
    for (const auto& line : found->second) out.push_back(line.text);
    return out;
  }

  std::vector<world::TaskEvent> events;
  std::map<std::string, std::vector<world::LogLine>> output;
  std::int64_t dropped = 0;
  world::Runtime* stores = nullptr;  // is told that lines are stored as soon as they come
};

std::string task_id(int number) {
  return hex(sha256("task " + std::to_string(number))).substr(0, 32);
}

class RuntimeE2e : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!usable()) return;
    data_dir_ = (std::filesystem::temp_directory_path() / "berth-e2e-XXXXXX").string();
    ASSERT_NE(mkdtemp(data_dir_.data()), nullptr);
    std::filesystem::copy_file(E2E_PROBE, data_dir_ + "/probe");
    std::ofstream(data_dir_ + "/Dockerfile") << "FROM scratch\nCOPY probe /probe\nENTRYPOINT [\"/probe\"]\n";
    const auto built =
        run_checked({"podman", "--cgroup-manager", "cgroupfs", "build", "-q", "-t", image, data_dir_},
                    {.timeout = RealDuration::seconds(60)});
    ASSERT_TRUE(built) << built.error().message;
  }

  static void TearDownTestSuite() {
    if (data_dir_.empty()) return;
    static_cast<void>(!run_checked({"podman", "rmi", "-f", image}));
    std::filesystem::remove_all(data_dir_);
  }

  static bool usable() {
    return geteuid() == 0 && !find_program("podman").empty() && !find_program("ip").empty();
  }

  void SetUp() override {
    if (!usable()) GTEST_SKIP() << "needs root and Podman";
    restart();
  }

  // Everything that berth made is gone at the end of every test.
  void TearDown() override {
    if (!usable()) return;
    bool gone = false, network_gone = false;
    runtime_->remove_everything([&] { gone = true; });
    EXPECT_TRUE(until([&] { return gone; }));
    network_->apply({}, [&](Result<> done) { network_gone = static_cast<bool>(done); });
    EXPECT_TRUE(until([&] { return network_gone; }));
    const Names names(data_dir_);
    EXPECT_EQ(netns_names(names.daemon()), std::vector<std::string>());
    for (const auto& hierarchy : std::filesystem::directory_iterator("/sys/fs/cgroup")) {
      EXPECT_FALSE(std::filesystem::exists(hierarchy.path() / names.daemon())) << hierarchy.path();
    }
    const auto left =
        run_checked({"podman", "ps", "-aq", "--filter", "label=berth.daemon=" + names.daemon()});
    EXPECT_EQ(left.value(), "");
    EXPECT_EQ(run_checked({"pgrep", "-f", "unix://" + data_dir_}).has_value(), false);
  }

  // As kill -9 and a new start: what the old objects knew is lost.
  void restart() {
    runtime_.reset();
    network_.reset();
    network_ = std::make_unique<VpcNetwork>(loop_, data_dir_);
    for (int number = 0; number < 10; ++number) protect(task_id(number), {{anything}, {anything}});
    runtime_ = std::make_unique<ContainerRuntime>(loop_, seen_, *network_, RuntimeConfig{data_dir_});
    seen_.stores = stores_output_ ? runtime_.get() : nullptr;
  }

  template <class Condition>
  bool until(Condition condition, int seconds = 20) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      loop_.io().restart();
      loop_.io().run_for(std::chrono::milliseconds(1));
    }
    return true;
  }

  void pass(int ms) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
    until([&] { return std::chrono::steady_clock::now() > end; });
  }

  bool saw(const std::string& task, TaskEventKind kind, const std::string& container = {}, int seconds = 20) {
    if (until([&] { return seen_.last(task, kind, container) != nullptr; }, seconds)) return true;
    tell(task);
    return false;
  }

  // What is known of a task that did not do what a test waits for.
  void tell(const std::string& task) const {
    for (const auto& event : seen_.events) {
      if (event.task_id != task) continue;
      std::printf("event %d of %s: exit code %d %s %s\n", static_cast<int>(event.kind), event.container.c_str(),
                  event.exit_code, event.error.code.c_str(), event.error.message.c_str());
      if (event.kind != TaskEventKind::container_started) continue;
      const auto state = run_checked({"podman", "inspect", "--format", "{{json .State}}", event.runtime_id});
      std::printf("%s\n", state ? state->c_str() : state.error().message.c_str());
    }
  }

  static world::ContainerSpec container(const std::string& name, std::vector<std::string> command) {
    world::ContainerSpec spec;
    spec.name = name;
    spec.image = image;
    spec.command = std::move(command);
    spec.stop_timeout = RealDuration::seconds(2);
    return spec;
  }

  static world::TaskSpec task(int number, std::vector<world::ContainerSpec> containers) {
    world::TaskSpec spec;
    spec.id = task_id(number);
    spec.cpu_vcpu = 0.25;
    spec.memory_mib = 512;
    spec.interface = {"vpc-1", "subnet-1", "10.0.1.0/24", "10.0.1." + std::to_string(10 + number),
                      "02:00:00:00:00:" + std::to_string(10 + number)};
    spec.containers = std::move(containers);
    return spec;
  }

  void protect(const std::string& task, const world::FirewallSpec& firewall) {
    // Again where it fails, as FirewallSync does: a task of an earlier process may just be going.
    std::optional<Result<>> answer;
    const auto ask = [&] { network_->protect({{task, firewall}}, [&](Result<> result) { answer = result; }); };
    ask();
    ASSERT_TRUE(until([&] {
      if (answer && !*answer) {
        answer.reset();
        ask();
      }
      return answer.has_value();
    }));
  }

  // What the task answers to someone inside its VPC, at the gateway or at another address there.
  std::string answer_of(const world::InterfaceSpec& interface, int port, const char* source = "0.0.0.0") {
    std::string answer;
    static_cast<void>(!in_netns(network_->vpc_namespace(interface.vpc_id), [&]() -> Result<> {
      const Fd connection(socket(AF_INET, SOCK_STREAM, 0));
      const timeval patience{1, 0};
      setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
      sockaddr_in name{};
      name.sin_family = AF_INET;
      inet_pton(AF_INET, source, &name.sin_addr);
      if (bind(connection.get(), reinterpret_cast<sockaddr*>(&name), sizeof name) != 0) return {};
      name.sin_port = htons(static_cast<std::uint16_t>(port));
      inet_pton(AF_INET, interface.address.c_str(), &name.sin_addr);
      char text[256];
      if (connect(connection.get(), reinterpret_cast<sockaddr*>(&name), sizeof name) != 0) return {};
      const auto got = read(connection.get(), text, sizeof text);
      if (got > 0) answer.assign(text, static_cast<std::size_t>(got));
      return {};
    }));
    return answer;
  }

  static inline const world::TrafficRule anything{"-1", -1, -1, {"0.0.0.0/0"}};
  static std::string data_dir_;
  AsioLoop loop_{machine_date(), 1, 1};
  Recorder seen_;
  bool stores_output_ = true;
  std::unique_ptr<VpcNetwork> network_;
  std::unique_ptr<ContainerRuntime> runtime_;
};

std::string RuntimeE2e::data_dir_;

TEST_F(RuntimeE2e, RunsATaskThatAnswersInItsVpc) {
  const auto spec = task(1, {container("web", {"serve", "80"})});
  runtime_->run(spec);
  runtime_->run(spec);  // once more is the same
  ASSERT_TRUE(saw(spec.id, TaskEventKind::started));
  std::vector<TaskEventKind> kinds;
  for (const auto& event : seen_.events) kinds.push_back(event.kind);
  EXPECT_EQ(kinds, (std::vector<TaskEventKind>{TaskEventKind::pull_started, TaskEventKind::pull_stopped,
                                               TaskEventKind::container_created,
                                               TaskEventKind::container_started, TaskEventKind::started}));
  EXPECT_TRUE(seen_.events[2].image_digest.starts_with("sha256:"));
  EXPECT_TRUE(until([&] { return answer_of(spec.interface, 80) == "I am ip-10-0-1-11\n"; }));
  EXPECT_TRUE(runtime_->info().reachable);
  EXPECT_TRUE(runtime_->info().engine.starts_with("podman 4"));
}

TEST_F(RuntimeE2e, KeepsTheTaskWithinItsCpu) {
  const auto spec = task(1, {container("a", {"burn", "2"}), container("b", {"burn", "1"})});
  runtime_->run(spec);
  ASSERT_TRUE(saw(spec.id, TaskEventKind::started));
  pass(500);
  const auto before = runtime_->usage(spec.id);
  pass(3000);
  const auto after = runtime_->usage(spec.id);
  ASSERT_TRUE(before && after);
  const double cores = static_cast<double>(after->cpu_us - before->cpu_us) /
                       static_cast<double>((after->measured_at - before->measured_at).us);
  std::printf("cores used: %.3f\n", cores);
  EXPECT_NEAR(cores, 0.25, 0.025);
  EXPECT_GT(after->memory_bytes, 0);
}

TEST_F(RuntimeE2e, EndsATaskThatIsOutOfMemory) {
  auto spec = task(1, {container("hungry", {"eat", "200"})});
  spec.memory_mib = 64;
  auto own_limit = task(2, {container("hungry", {"eat", "200"})});
  own_limit.containers[0].memory_mib = 32;
  runtime_->run(spec);
  runtime_->run(own_limit);
  for (const auto& id : {spec.id, own_limit.id}) {
    ASSERT_TRUE(saw(id, TaskEventKind::stopped));
    const auto* exited = seen_.last(id, TaskEventKind::container_exited, "hungry");
    ASSERT_NE(exited, nullptr);
    EXPECT_EQ(exited->exit_code, 137);
    EXPECT_TRUE(exited->out_of_memory);
  }
}

TEST_F(RuntimeE2e, StopsPolitelyThenByForce) {
  const auto polite = task(1, {container("one", {"polite"})});
  const auto deaf = task(2, {container("one", {"deaf"})});
  runtime_->run(polite);
  runtime_->run(deaf);
  ASSERT_TRUE(saw(polite.id, TaskEventKind::started) && saw(deaf.id, TaskEventKind::started));
  runtime_->follow_output(polite.id, "one", 0);
  EXPECT_TRUE(until([&] { return seen_.texts(polite.id + "/one") == std::vector<std::string>{"hello"}; }));
  const auto start = std::chrono::steady_clock::now();
  runtime_->stop(polite.id);
  runtime_->stop(deaf.id);
  ASSERT_TRUE(saw(polite.id, TaskEventKind::container_exited, "one"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(1500));
  ASSERT_TRUE(saw(deaf.id, TaskEventKind::container_exited, "one"));
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  EXPECT_EQ(seen_.last(polite.id, TaskEventKind::container_exited, "one")->exit_code, 0);
  EXPECT_EQ(seen_.last(deaf.id, TaskEventKind::container_exited, "one")->exit_code, 137);
  EXPECT_FALSE(seen_.last(deaf.id, TaskEventKind::container_exited, "one")->out_of_memory);
  // The farewell is delivered before the container is taken away.
  ASSERT_TRUE(until([&] {
    return seen_.texts(polite.id + "/one") == std::vector<std::string>{"hello", "bye"};
  }));
  ASSERT_TRUE(saw(polite.id, TaskEventKind::stopped) && saw(deaf.id, TaskEventKind::stopped));
  EXPECT_FALSE(netns_exists(Names(data_dir_).task_namespace(polite.id)));
  EXPECT_FALSE(runtime_->usage(polite.id));
  runtime_->stop(task_id(3));  // unknown
  EXPECT_TRUE(saw(task_id(3), TaskEventKind::stopped));
}

TEST_F(RuntimeE2e, TakesOverWhatAnEarlierProcessStarted) {
  const auto spec = task(1, {container("web", {"serve", "80"})});
  const auto orphan = task(2, {container("web", {"serve", "80"})});
  runtime_->run(spec);
  runtime_->run(orphan);
  ASSERT_TRUE(saw(spec.id, TaskEventKind::started) && saw(orphan.id, TaskEventKind::started));
  const std::string runtime_id = seen_.last(spec.id, TaskEventKind::container_started, "web")->runtime_id;
  restart();
  seen_.events.clear();
  std::vector<world::TaskState> listed;
  runtime_->list([&](auto states) { listed = states.value(); });
  ASSERT_TRUE(until([&] { return listed.size() == 2; }));
  for (const auto& state : listed) {
    EXPECT_TRUE(state.started);
    ASSERT_EQ(state.containers.size(), 1u);
    EXPECT_TRUE(state.containers[0].running);
  }
  runtime_->run(spec);
  ASSERT_TRUE(saw(spec.id, TaskEventKind::started));
  EXPECT_EQ(seen_.last(spec.id, TaskEventKind::container_started, "web")->runtime_id, runtime_id);
  EXPECT_EQ(answer_of(spec.interface, 80), "I am ip-10-0-1-11\n");
  runtime_->stop(orphan.id);  // that no one has asked to run in this process
  ASSERT_TRUE(saw(orphan.id, TaskEventKind::stopped));
  runtime_->stop(spec.id);
  ASSERT_TRUE(saw(spec.id, TaskEventKind::stopped));
}

// After a reboot nothing runs, whatever the engine remembers; what is left of the task goes away.
TEST_F(RuntimeE2e, BuriesTasksOfAnEarlierBoot) {
  const auto spec = task(1, {container("web", {"serve", "80"})});
  const Names names(data_dir_);
  const auto left =
      run_checked({"podman", "--runtime", "runc", "--cgroup-manager", "cgroupfs", "create", "--network",
                   "none", "--name", names.container(spec.id, "web"), "--label",
                   "berth.daemon=" + names.daemon(), "--label", "berth.task=" + spec.id, "--label",
                   "berth.container=web", "--label", "berth.boot=an-earlier-one", image});
  ASSERT_TRUE(left) << left.error().message;
  restart();
  runtime_->run(spec);
  ASSERT_TRUE(saw(spec.id, TaskEventKind::stopped));
  EXPECT_EQ(seen_.last(spec.id, TaskEventKind::container_exited, "web")->exit_code, 137);
}

// Whenever it is killed while a task starts, the next start ends up with one running task.
TEST_F(RuntimeE2e, GoesOnWithAStartThatWasCutOff) {
  const auto spec = task(1, {container("web", {"serve", "80"})});
  runtime_->run(spec);
  ASSERT_TRUE(saw(spec.id, TaskEventKind::started));  // the engine's own start is not what is cut off here
  runtime_->stop(spec.id);
  ASSERT_TRUE(saw(spec.id, TaskEventKind::stopped));
  for (int ms = 0; ms <= 120; ms += 12) {
    seen_.events.clear();
    runtime_->run(spec);
    pass(ms);
    restart();
    seen_.events.clear();
    runtime_->run(spec);
    ASSERT_TRUE(saw(spec.id, TaskEventKind::started)) << ms;
    EXPECT_TRUE(until([&] { return answer_of(spec.interface, 80) == "I am ip-10-0-1-11\n"; })) << ms;
    const auto containers = run_checked({"podman", "ps", "-aq", "--filter", "label=berth.task=" + spec.id});
    EXPECT_EQ(split(trim(*containers), '\n').size(), 1u) << ms;
    seen_.events.clear();
    runtime_->stop(spec.id);
    ASSERT_TRUE(saw(spec.id, TaskEventKind::stopped)) << ms;
  }
}

TEST_F(RuntimeE2e, DeliversOutputExactlyOnceAcrossRestarts) {
  constexpr int count = 400;
  const auto spec = task(1, {container("talk", {"lines", std::to_string(count), "2000"})});
  const std::string key = spec.id + "/talk";
  stores_output_ = false;
  seen_.stores = nullptr;
  runtime_->run(spec);
  ASSERT_TRUE(saw(spec.id, TaskEventKind::started));
  runtime_->follow_output(spec.id, "talk", 0);
  for (int round = 1; round <= 3; ++round) {
    ASSERT_TRUE(until([&] { return seen_.output[key].size() >= static_cast<std::size_t>(round * 80); }));
    // What came last is not stored when the process dies, so it is delivered again.
    auto& lines = seen_.output[key];
    lines.resize(lines.size() - 5);
    const std::int64_t stored = lines.back().end_offset;
    runtime_->output_stored(spec.id, "talk", stored);
    restart();
    runtime_->run(spec);
    runtime_->follow_output(spec.id, "talk", stored);
  }
  ASSERT_TRUE(saw(spec.id, TaskEventKind::container_exited, "talk"));
  ASSERT_TRUE(until([&] { return seen_.output[key].size() >= count; }));
  runtime_->output_stored(spec.id, "talk", seen_.output[key].back().end_offset);
  ASSERT_TRUE(saw(spec.id, TaskEventKind::stopped));
  const auto texts = seen_.texts(key);
  ASSERT_EQ(texts.size(), static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) EXPECT_EQ(texts[static_cast<std::size_t>(i)], "line " + std::to_string(i));
  EXPECT_EQ(seen_.dropped, 0);
}

TEST_F(RuntimeE2e, HonoursTheContainersSettings) {
  auto spec = task(1, {container("one", {"report"})});
  auto& one = spec.containers[0];
  one.environment = {{"GREETING", "hello world"}};
  one.working_directory = "/proc";
  one.user = "1234:5678";
  one.readonly_root = true;
  one.ulimits = {{"nofile", 512, 512}};
  runtime_->run(spec);
  runtime_->follow_output(spec.id, "one", 0);
  ASSERT_TRUE(saw(spec.id, TaskEventKind::container_exited, "one"));
  const std::string key = spec.id + "/one";
  ASSERT_TRUE(until([&] {
    const auto texts = seen_.texts(key);
    return !texts.empty() && texts.back().starts_with("NoNewPrivs");
  }));
  const std::string all = join(seen_.texts(key), "\n");
  for (const char* expected : {"env GREETING=hello world", "cwd /proc", "uid 1234 gid 5678", "nofile 512",
                               "root read-only", "CapBnd:\t00000000a80425fb", "NoNewPrivs:\t1"}) {
    EXPECT_NE(all.find(expected), std::string::npos) << expected << "\n" << all;
  }
}

TEST_F(RuntimeE2e, ObeysDependenciesAndHealth) {
  auto first = container("first", {"exit", "0"});
  first.essential = false;
  auto base = container("base", {"healthy-after", "1"});
  base.health_check = world::HealthCheckSpec{{"CMD", "/probe", "check"}, Duration::ms(300)};
  base.depends_on = {{"first", "SUCCESS"}};
  auto last = container("last", {"polite"});
  last.depends_on = {{"base", "HEALTHY"}};
  const auto spec = task(1, {last, base, first});
  runtime_->run(spec);
  ASSERT_TRUE(saw(spec.id, TaskEventKind::container_started, "last"));
  const auto position = [&](TaskEventKind kind, const std::string& name) {
    return seen_.last(spec.id, kind, name) - seen_.events.data();
  };
  EXPECT_LT(position(TaskEventKind::container_exited, "first"),
            position(TaskEventKind::container_started, "base"));
  EXPECT_LT(position(TaskEventKind::container_health, "base"),
            position(TaskEventKind::container_started, "last"));
  EXPECT_TRUE(seen_.last(spec.id, TaskEventKind::container_health, "base")->healthy);
  runtime_->stop(spec.id);
  ASSERT_TRUE(saw(spec.id, TaskEventKind::stopped));
  EXPECT_LT(position(TaskEventKind::container_exited, "last"),
            position(TaskEventKind::container_exited, "base"));
}

TEST_F(RuntimeE2e, SaysWhyATaskCannotStart) {
  auto no_image = task(1, {container("one", {})});
  no_image.containers[0].image = "localhost/no-such-image:latest";
  auto no_program = task(2, {container("one", {})});
  no_program.containers[0].entry_point = {"/no-such-program"};
  auto dependency = task(3, {container("job", {"exit", "3"}), container("main", {"polite"})});
  dependency.containers[1].depends_on = {{"job", "SUCCESS"}};
  for (const auto& spec : {no_image, no_program, dependency}) runtime_->run(spec);
  ASSERT_TRUE(saw(no_image.id, TaskEventKind::start_failed, {}, 60));
  EXPECT_EQ(seen_.last(no_image.id, TaskEventKind::start_failed)->error.code, "CannotPullContainerError");
  ASSERT_TRUE(saw(no_program.id, TaskEventKind::start_failed));
  EXPECT_EQ(seen_.last(no_program.id, TaskEventKind::start_failed)->error.code, "CannotStartContainerError");
  ASSERT_TRUE(until([&] {
    return seen_.last(dependency.id, TaskEventKind::start_failed) != nullptr ||
           seen_.last(dependency.id, TaskEventKind::stopped) != nullptr;
  }));
}

TEST_F(RuntimeE2e, TheGatewayStaysTheSameWhenTasksComeAndGo) {
  const std::string space = network_->vpc_namespace("vpc-1");
  const std::string bridge = Names::bridge("subnet-1");
  const auto known_to_kernel = [&](const std::string& name) {
    return run_checked({"ip", "-n", name, "neigh", "show", "10.0.1.1"}).value();
  };
  const auto hardware_address = [&] {
    const auto shown = run_checked({"ip", "-n", space, "-o", "link", "show", bridge}).value();
    const auto at = shown.find("link/ether ");
    return at == std::string::npos ? shown : shown.substr(at + 11, 17);
  };
  runtime_->run(task(1, {container("web", {"serve", "80"})}));
  ASSERT_TRUE(saw(task_id(1), TaskEventKind::started));
  const auto address = hardware_address();
  EXPECT_NE(known_to_kernel(Names(data_dir_).task_namespace(task_id(1))).find(address), std::string::npos);
  for (int number = 2; number <= 6; ++number) {
    runtime_->run(task(number, {container("web", {"serve", "80"})}));
    ASSERT_TRUE(saw(task_id(number), TaskEventKind::started));
    EXPECT_EQ(hardware_address(), address) << "with " << number << " tasks";
  }
  // A release before left the bridge with the address of a port.
  ASSERT_TRUE(run_checked({"ip", "-n", space, "link", "set", bridge, "address", "02:00:00:00:00:99"}));
  restart();
  bool applied = false;
  network_->apply({{"vpc-1", "10.0.0.0/16", {{"subnet-1", "10.0.1.0/24"}}}},
                  [&](Result<> done) { applied = static_cast<bool>(done); });
  ASSERT_TRUE(until([&] { return applied; }));
  EXPECT_EQ(hardware_address(), address);
}

// Only the load balancer's address, then only another task's: nobody else, not even the host's own processes.
TEST_F(RuntimeE2e, SecurityGroupsAreEnforced) {
  std::vector<world::VpcSpec> vpcs{
      {"vpc-1", "10.0.0.0/16", {{"subnet-1", "10.0.1.0/24"}, {"subnet-2", "10.0.2.0/24"}}, {"10.0.1.5"}}};
  bool applied = false;
  network_->apply(vpcs, [&](Result<> done) { applied = static_cast<bool>(done); });
  ASSERT_TRUE(until([&] { return applied; }));
  const auto web = task(1, {container("web", {"serve", "80"})});
  const auto asker = [&](int number) {
    auto spec = task(number, {container("ask", {"ask", web.interface.address, "80"})});
    const std::string host = std::to_string(10 + number);
    spec.interface = {"vpc-1", "subnet-2", "10.0.2.0/24", "10.0.2." + host, "02:00:00:00:00:" + host};
    return spec;
  };
  const auto exit_code = [&](const world::TaskSpec& spec) {
    runtime_->run(spec);
    if (!saw(spec.id, TaskEventKind::container_exited, "ask")) return -1;
    return seen_.last(spec.id, TaskEventKind::container_exited, "ask")->exit_code;
  };
  protect(web.id, {{{"tcp", 80, 80, {"10.0.1.5/32"}}}, {}});
  runtime_->run(web);
  ASSERT_TRUE(saw(web.id, TaskEventKind::started));
  const std::string answer = "I am ip-10-0-1-11\n";
  EXPECT_TRUE(until([&] { return answer_of(web.interface, 80, "10.0.1.5") == answer; }));
  EXPECT_EQ(answer_of(web.interface, 80), "");
  EXPECT_EQ(exit_code(asker(3)), 7);  // no connection

  protect(web.id, {{{"tcp", 79, 80, {"10.0.2.0/24", "10.0.3.1/32"}}}, {}});  // the running task's, at once
  EXPECT_EQ(answer_of(web.interface, 80, "10.0.1.5"), "");
  EXPECT_EQ(exit_code(asker(4)), 0);
  const auto shut_in = asker(5);
  protect(shut_in.id, {{anything}, {{"tcp", 443, 443, {"0.0.0.0/0"}}}});
  EXPECT_EQ(exit_code(shut_in), 7);

  restart();  // a new daemon finds the rules it left
  runtime_->run(web);
  ASSERT_TRUE(until([&] { return answer_of(web.interface, 80, "10.0.1.5") == answer; }));
}

// An internet gateway lets public addresses out, a NAT gateway its subnet's; who has neither stays inside.
TEST_F(RuntimeE2e, TasksReachOutThroughTheirRoutesOnly) {
  world::VpcSpec vpc{"vpc-1", "10.0.0.0/16"};
  vpc.subnets = {{"subnet-1", "10.0.1.0/24", true},
                 {"subnet-2", "10.0.2.0/24", false, "198.18.0.1"},
                 {"subnet-3", "10.0.3.0/24"}};
  const auto apply = [&] {
    bool applied = false;
    network_->apply({vpc}, [&](Result<> done) { applied = static_cast<bool>(done); });
    ASSERT_TRUE(until([&] { return applied; }));
  };
  apply();
  int listener = -1;
  network_->listen_in_internet([&](Result<int> opened) { listener = opened.value(); });
  ASSERT_TRUE(until([&] { return listener >= 0; }));
  // Who asks from which subnet, and whom the API sees; empty: nobody gets there.
  const auto asks = [&](int number, const std::string& subnet, const std::string& public_address) {
    auto spec = task(number, {container("ask", {"ask", api_address, std::to_string(api_port)})});
    const std::string host = std::to_string(10 + number);
    spec.interface = {"vpc-1", "subnet-" + subnet, "10.0." + subnet + ".0/24", "10.0." + subnet + "." + host,
                      "02:00:00:00:00:" + host};
    world::FirewallSpec firewall{{}, {anything}};
    if (!public_address.empty()) {
      firewall.vpc_id = "vpc-1";
      firewall.address = spec.interface.address;
      firewall.public_address = public_address;
    }
    protect(spec.id, firewall);
    runtime_->run(spec);
    std::string seen;
    EXPECT_TRUE(until([&] {
      sockaddr_in peer{};
      socklen_t size = sizeof peer;
      const int connection = accept(listener, reinterpret_cast<sockaddr*>(&peer), &size);
      if (connection >= 0) {
        char text[INET_ADDRSTRLEN] = {};
        seen = inet_ntop(AF_INET, &peer.sin_addr, text, sizeof text);
        close(connection);
      }
      return seen_.last(spec.id, TaskEventKind::container_exited, "ask") != nullptr;
    }));
    return seen;
  };
  EXPECT_EQ(asks(1, "1", "198.19.0.4"), "198.19.0.4");
  EXPECT_EQ(asks(2, "2", ""), "198.18.0.1");
  EXPECT_EQ(asks(3, "1", ""), "");
  EXPECT_EQ(asks(4, "3", "198.19.0.5"), "");
  vpc.subnets[1].nat_address.clear();
  apply();
  EXPECT_EQ(asks(5, "2", ""), "");
  close(listener);
}

TEST_F(RuntimeE2e, TasksReachEachOtherAndTheDaemonsEndpoint) {
  std::vector<world::VpcSpec> vpcs{
      {"vpc-1", "10.0.0.0/16", {{"subnet-1", "10.0.1.0/24"}, {"subnet-2", "10.0.2.0/24"}}},
      {"vpc-2", "10.0.0.0/16", {{"subnet-3", "10.0.1.0/24"}}}};
  bool applied = false;
  network_->apply(vpcs, [&](Result<> done) { applied = static_cast<bool>(done); });
  ASSERT_TRUE(until([&] { return applied; }));
  int listener = -1;
  network_->listen_in_vpc("vpc-1", "169.254.170.2", 80,
                          [&](Result<int> opened) { listener = opened.value(); });
  ASSERT_TRUE(until([&] { return listener >= 0; }));

  const auto web = task(1, {container("web", {"serve", "80"})});
  auto twin = task(2, {container("web", {"serve", "80"})});  // the same address in another VPC
  twin.interface = {"vpc-2", "subnet-3", "10.0.1.0/24", web.interface.address, web.interface.mac_address};
  auto asker = task(3, {container("ask", {"ask", web.interface.address, "80"})});
  asker.interface = {"vpc-1", "subnet-2", "10.0.2.0/24", "10.0.2.13", "02:00:00:00:00:13"};
  auto client = task(4, {container("ask", {"ask", "169.254.170.2", "80"})});
  runtime_->run(web);
  runtime_->run(twin);
  ASSERT_TRUE(saw(web.id, TaskEventKind::started) && saw(twin.id, TaskEventKind::started));
  EXPECT_TRUE(until([&] { return answer_of(web.interface, 80) == "I am ip-10-0-1-11\n"; }));
  EXPECT_TRUE(until([&] { return answer_of(twin.interface, 80) == "I am ip-10-0-1-11\n"; }));
  runtime_->run(asker);
  runtime_->follow_output(asker.id, "ask", 0);
  ASSERT_TRUE(saw(asker.id, TaskEventKind::container_exited, "ask"));
  EXPECT_EQ(seen_.last(asker.id, TaskEventKind::container_exited, "ask")->exit_code, 0);  // 7: no connection
  EXPECT_TRUE(until([&] { return !seen_.texts(asker.id + "/ask").empty(); }));
  EXPECT_EQ(seen_.texts(asker.id + "/ask"), std::vector<std::string>{"I am ip-10-0-1-11"});

  runtime_->run(client);
  int connection = -1;
  sockaddr_in peer{};
  socklen_t size = sizeof peer;
  EXPECT_TRUE(until([&] {
    connection = accept(listener, reinterpret_cast<sockaddr*>(&peer), &size);
    return connection >= 0;
  }));
  char text[INET_ADDRSTRLEN] = {};
  inet_ntop(AF_INET, &peer.sin_addr, text, sizeof text);
  EXPECT_EQ(text, client.interface.address);  // who asks is known by its address
  close(connection);
  close(listener);
}

TEST_F(RuntimeE2e, OutlivesItsEngine) {
  const auto spec = task(1, {container("web", {"serve", "80"})});
  runtime_->run(spec);
  ASSERT_TRUE(saw(spec.id, TaskEventKind::started));
  const auto engines = processes_with("unix://" + data_dir_ + "/podman.sock");
  ASSERT_EQ(engines.size(), 1u);
  ::kill(engines[0], SIGKILL);
  const auto more = task(2, {container("web", {"serve", "80"})});
  runtime_->run(more);
  ASSERT_TRUE(saw(more.id, TaskEventKind::started));
  EXPECT_EQ(answer_of(spec.interface, 80), "I am ip-10-0-1-11\n");
  runtime_->stop(spec.id);
  ASSERT_TRUE(saw(spec.id, TaskEventKind::stopped));
}

// The engine knows of a container's end from its monitor alone.
TEST_F(RuntimeE2e, EndsATaskWhoseMonitorIsGone) {
  const auto spec = task(1, {container("web", {"serve", "80"})});
  runtime_->run(spec);
  ASSERT_TRUE(saw(spec.id, TaskEventKind::started));
  const auto id = seen_.last(spec.id, TaskEventKind::container_started, "web")->runtime_id;
  const auto monitor = run_checked({"podman", "inspect", "--format", "{{.State.ConmonPid}}", id});
  ASSERT_TRUE(monitor) << monitor.error().message;
  ASSERT_EQ(::kill(std::stoi(*monitor), SIGKILL), 0);
  runtime_->stop(spec.id);
  ASSERT_TRUE(saw(spec.id, TaskEventKind::stopped));
  EXPECT_EQ(seen_.last(spec.id, TaskEventKind::container_exited, "web")->exit_code, 137);
}

TEST_F(RuntimeE2e, StartsNothingWhileEverythingIsRemoved) {
  const auto spec = task(1, {container("web", {"serve", "80"})});
  runtime_->run(spec);
  ASSERT_TRUE(saw(spec.id, TaskEventKind::started));
  int answered = 0;
  runtime_->remove_everything([&] { ++answered; });
  runtime_->run(task(2, {container("web", {"serve", "80"})}));
  runtime_->remove_everything([&] { ++answered; });
  EXPECT_TRUE(until([&] { return answered == 2; }));
}

}  // namespace
}  // namespace berth::host
