// worker: a task whose cost per request is known: `--threads` workers take connections from one queue, first
// come first served, and each request burns `--cpu-ms` of its thread's own CPU time. It exists so that
// scripts/fidelity can hold the simulator's queueing model against a real process; it is no application.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string_view>
#include <thread>
#include <vector>

namespace {

std::int64_t thread_cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

void burn(std::int64_t ns) {
  const std::int64_t end = thread_cpu_ns() + ns;
  while (thread_cpu_ns() < end) {
    for (volatile int i = 0; i < 1000;) i = i + 1;
  }
}

void answer(int connection, std::int64_t cpu_ns) {
  char request[4096];
  const ssize_t got = recv(connection, request, sizeof request, 0);
  const std::string_view line(request, got > 0 ? static_cast<std::size_t>(got) : 0);
  if (line.starts_with("GET /work")) burn(cpu_ns);
  constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";
  if (got > 0) send(connection, ok.data(), ok.size(), MSG_NOSIGNAL);
  close(connection);
}

int listen_on(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(fd, 4096) != 0)
    return -1;
  return fd;
}

long number_of(const char* name, long otherwise) {
  const char* text = std::getenv(name);
  return text ? std::atol(text) : otherwise;
}

}  // namespace

int main() {
  const long threads = number_of("WORKER_THREADS", 4);
  const std::int64_t cpu_ns = number_of("WORKER_CPU_US", 10'000) * 1000;
  std::signal(SIGTERM, [](int) { _exit(0); });
  const int listener = listen_on(static_cast<std::uint16_t>(number_of("PORT", 80)));
  if (listener < 0) return 1;
  std::vector<std::thread> workers;
  for (long i = 0; i < threads; ++i) {
    workers.emplace_back([listener, cpu_ns] {
      for (;;) {
        const int connection = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (connection >= 0) answer(connection, cpu_ns);
      }
    });
  }
  for (auto& worker : workers) worker.join();
}
