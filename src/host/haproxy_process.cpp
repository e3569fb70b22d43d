#include "host/haproxy_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/read_file.h"
#include "base/text.h"
#include "host/pidfd.h"

extern char** environ;

namespace berth::host::haproxy {
namespace {

namespace fs = std::filesystem;

constexpr int log_fd_of_child = 3;
constexpr int start_timeout_ms = 15'000;
constexpr int end_timeout_ms = 3'000;
constexpr int log_pipe_bytes = 1 << 20;  // half a second of a busy log

Error failure(std::string_view what) {
  return Error("HAProxyFailed", fmt::format("{}: {}", what, std::strerror(errno)));
}

// Reads until the other end closes or the time is up.
std::string read_all(int fd, int timeout_ms) {
  std::string text;
  std::array<char, 4096> buffer;
  for (;;) {
    pollfd ready{fd, POLLIN, 0};
    if (::poll(&ready, 1, timeout_ms) <= 0) return text;
    const ssize_t bytes = ::read(fd, buffer.data(), buffer.size());
    if (bytes <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(bytes));
  }
}

void wait_for_end(pid_t pid, int timeout_ms) {
  const Fd process = open_process(pid);
  if (process.get() < 0) return;
  pollfd ended{process.get(), POLLIN, 0};
  ::poll(&ended, 1, timeout_ms);
}

}  // namespace

std::string first_alert(const std::string& output) {
  for (const auto& line : split(output, '\n')) {
    const auto start = line.find("[ALERT]");
    if (start == std::string::npos) continue;
    const auto colon = line.find(" : ", start);
    return std::string(trim(colon == std::string::npos ? line : line.substr(colon + 3)));
  }
  return std::string(trim(output));
}

// Unlike run_process(): HAProxy stays, so it gets no file of ours but /dev/null, the pipe for its messages
// (which it closes when it has started) and, as number 3, the log. A listening socket of the daemon's in its
// hands would keep the next daemon from listening.
Result<ProcessResult> Process::run_until_started(const std::vector<std::string>& arguments,
                                                 int log_fd) const {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return failure("pipe");
  const Fd reading(pipe[0]);
  Fd writing(pipe[1]);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2(&files, writing.get(), 1);
  posix_spawn_file_actions_adddup2(&files, writing.get(), 2);
  posix_spawn_file_actions_adddup2(&files, log_fd, log_fd_of_child);
  posix_spawn_file_actions_addclosefrom_np(&files, log_fd_of_child + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, every;
  sigemptyset(&none);
  sigfillset(&every);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &every);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::vector<char*> argv{const_cast<char*>(program_.c_str())};
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t child = -1;
  const int error = ::posix_spawnp(&child, program_.c_str(), &files, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  writing.reset();
  if (error != 0) return Error("HAProxyFailed", program_ + ": " + std::strerror(error));

  ProcessResult result;
  result.error_output = read_all(reading.get(), start_timeout_ms);
  wait_for_end(child, start_timeout_ms);
  int status = 0;
  if (::waitpid(child, &status, WNOHANG) != child) {
    ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
    return Error("HAProxyFailed", "HAProxy did not get ready in time");
  }
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

Result<std::string> Process::version() const {
  const auto ran = run_process({program_, "-v"});
  const std::string said = ran ? ran->output : ran.error().message;
  constexpr std::string_view start = "HAProxy version ";
  if (!said.starts_with(start)) {
    return Error("HAProxyMissing",
                 fmt::format("HAProxy cannot be run ({}); install the package haproxy", trim(said)));
  }
  const std::string rest = said.substr(start.size());
  return "HAProxy " + rest.substr(0, rest.find_first_of("- \n"));
}

Result<Fd> Process::open_log() const {
  std::error_code error;
  fs::create_directories(paths_.folder, error);
  ::chmod(paths_.folder.c_str(), 0700);
  if (::mkfifo(paths_.log.c_str(), 0600) != 0 && errno != EEXIST) return failure(paths_.log);
  Fd log(::open(paths_.log.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (log.get() < 0) return failure(paths_.log);
  ::fcntl(log.get(), F_SETPIPE_SZ, log_pipe_bytes);  // less will do where the system allows no more
  return log;
}

Result<> Process::check() const {
  const auto ran = run_process({program_, "-c", "-f", paths_.next_config});
  if (!ran) return ran.error();
  if (ran->exit_code == 0) return {};
  return Error("HAProxyRefused", "HAProxy refuses its configuration: " + first_alert(ran->error_output));
}

Result<pid_t> Process::start(int log_fd, const std::string& running_socket) const {
  std::vector<std::string> arguments{"-D", "-f", paths_.next_config, "-p", paths_.pid};
  if (!running_socket.empty()) arguments.insert(arguments.end(), {"-x", running_socket});
  const auto ran = run_until_started(arguments, log_fd);
  if (!ran) return ran.error();
  if (ran->exit_code != 0) {
    return Error("HAProxyFailed", "HAProxy did not start: " + first_alert(ran->error_output));
  }
  ::rename(paths_.next_config.c_str(), paths_.config.c_str());
  const auto pid = parse_integer(trim(read_file(paths_.pid)));
  if (!pid) return Error("HAProxyFailed", "HAProxy started but left no pid file");
  return static_cast<pid_t>(*pid);
}

std::map<int, std::string> Process::numbered_sockets() const {
  constexpr std::string_view start = "admin-", end = ".sock";
  std::map<int, std::string> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(paths_.folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(start) || !name.ends_with(end)) continue;
    const auto number =
        parse_integer(name.substr(start.size(), name.size() - start.size() - end.size())).value_or(-1);
    if (number >= 0) found[static_cast<int>(number)] = entry.path().string();
  }
  return found;
}

std::vector<std::string> Process::sockets() const {
  std::vector<std::string> paths;
  for (auto& [number, path] : numbered_sockets()) paths.push_back(path);
  std::reverse(paths.begin(), paths.end());
  return paths;
}

std::string Process::fresh_socket() const {
  const auto taken = numbered_sockets();
  return paths_.socket(taken.empty() ? 0 : taken.rbegin()->first + 1);
}

std::vector<pid_t> Process::alive() const {
  auto pids = processes_with(paths_.pid);
  std::erase_if(pids, [](pid_t pid) { return !is_running(pid); });
  return pids;
}

void Process::end_all() const {
  for (const pid_t pid : alive()) ::kill(pid, SIGTERM);
  for (const pid_t pid : alive()) wait_for_end(pid, end_timeout_ms);
  for (const pid_t pid : alive()) ::kill(pid, SIGKILL);
  std::error_code error;
  fs::remove_all(paths_.folder, error);
}

}  // namespace berth::host::haproxy
