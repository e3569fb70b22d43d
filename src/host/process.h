// Runs other programs, from argument vectors only: no shell ever sees a string of ours or of a user's.
// run_process() blocks and belongs into Loop::offload; spawn_daemon() starts what must outlive this process.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "loop/time.h"

namespace berth::host {

struct ProcessResult {
  int exit_code = 0;  // 128 + signal when it was killed
  std::string output;
  std::string error_output;
};

struct ProcessOptions {
  std::string input{};
  RealDuration timeout = RealDuration::seconds(20);  // then it is killed and an error returned
};

// An error when the program cannot be started or takes too long; any exit code is a result.
Result<ProcessResult> run_process(const std::vector<std::string>& arguments,
                                  const ProcessOptions& options = {});

// The same, where any exit code but 0 is an error: its message is the program's own.
Result<std::string> run_checked(const std::vector<std::string>& arguments,
                                const ProcessOptions& options = {});

struct DaemonPlace {
  std::string log_path;                              // its output is appended
  std::string folder{"/"};                           // its working directory, and that of what it starts
  std::map<std::string, std::string> environment{};  // added to ours
};

// Starts a program in a session of its own, adopted by init: neither Ctrl-C nor kill -9 of this process
// reaches it.
Result<pid_t> spawn_daemon(const std::vector<std::string>& arguments, const DaemonPlace& place);

// Processes of this machine that have `argument` among their arguments: how a restarted daemon finds what it
// started.
std::vector<pid_t> processes_with(const std::string& argument);

// Where PATH has the program, or empty.
std::string find_program(const std::string& name);

}  // namespace berth::host
