#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <vector>

#include "base/data_dir.h"
#include "cli/commands.h"
#include "host/process.h"

namespace berth::cli {
namespace {

// Said before the wait, which may take as long as the tasks' SIGTERM grace.
void say_what_is_waited_for(const json::value& status) {
  const auto* engine = find(status, "engine");
  const auto* reachable = engine ? find(*engine, "reachable") : nullptr;
  if (!reachable || !reachable->is_bool() || reachable->as_bool()) return;
  std::cerr << "berth: waiting for the container engine, without which no container can be removed\n";
  const auto* problems = find(status, "problems");
  if (!problems || !problems->is_array()) return;
  for (const auto& problem : problems->get_array()) std::cerr << "  " << problem.as_string() << "\n";
}

std::string berthd_program() {
  std::error_code error;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string beside = error ? "" : host::find_program((own.parent_path() / "berthd").string());
  return beside.empty() ? host::find_program("berthd") : beside;
}

// berthd is not running, but what it made may be there still: a berthd of the same folder takes this
// process's place and takes it down.
int become_berthd(const Where& where, const Whereabouts& known) {
  std::vector<std::string> arguments{berthd_program(), "--data-dir",  where.data_dir,
                                     "--take-down",    "--log-level", "error"};
  if (!known.engine_socket.empty())
    arguments.insert(arguments.end(), {"--engine-socket", known.engine_socket});
  std::cerr << "berth: no berthd runs at " << where.endpoint
            << "; one is started to take down what is left of " << where.data_dir << std::endl;
  std::vector<char*> pointers;
  for (auto& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  execv(pointers.front(), pointers.data());
  std::cerr << "berth: berthd cannot be run: " << std::strerror(errno) << "\n";
  return 1;
}

}  // namespace

int take_down(const Where& where) {
  if (const auto status = get_json(where, "/_berth/status")) say_what_is_waited_for(*status);
  const auto done = post(where, "/_berth/down");
  const auto known = find_out_where(where.data_dir);
  const bool is_down = !done && done.error().code == "Unreachable";
  if (is_down && known && known->endpoint == where.endpoint && holds_store(where.data_dir)) {
    return become_berthd(where, *known);
  }
  if (!done) return explain(where, done.error());
  std::cout << "berthd has stopped; its stacks, tasks, load balancers and networks are gone. The key, "
               "logs and mails in "
            << where.data_dir << " stay.\n";
  return 0;
}

}  // namespace berth::cli
