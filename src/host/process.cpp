#include "host/process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>

#include "base/read_file.h"
#include "base/text.h"
#include "host/fd.h"

extern char** environ;

namespace berth::host {
namespace {

using SteadyClock = std::chrono::steady_clock;

Error system_error(const std::string& what, int number) {
  return {"SystemError", what + ": " + std::strerror(number)};
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

struct Pipe {
  Fd read_end, write_end;

  static Pipe open() {
    std::array<int, 2> ends{-1, -1};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return {};
    return {Fd(ends[0]), Fd(ends[1])};
  }
  static Pipe open_sockets() {
    std::array<int, 2> ends{-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return {};
    return {Fd(ends[0]), Fd(ends[1])};
  }
};

// posix_spawn with the three standard streams set.
Result<pid_t> spawn(const std::vector<std::string>& arguments, int in, int out, int error) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, 0);
  posix_spawn_file_actions_adddup2(&actions, out, 1);
  posix_spawn_file_actions_adddup2(&actions, error, 2);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);  // Ctrl-C is for the daemon, which cleans up with such programs
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  pid_t pid = 0;
  const int failed = posix_spawnp(&pid, arguments.front().c_str(), &actions, &attributes,
                                  pointers(arguments).data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return system_error(arguments.front(), failed);
  return pid;
}

// Moves bytes between the pipes and the strings until the program has closed its side or the time is up.
class Exchange {
 public:
  Exchange(Fd in, Fd out, Fd error, const std::string& input, ProcessResult& result)
      : in_(std::move(in)), out_(std::move(out)), error_(std::move(error)), input_(input), result_(result) {
    if (input_.empty()) in_.reset();
  }

  bool run(SteadyClock::time_point deadline) {
    while (out_ || error_) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
      if (left <= 0) return false;
      std::array<pollfd, 3> fds{
          {{in_.get(), POLLOUT, 0}, {out_.get(), POLLIN, 0}, {error_.get(), POLLIN, 0}}};
      if (poll(fds.data(), fds.size(), static_cast<int>(left)) < 0 && errno != EINTR) return false;
      if (fds[0].revents != 0) write_some();
      if (fds[1].revents != 0) read_some(out_, result_.output);
      if (fds[2].revents != 0) read_some(error_, result_.error_output);
    }
    return true;
  }

