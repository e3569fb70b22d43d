// The program in the containers of the runtime's end-to-end test: static, and told by its arguments what to
// do.
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

extern char** environ;

namespace {

[[noreturn]] void wait_for_ever() {
  for (;;) pause();
}

// One line about itself to whoever connects.
[[noreturn]] void serve(int port) {
  signal(SIGTERM, [](int) { std::_Exit(0); });
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(static_cast<unsigned short>(port));
  if (bind(listener, reinterpret_cast<sockaddr*>(&name), sizeof name) != 0 || listen(listener, 16) != 0)
    exit(9);
  for (;;) {
    const int connection = accept(listener, nullptr, nullptr);
    char host[256] = {};
    gethostname(host, sizeof host - 1);
    const std::string answer = std::string("I am ") + host + "\n";
    if (write(connection, answer.data(), answer.size()) < 0) exit(8);
    close(connection);
  }
}

// What the task's network answers at address:port within two seconds.
int ask(const char* address, int port) {
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  const timeval patience{2, 0};
  setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(static_cast<unsigned short>(port));
  inet_pton(AF_INET, address, &name.sin_addr);
  if (connect(connection, reinterpret_cast<sockaddr*>(&name), sizeof name) != 0) return 7;
  char text[256] = {};
  const auto got = read(connection, text, sizeof text - 1);
  std::printf("%s", got > 0 ? text : "nothing\n");
  return 0;
}

[[noreturn]] void burn(int threads) {
  std::vector<std::thread> workers;
  for (int i = 0; i < threads; ++i) {
    workers.emplace_back([] {
      for (;;) asm volatile("");
    });
  }
  wait_for_ever();
}

[[noreturn]] void eat(int mib) {
  for (int i = 0; i < mib; ++i) std::memset(std::malloc(1 << 20), 1, 1 << 20);
  std::printf("ate %d\n", mib);
  wait_for_ever();
}

int report() {
  for (char** entry = environ; *entry != nullptr; ++entry) std::printf("env %s\n", *entry);
  char folder[256] = {};
  std::printf("cwd %s\n", getcwd(folder, sizeof folder - 1));
  std::printf("uid %u gid %u\n", getuid(), getgid());
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  std::printf("nofile %lu\n", static_cast<unsigned long>(files.rlim_cur));
  std::printf("root %s\n", open("/made", O_CREAT | O_WRONLY, 0600) < 0 ? "read-only" : "writable");
  if (FILE* status = std::fopen("/proc/self/status", "r")) {
    char line[256];
    while (std::fgets(line, sizeof line, status) != nullptr) {
      if (std::strncmp(line, "CapBnd:", 7) == 0 || std::strncmp(line, "NoNewPrivs:", 11) == 0)
        std::printf("%s", line);
    }
    std::fclose(status);
  }
  return 0;
}

void lines(int count, int interval_us) {
  for (int i = 0; i < count; ++i) {
    std::printf("line %d\n", i);
    if (interval_us > 0) usleep(static_cast<unsigned>(interval_us));
  }
}

}  // namespace

int main(int argc, char** argv) {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto is = [&](const char* word) { return !words.empty() && words[0] == word; };
  const auto number = [&](std::size_t i) { return words.size() > i ? std::atoi(words[i].c_str()) : 0; };
  if (is("serve")) serve(number(1));
  if (is("ask")) return ask(words[1].c_str(), number(2));
  if (is("burn")) burn(number(1));
  if (is("eat")) eat(number(1));
  if (is("exit")) return number(1);
  if (is("report")) return report();
  if (is("lines")) {
    lines(number(1), number(2));
    return 0;
  }
  if (is("healthy-after")) {
    sleep(static_cast<unsigned>(number(1)));
    close(open("/healthy", O_CREAT | O_WRONLY, 0600));
  }
  if (is("check")) return access("/healthy", F_OK) == 0 ? 0 : 1;
  if (is("deaf")) signal(SIGTERM, SIG_IGN);
  if (is("polite")) {
    signal(SIGTERM, [](int) {
      std::printf("bye\n");
      std::_Exit(0);
    });
    std::printf("hello\n");
  }
  wait_for_ever();
}
