#include "host/docker_registry.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>

#include "base/digest.h"
#include "base/log.h"
#include "base/read_file.h"
#include "base/replace_file.h"
#include "base/text.h"
#include "host/haproxy_process.h"
#include "host/pidfd.h"
#include "host/process.h"
#include "host/registry_storage.h"

namespace berth::host {
namespace {

namespace fs = std::filesystem;

constexpr int end_timeout_ms = 10'000;
constexpr RealDuration collection_time = RealDuration::minutes(30);
// A client that has sent its layers sends its manifest at once.
constexpr RealDuration quiet_before_collection = RealDuration::seconds(15);
constexpr RealDuration back_off_min = RealDuration::ms(200);
constexpr RealDuration back_off_max = RealDuration::seconds(30);
constexpr RealDuration settled_after = RealDuration::seconds(10);

Error failure(const std::string& what, const std::string& why) {
  return {"RegistryFailed", fmt::format("The registry: {}: {}", what, why)};
}

Result<> make_private_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return failure(path, std::strerror(errno));
}

void end_process(pid_t pid) {
  const Fd process = open_process(pid);
  if (!process) return;
  pollfd ended{process.get(), POLLIN, 0};
  signal_process(process, SIGTERM);
  if (poll(&ended, 1, end_timeout_ms) == 1) return;
  signal_process(process, SIGKILL);
  poll(&ended, 1, end_timeout_ms);
}

std::vector<pid_t> registries(const RegistryPaths& paths) {
  auto pids = processes_with(paths.config);
  std::erase_if(pids, [](pid_t pid) { return !is_running(pid); });
  return pids;
}

void end_registry(const RegistryPaths& paths) {
  for (const pid_t pid : registries(paths)) end_process(pid);
}

haproxy::Process front_process(const RegistryConfig& config) {
  return {config.haproxy, haproxy::ProcessPaths(RegistryPaths(config.data_dir).front)};
}

Result<pid_t> ensure_registry(const RegistryConfig& config) {
  const RegistryPaths paths(config.data_dir);
  for (const auto& folder : {paths.folder, paths.storage}) {
    if (auto made = make_private_folder(folder); !made) return made.error();
  }
  const std::string settings = registry_settings(config);
  const auto running = registries(paths);
  if (running.size() == 1 && read_file(paths.config) == settings) return running.front();
  end_registry(paths);
  if (auto written = replace_file(paths.config, settings); !written) return written.error();
  if (find_program(config.program).empty()) {
    return failure(config.program, "not installed (apt install docker-registry)");
  }
  ::unlink(paths.socket.c_str());  // of one that was killed; it would not be listened on again
  return spawn_daemon({config.program, "serve", paths.config}, {paths.log, paths.folder, {}});
}

Result<pid_t> ensure_front(const RegistryConfig& config) {
  const haproxy::ProcessPaths paths(RegistryPaths(config.data_dir).front);
  const auto process = front_process(config);
  const std::string settings = registry_front_settings(config);
  const auto running = process.alive();
  if (running.size() == 1 && read_file(paths.config) == settings) return running.front();
  for (const pid_t pid : running) end_process(pid);
  if (auto made = make_private_folder(paths.folder); !made) return made.error();
  if (auto written = replace_file(paths.next_config, settings); !written) return written.error();
  const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  auto started = process.start(null.get(), "");
  if (!started) return failure("its front on " + config.address, started.error().message);
  return started;
}

// False: somebody pushes. The registry goes on meanwhile: what is pulled is not touched, and no push begins
// or ends.
Result<bool> collect_garbage(const RegistryConfig& config, const world::RegistryContents& kept) {
  const RegistryPaths paths(config.data_dir);
  const RegistryStorage storage(paths.storage);
  const bool left_over = storage.remove_repositories(kept) || storage.has_garbage(kept);
  if (left_over) Fd(::open(paths.garbage.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (::access(paths.garbage.c_str(), F_OK) != 0) return true;
  if (storage.is_in_use(quiet_before_collection)) return false;
  storage.remove_manifests(kept);
  const auto collected =
      run_checked({config.program, "garbage-collect", paths.config}, {.timeout = collection_time});
  if (!collected) return collected.error();
  storage.remove_dead_links();
  ::unlink(paths.garbage.c_str());
  return true;
}

}  // namespace

std::string registry_settings(const RegistryConfig& config) {
  const RegistryPaths paths(config.data_dir);
  const json::object settings{
      {"version", "0.1"},
      {"log", json::object{{"level", "error"}, {"accesslog", json::object{{"disabled", true}}}}},
      {"storage", json::object{{"filesystem", json::object{{"rootdirectory", paths.storage}}},
                               {"delete", json::object{{"enabled", true}}}}},
      {"http", json::object{{"net", "unix"},
                            {"addr", paths.socket},
                            {"relativeurls", true},
                            // The state of an upload is signed with it, so it stays the same across restarts.
                            {"secret", hex(sha256("uploads " + config.key))}}}};
  return json::serialize(settings) + "\n";  // JSON is YAML
}

// The password is checked here, by the key, so that layers need not pass through berth. Only what is
// certainly a layer or a piece of an upload goes to the registry; uploads begin at berth, which knows the
// repositories.
std::string registry_front_settings(const RegistryConfig& config) {
  constexpr const char* text = R"(global
  nbthread {threads}
  fd-hard-limit 4000
  hard-stop-after 10s
  tune.bufsize 65536
defaults
  mode http
  timeout connect 5s
  timeout client 10m
  timeout server 10m
  timeout http-request 30s
frontend clients
  bind {address}
  http-request set-var(txn.now) date
  http-request set-var(txn.password) http_auth_pass
  http-request set-var(txn.algorithm) var(txn.password),jwt_header_query('$.alg')
  http-request set-var(txn.left_s) var(txn.password),jwt_payload_query('$.exp','int'),sub(txn.now)
  acl user_is_aws http_auth_user -m str AWS
  acl algorithm_is_ours var(txn.algorithm) -m str HS256
  acl signature_is_good var(txn.password),jwt_verify(txn.algorithm,"{key}") 1
  acl is_fresh var(txn.left_s) -m int gt 0
  http-request return status 401 hdr WWW-Authenticate 'Basic realm="ECR",service="ecr.amazonaws.com"' hdr Docker-Distribution-Api-Version registry/2.0 content-type application/json string '{{"errors":[{{"code":"UNAUTHORIZED","message":"Not Authorized"}}]}}' unless user_is_aws algorithm_is_ours signature_is_good
  http-request return status 403 hdr Docker-Distribution-Api-Version registry/2.0 content-type application/json string '{{"errors":[{{"code":"DENIED","message":"Your authorization token has expired. Reauthenticate and try again."}}]}}' unless is_fresh
  use_backend registry if {{ path_reg ^/v2/[a-z0-9._/-]+/blobs/(sha256:[0-9a-f]{{64}}|uploads/[0-9a-f-]{{36}})$ }} !{{ method POST }} 
  default_backend berth
backend registry
  http-request return status 405 content-type application/json string '{{"errors":[{{"code":"UNSUPPORTED","message":"The operation is unsupported."}}]}}' if {{ method DELETE }} {{ path_sub /blobs/sha256: }}
  server registry unix@{socket}
backend berth
  http-request set-path {route}%[path]
  http-request set-header Host {api}
  server berth {api}
)";
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  return fmt::format(fmt::runtime(text), fmt::arg("threads", std::min(cores, 4u)),
                     fmt::arg("address", config.address), fmt::arg("key", config.key),
                     fmt::arg("socket", RegistryPaths(config.data_dir).socket),
                     fmt::arg("route", config.api_route), fmt::arg("api", config.api_address));
}

DockerRegistry::DockerRegistry(Loop& loop, RegistryConfig config)
    : loop_(loop), config_(std::make_shared<const RegistryConfig>(std::move(config))) {}

DockerRegistry::~DockerRegistry() {
  for (const auto& [watch, process] : watches_) watcher_->unwatch(watch);
}

void DockerRegistry::enqueue(Job job) {
  jobs_.push_back(std::move(job));
  next_job();
}

void DockerRegistry::next_job() {
  if (working_ || jobs_.empty()) return;
  working_ = true;
  Job job = std::move(jobs_.front());
  jobs_.pop_front();
  loop_.offload(std::move(job.work), alive_.guard([this, done = std::move(job.done)] {
    working_ = false;
    done();
    next_job();
  }));
}

void DockerRegistry::run() {
  if (wanted_) return;
  wanted_ = true;
  // What a push left that an earlier berthd did not see to its end.
  const RegistryPaths paths(config_->data_dir);
  if (::access(paths.storage.c_str(), F_OK) == 0) {
    Fd(::open(paths.garbage.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  }
  ensure();
}

void DockerRegistry::ensure() {
  if (!wanted_) return;
  auto registry = std::make_shared<Result<pid_t>>(0), front = std::make_shared<Result<pid_t>>(0);
  enqueue({[registry, front, config = config_] {
             *registry = ensure_registry(*config);
             if (*registry) *front = ensure_front(*config);
           },
           [this, registry, front] {
             if (!*registry) return take(registry->error());
             if (!*front) return take(front->error());
             take(Running{**registry, **front});
           }});
}

void DockerRegistry::take(const Result<Running>& running) {
  for (const auto& [watch, process] : watches_) watcher_->unwatch(watch);
  watches_.clear();
  info_.running = running.has_value();
  if (running) {
    started_at_ = loop_.steady();
    loop_.after_real(settled_after, alive_.guard([this, started_at = started_at_] {
      if (started_at != started_at_) return;
      info_.problem.clear();
      back_off_ = {};
    }));
    follow(running->registry);
    return follow(running->front);
  }
  info_.problem = running.error().message;
  log::error("{}", info_.problem);
  back_off_ = std::min(std::max(back_off_ * 2, back_off_min), back_off_max);
  loop_.after_real(back_off_, alive_.guard([this] { ensure(); }));
}

void DockerRegistry::follow(pid_t pid) {
  if (!watcher_) watcher_ = std::make_unique<FdWatcher>(loop_);
  Fd process = open_process(pid);
  const auto look_again = alive_.guard([this] {
    if (!wanted_) return;
    info_.running = false;
    if (back_off_ > back_off_min) {  // the third time in a row
      const RegistryPaths paths(config_->data_dir);
      info_.problem = "The registry ends as soon as it has started; " + paths.log + " says why";
      log::error("{}", info_.problem);
    }
    loop_.after_real(back_off_, alive_.guard([this] { ensure(); }));
    back_off_ = std::min(std::max(back_off_ * 2, back_off_min), back_off_max);
  });
  if (!process) return loop_.post(look_again);
  const int fd = process.get();
  const auto watch = watcher_->watch(fd, true, [look_again] { return Callback(look_again); });
  watches_.emplace_back(watch, std::move(process));
}

void DockerRegistry::put(world::RegistryManifest manifest, std::function<void(Result<>)> done) {
  if (!client_) client_ = std::make_unique<net::HttpClient>(loop_);
  net::HttpRequest request{
      .method = "PUT",
      .url = fmt::format("http://registry/v2/{}/manifests/{}", manifest.repository, manifest.digest),
      .unix_socket = RegistryPaths(config_->data_dir).socket,
      .headers = {{"Content-Type", manifest.media_type}},
      .body = std::move(manifest.text)};
  client_->send(std::move(request), [done = std::move(done)](const Result<net::HttpResponse>& response) {
    if (!response) return done(response.error());
    if (response->status >= 300) return done(failure("a manifest was refused", response->body));
    done({});
  });
}

void DockerRegistry::collect(world::RegistryContents kept, std::function<void(Result<bool>)> done) {
  if (::access(RegistryPaths(config_->data_dir).storage.c_str(), F_OK) != 0) {
    return loop_.post([done = std::move(done)] { done(true); });  // there never was anything
  }
  if (config_->is_pushed_to && config_->is_pushed_to()) {
    return loop_.post([done = std::move(done)] { done(false); });
  }
  collecting_ = true;
  auto outcome = std::make_shared<Result<bool>>(false);
  enqueue({[outcome, config = config_, kept = std::move(kept)] { *outcome = collect_garbage(*config, kept); },
           [this, outcome, done = std::move(done)] {
             collecting_ = false;
             done(*outcome);
           }});
}

void DockerRegistry::remove_everything(Callback done) {
  wanted_ = false;
  enqueue({[config = config_] {
             const RegistryPaths paths(config->data_dir);
             front_process(*config).end_all();
             end_registry(paths);
             std::error_code error;
             fs::remove_all(paths.folder, error);
           },
           std::move(done)});
}

}  // namespace berth::host
