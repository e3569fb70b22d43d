// The composition root of the article's application: reads its settings, opens its socket, serves until
// SIGTERM.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>

#include "application.h"
#include "log.h"
#include "server.h"

namespace learner {
namespace {

constexpr std::string_view usage =
    "usage: learner [--port N]\n"
    "\n"
    "The article's application: /, /api/health, /api/submit, /api/load, /api/quickload, /api/scalinginfo, "
    "/api/error\n"
    "and /api/notfound. It listens on all addresses and stops on SIGTERM when its requests are answered.\n"
    "\n"
    "  --port N, PORT      port to listen on, 80 by default; 0 takes a free one and prints it\n"
    "  LOAD_TIME_SCALE     /api/load takes 60 s and /api/quickload 10 s divided by this, 1 by default\n"
    "  AWS_REGION          and AWS_ENDPOINT_URL[_ECS], AWS_CONTAINER_CREDENTIALS_{RELATIVE,FULL}_URI: where "
    "and as whom\n"
    "                      /api/scalinginfo asks ECS (http:// only)";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

int fail(const std::string& message) {
  log_server("ERROR", message);
  return 1;
}

struct Settings {
  std::uint16_t port = 80;
  double time_scale = 1;
};

template <class Number>
bool read_number(const std::string& text, Number& out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

// Returns what is wrong, or "".
std::string read_settings(int argc, char** argv, Settings& out) {
  std::string port = environment("PORT");
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (argument != "--port" || i + 1 == argc) return "unknown argument " + argument + " (see --help)";
    port = argv[++i];
  }
  if (!port.empty() && !read_number(port, out.port)) return "no port number: " + port;
  std::string scale = environment("LOAD_TIME_SCALE");
  if (scale.empty()) return "";
  if (!read_number(scale, out.time_scale) || !(out.time_scale >= 0.001 && out.time_scale <= 1e6)) {
    return "LOAD_TIME_SCALE is not a number from 0.001 to 1000000: " + scale;
  }
  return "";
}

// A listening socket, and in `port` where it listens; -1 with errno set when that fails.
int listen_on(std::uint16_t& port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd, generic, size) != 0 || listen(fd, SOMAXCONN) != 0 || getsockname(fd, generic, &size) != 0)
    return -1;
  port = ntohs(address.sin_port);
  return fd;
}

// Before any thread starts, so that signals come to the descriptor alone.
int take_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
}

int run(const Settings& settings) {
  int signal_fd = take_signals();
  int wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  std::string process = "[" + std::to_string(getpid()) + "]";
  log_server("INFO", "Started server process " + process);
  BusyThreads busy(cpu_count());
  ScalingInfo scaling_info(EcsClient(read_ecs_settings(environment)), wake_fd);
  Application application(settings.time_scale, busy, scaling_info);
  std::uint16_t port = settings.port;
  int listen_fd = listen_on(port);
  if (listen_fd < 0)
    return fail("cannot listen on port " + std::to_string(port) + ": " + std::strerror(errno));
  log_server("INFO", "Running on http://0.0.0.0:" + std::to_string(port) + " (Press CTRL+C to quit)");

  Server server(application, listen_fd, signal_fd, wake_fd);
  bool finished = server.run();
  log_server("INFO", "Finished server process " + process);
  return finished ? 0 : 1;
}

}  // namespace
}  // namespace learner

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--help") {
    learner::log_line(learner::usage);
    return 0;
  }
  learner::Settings settings;
  std::string wrong = learner::read_settings(argc, argv, settings);
  return wrong.empty() ? learner::run(settings) : learner::fail(wrong);
}
