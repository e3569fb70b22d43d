#include "log.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace learner {

void log_line(std::string_view line) {
  std::string bytes(line);
  bytes += '\n';
  std::string_view rest = bytes;
  while (!rest.empty()) {
    ssize_t written = write(STDOUT_FILENO, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody reads: the service goes on without its log
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

void log_server(std::string_view level, std::string_view message) {
  constexpr std::size_t message_column = 10;
  std::string line(level);
  line += ':';
  line.resize(std::max(line.size() + 1, message_column), ' ');
  log_line(line.append(message));
}

void log_service(std::string_view level, std::string_view message) {
  std::string line(level);
  line += ":ecs_service:";
  log_line(line.append(message));
}

}  // namespace learner
