#include "host/engine.h"

#include <signal.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "base/digest.h"
#include "base/text.h"

namespace berth::host {
namespace {

constexpr RealDuration short_call = RealDuration::seconds(60);
constexpr RealDuration pull_time = RealDuration::minutes(30);
// Reading the exit code of a command that has just closed its output.
constexpr int exec_attempts = 50;
constexpr RealDuration exec_attempt_interval = RealDuration::ms(20);

std::string api(const std::string& path) {
  return "/v1.41" + path;
}

std::int64_t integer_or(const json::value& value, std::string_view member, std::int64_t fallback) {
  const json::value* found = find(value, member);
  return found != nullptr && found->is_int64() ? found->as_int64() : fallback;
}

bool flag(const json::value& value, std::string_view member) {
  const json::value* found = find(value, member);
  return found != nullptr && found->is_bool() && found->as_bool();
}

// "SIGINT", "INT" or "2".
int signal_number(const std::string& text) {
  if (const auto number = parse_integer(text)) return static_cast<int>(*number);
  const std::string_view name =
      std::string_view(text).starts_with("SIG") ? std::string_view(text).substr(3) : text;
  for (int number = 1; number < NSIG; ++number) {
    const char* known = sigabbrev_np(number);
    if (known != nullptr && name == known) return number;
  }
  return SIGTERM;
}

// Docker's word for "never".
bool is_a_time(const std::string& text) {
  return !text.empty() && !text.starts_with("0001-");
}

// A pull answers 200 and reports its failure in the last of its progress documents.
Result<> pull_outcome(const net::HttpResponse& response) {
  for (const auto& line : split(response.body, '\n')) {
    json::value document;
    JsonError error;
    if (!parse_json(line, document, error)) continue;
    for (const char* member : {"error", "message"}) {
      const std::string text = string_or(document, member);
      if (!text.empty()) return Error{std::string(engine_refused), text};
    }
  }
  if (response.status >= 400) return Error{std::string(engine_refused), response.body};
  return {};
}

}  // namespace

EngineContainer parse_container(const json::value& inspected) {
  EngineContainer out;
  out.id = string_or(inspected, "Id");
  out.image_id = string_or(inspected, "Image");
  out.log_path = string_or(inspected, "LogPath");
  const json::value none;
  const json::value* config = find(inspected, "Config");
  const json::value* state = find(inspected, "State");
  if (config == nullptr) config = &none;
  if (state == nullptr) state = &none;
  if (const json::value* labels = find(*config, "Labels"); labels != nullptr && labels->is_object()) {
    for (const auto& [name, value] : labels->as_object()) {
      if (value.is_string()) out.labels.emplace(name, value.as_string());
    }
  }
  out.stop_signal = signal_number(string_or(*config, "StopSignal", "SIGTERM"));
  out.running = flag(*state, "Running");
  out.started = out.running || is_a_time(string_or(*state, "StartedAt"));
  out.pid = static_cast<int>(integer_or(*state, "Pid", 0));
  out.exit_code = static_cast<int>(integer_or(*state, "ExitCode", 0));
  out.out_of_memory = flag(*state, "OOMKilled");
  return out;
}

std::string full_image_name(const std::string& name) {
  std::string full = name;
  const auto slash = full.find('/');
  const std::string first = full.substr(0, slash);
  const bool has_registry =
      slash != std::string::npos && (first.find_first_of(".:") != std::string::npos || first == "localhost");
  if (!has_registry) full = (slash == std::string::npos ? "docker.io/library/" : "docker.io/") + full;
  const auto last = full.rfind('/');
  if (full.find_first_of(":@", last) == std::string::npos) full += ":latest";
  return full;
}

void Engine::call(const std::string& method, const std::string& path, const json::value& body,
                  RealDuration timeout, Done<json::value> done) {
  net::HttpRequest request{.method = method, .url = api(path), .timeout = timeout};
  if (method == "POST") {
    request.headers = {{"Content-Type", "application/json"}};
    request.body = body.is_null() ? "" : json::serialize(body);
  }
  link_.send(std::move(request), [done = std::move(done)](Result<net::HttpResponse> response) {
    if (!response) return done(response.error());
    json::value document;
    JsonError error;
    const bool parsed = parse_json(response->body, document, error);
    if (response->status < 400) return done(std::move(document));
    const auto code = response->status == 404 ? engine_not_found : engine_refused;
    done(Error{std::string(code), parsed ? string_or(document, "message", response->body) : response->body,
               response->status});
  });
}

void Engine::image(const std::string& name, Done<EngineImage> done) {
  call("GET", "/images/" + percent_encode(name, true) + "/json", {}, short_call,
       [done = std::move(done)](Result<json::value> found) {
         if (!found) return done(found.error());
         EngineImage image{string_or(*found, "Id"), {}};
         const json::value* digests = find(*found, "RepoDigests");
         if (digests != nullptr && digests->is_array() && !digests->as_array().empty()) {
           const std::string_view first = digests->as_array()[0].as_string();
           image.digest = first.substr(first.find('@') + 1);
         }
         if (image.digest.empty()) image.digest = image.id;
         done(std::move(image));
       });
}

void Engine::pull(const std::string& name, Done<> done) {
  net::HttpRequest request{.method = "POST",
                           .url = api("/images/create?fromImage=" + percent_encode(full_image_name(name))),
                           .timeout = pull_time};
  link_.send(std::move(request), [done = std::move(done)](Result<net::HttpResponse> response) {
    done(response ? pull_outcome(*response) : Result<>(response.error()));
  });
}

void Engine::pull_here(const std::string& name, const RegistryLogin& login, Done<> done) {
  const json::object credentials{{"username", login.user}, {"password", login.password}};
  std::string header = base64(json::serialize(credentials));
  std::replace(header.begin(), header.end(), '+', '-');
  std::replace(header.begin(), header.end(), '/', '_');
  net::HttpRequest request{
      .method = "POST",
      .url = "/v4.0.0/libpod/images/pull?tlsVerify=false&reference=" + percent_encode(name),
      .headers = {{"X-Registry-Auth", header}},
      .timeout = pull_time};
  link_.send(std::move(request), [done = std::move(done)](Result<net::HttpResponse> response) {
    done(response ? pull_outcome(*response) : Result<>(response.error()));
  });
}

void Engine::create(const std::string& name, const json::object& config, Done<std::string> done) {
  call("POST", "/containers/create?name=" + percent_encode(name), config, short_call,
       [this, name, done = std::move(done)](Result<json::value> created) {
         if (created) return done(string_or(*created, "Id"));
         const bool exists = created.error().status == 409 ||
                             created.error().message.find("already in use") != std::string::npos;
         if (!exists) return done(created.error());
         inspect(name, [done](Result<EngineContainer> existing) {
           if (!existing) return done(existing.error());
           done(existing->id);
         });
       });
}

void Engine::start(const std::string& id, Done<> done) {
  call("POST", "/containers/" + id + "/start", {}, short_call,
       [done = std::move(done)](Result<json::value> started) {
         done(started ? Result<>() : Result<>(started.error()));
       });
}

void Engine::inspect(const std::string& id, Done<EngineContainer> done) {
  call("GET", "/containers/" + percent_encode(id) + "/json", {}, short_call,
       [done = std::move(done)](Result<json::value> found) {
         done(found ? Result<EngineContainer>(parse_container(*found))
                    : Result<EngineContainer>(found.error()));
       });
}

void Engine::remove(const std::string& id, Done<> done) {
  call("DELETE", "/containers/" + id + "?force=true&v=true", {}, short_call,
       [done = std::move(done)](Result<json::value> removed) {
         const bool gone = removed || removed.error().code == engine_not_found;
         done(gone ? Result<>() : Result<>(removed.error()));
       });
}

void Engine::list(const std::string& label, const std::string& value,
                  Done<std::vector<EngineContainer>> done) {
  struct Gathering {
    std::vector<EngineContainer> found;
    std::size_t left = 0;
    Done<std::vector<EngineContainer>> done;
  };
  const json::object filters{{"label", json::array{label + "=" + value}}};
  call("GET", "/containers/json?all=true&filters=" + percent_encode(json::serialize(filters)), {}, short_call,
       [this, done = std::move(done)](Result<json::value> listed) {
         if (!listed) return done(listed.error());
         if (!listed->is_array() || listed->as_array().empty()) return done(std::vector<EngineContainer>());
         auto gathering = std::make_shared<Gathering>(Gathering{{}, listed->as_array().size(), done});
         for (const auto& entry : listed->as_array()) {
           // One that is gone by now is not there.
           inspect(string_or(entry, "Id"), [gathering](Result<EngineContainer> container) {
             if (container) gathering->found.push_back(std::move(*container));
             if (--gathering->left == 0) gathering->done(std::move(gathering->found));
           });
         }
       });
}

void Engine::exec(const std::string& id, const std::vector<std::string>& command, RealDuration timeout,
                  Done<int> done) {
  const json::object config{
      {"Cmd", json::value_from(command)}, {"AttachStdout", true}, {"AttachStderr", true}};
  call("POST", "/containers/" + id + "/exec", config, short_call,
       [this, timeout, done = std::move(done)](Result<json::value> created) {
         if (!created) return done(created.error());
         const std::string exec_id = string_or(*created, "Id");
         // The answer is the command's output and ends with it; of no interest here.
         net::HttpRequest request{.method = "POST",
                                  .url = api("/exec/" + exec_id + "/start"),
                                  .headers = {{"Content-Type", "application/json"}},
                                  .body = R"({"Detach":false,"Tty":false})",
                                  .timeout = timeout,
                                  .on_data = [](std::string_view) {}};
         link_.send(std::move(request), [this, exec_id, done](Result<net::HttpResponse> finished) {
           if (!finished && finished.error().code == net::http_timeout) return kill_exec(exec_id, done);
           if (!finished) return done(finished.error());
           exec_exit_code(exec_id, exec_attempts, done);
         });
       });
}

void Engine::exec_exit_code(const std::string& exec_id, int attempts_left, Done<int> done) {
  call("GET", "/exec/" + exec_id + "/json", {}, short_call,
       [this, exec_id, attempts_left, done = std::move(done)](Result<json::value> state) {
         if (!state) return done(state.error());
         if (!flag(*state, "Running")) return done(static_cast<int>(integer_or(*state, "ExitCode", -1)));
         if (attempts_left == 0) return kill_exec(exec_id, done);
         loop_.after_real(exec_attempt_interval, alive_.guard([this, exec_id, attempts_left, done] {
           exec_exit_code(exec_id, attempts_left - 1, done);
         }));
       });
}

// The API has no verb for it, but the engine is on this machine and says the command's process.
void Engine::kill_exec(const std::string& exec_id, Done<int> done) {
  call("GET", "/exec/" + exec_id + "/json", {}, short_call,
       [done = std::move(done)](Result<json::value> state) {
         if (state && flag(*state, "Running")) {
           const auto pid = static_cast<pid_t>(integer_or(*state, "Pid", 0));
           if (pid > 1) kill(pid, SIGKILL);
         }
         done(Error{std::string(net::http_timeout), "The command did not end in time"});
       });
}

}  // namespace berth::host