 private:
  void write_some() {
    const auto wrote =
        ::send(in_.get(), input_.data() + sent_, input_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (wrote > 0) sent_ += static_cast<std::size_t>(wrote);
    if ((wrote < 0 && errno != EAGAIN && errno != EINTR) || sent_ == input_.size()) in_.reset();
  }

  static void read_some(Fd& from, std::string& to) {
    std::array<char, 16 << 10> buffer;
    const auto got = ::read(from.get(), buffer.data(), buffer.size());
    if (got > 0) {
      to.append(buffer.data(), static_cast<std::size_t>(got));
    } else if (got == 0 || errno != EINTR) {
      from.reset();
    }
  }

  Fd in_, out_, error_;
  const std::string& input_;
  std::size_t sent_ = 0;
  ProcessResult& result_;
};

struct DaemonStart {
  const char* program;
  char* const* arguments;
  char* const* variables;
  const char* folder;
  int null, log, report;
};

// In the child of a process with threads: system calls only.
[[noreturn]] void start_daemon(const DaemonStart& start) {
  setsid();
  const pid_t grandchild = fork();
  if (grandchild != 0) {
    const std::array<int, 2> message{grandchild, 0};
    const auto wrote = write(start.report, message.data(), sizeof message);
    _exit(wrote == sizeof message ? 0 : 1);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  // Asio opens sockets without CLOEXEC; a daemon that kept the listening one would keep its port taken.
  syscall(SYS_close_range, 3u, ~0u, static_cast<unsigned>(CLOSE_RANGE_CLOEXEC));
  dup2(start.null, 0);
  dup2(start.log, 1);
  dup2(start.log, 2);
  if (chdir(start.folder) == 0) execve(start.program, start.arguments, start.variables);
  const std::array<int, 2> message{-1, errno};
  const auto wrote = write(start.report, message.data(), sizeof message);
  _exit(wrote == sizeof message ? 127 : 126);
}

int exit_code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Result<ProcessResult> run_process(const std::vector<std::string>& arguments, const ProcessOptions& options) {
  // A socket, not a pipe, to write to: a program that no longer reads must be an error here, not a SIGPIPE.
  Pipe in = Pipe::open_sockets(), out = Pipe::open(), error = Pipe::open();
  if (!in.write_end || !out.write_end || !error.write_end) return system_error("pipe", errno);
  const auto pid = spawn(arguments, in.read_end.get(), out.write_end.get(), error.write_end.get());
  if (!pid) return pid.error();
  in.read_end.reset();
  out.write_end.reset();
  error.write_end.reset();

  ProcessResult result;
  const auto deadline = SteadyClock::now() + std::chrono::microseconds(options.timeout.us);
  Exchange exchange(std::move(in.write_end), std::move(out.read_end), std::move(error.read_end),
                    options.input, result);
  const bool finished = exchange.run(deadline);
  if (!finished) kill(*pid, SIGKILL);
  int status = 0;
  while (waitpid(*pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!finished) return Error{"TimeoutError", join(arguments, " ") + " took too long"};
  result.exit_code = exit_code_of(status);
  return result;
}

Result<std::string> run_checked(const std::vector<std::string>& arguments, const ProcessOptions& options) {
  auto result = run_process(arguments, options);
  if (!result) return result.error();
  if (result->exit_code != 0) {
    return Error{"SystemError", join(arguments, " ") + ": " + std::string(trim(result->error_output))};
  }
  return std::move(result->output);
}

Result<pid_t> spawn_daemon(const std::vector<std::string>& arguments, const DaemonPlace& place) {
  Pipe report = Pipe::open();
  Fd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  Fd log(open(place.log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!report.write_end || !null || !log) return system_error(place.log_path, errno);

  // All memory is got before the fork: the child of a process with threads may only make system calls.
  const std::string program = find_program(arguments.front());
  if (program.empty()) return Error{"SystemError", arguments.front() + ": not found"};
  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!place.environment.contains(std::string(text.substr(0, text.find('=')))))
      variables.emplace_back(text);
  }
  for (const auto& [name, value] : place.environment) variables.push_back(name + "=" + value);
  const auto argument_pointers = pointers(arguments), variable_pointers = pointers(variables);

  const DaemonStart start{
      program.c_str(), argument_pointers.data(), variable_pointers.data(), place.folder.c_str(), null.get(),
      log.get(),       report.write_end.get()};
  const pid_t child = fork();
  if (child < 0) return system_error("fork", errno);
  if (child == 0) start_daemon(start);
  report.write_end.reset();
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_t pid = -1;
  int failed = 0;
  std::array<int, 2> message{};
  while (read(report.read_end.get(), message.data(), sizeof message) == sizeof message) {
    (message[0] < 0 ? failed : pid) = message[0] < 0 ? message[1] : message[0];
  }
  if (failed != 0 || pid < 0) return system_error(program, failed);
  return pid;
}

std::vector<pid_t> processes_with(const std::string& argument) {
  std::vector<pid_t> pids;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const auto pid = parse_integer(entry.path().filename().string());
    if (!pid) continue;
    const auto words = split(read_file(entry.path().string() + "/cmdline"), '\0');
    if (std::find(words.begin(), words.end(), argument) != words.end())
      pids.push_back(static_cast<pid_t>(*pid));
  }
  return pids;
}

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return access(name.c_str(), X_OK) == 0 ? name : std::string();
  const char* path = getenv("PATH");
  // Debian keeps `ip`, `nft` and `runc` where an ordinary user's PATH does not look.
  for (const auto& folder :
       split((path == nullptr ? "" : std::string(path) + ":") + "/usr/sbin:/sbin", ':')) {
    const std::string candidate = folder + "/" + name;
    if (!folder.empty() && access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

}  // namespace berth::host
