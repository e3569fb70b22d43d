#include "host/engine_link.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "host/fd.h"
#include "loop/asio_loop.h"

namespace berth::host {
namespace {

constexpr const char* podman_version =
    R"({"Version":"4.3.1","Components":[{"Name":"Podman Engine","Version":"4.3.1"}]})";
constexpr const char* docker_version = R"({"Version":"20.10.24","Components":[{"Name":"Engine"}]})";

// Answers one request per connection; to what is none of the engine's own questions, with its path.
class FakeEngine {
 public:
  FakeEngine(const std::string& path, std::string version, std::string driver = "cgroupfs")
      : version_(std::move(version)), driver_(std::move(driver)) {
    unlink(path.c_str());
    listener_.reset(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    path.copy(name.sun_path, sizeof name.sun_path - 1);
    EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
    listen(listener_.get(), 16);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeEngine() {
    shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }

  std::atomic<int> hang_ups{0};  // so many requests get no answer

 private:
  void serve() {
    for (;;) {
      const Fd connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!connection) return;
      std::string request(8192, '\0');
      const auto got = recv(connection.get(), request.data(), request.size(), 0);
      if (got <= 0) continue;
      const std::string path = request.substr(4, request.find(' ', 4) - 4);
      const bool own = path == "/version" || path == "/info" || path == "/_ping";
      if (!own && hang_ups > 0) {
        --hang_ups;
        continue;
      }
      std::string body = path;
      if (path == "/version") body = version_;
      if (path == "/info") body = R"({"CgroupDriver":")" + driver_ + R"("})";
      const std::string answer =
          "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
          "\r\n\r\n" + body;
      send(connection.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }

  std::string version_, driver_;
  Fd listener_;
  std::thread thread_;
};

class EngineLinkTest : public ::testing::Test {
 protected:
  void TearDown() override { unlink(socket_.c_str()); }

  template <class Condition>
  void until(Condition condition) {  // CTest's time limit ends a vain wait
    while (!condition()) {
      loop_.io().restart();
      loop_.io().run_for(std::chrono::milliseconds(1));
    }
  }

  std::string socket_ = ::testing::TempDir() + "engine_" + std::to_string(getpid()) + ".sock";
  AsioLoop loop_{Time{}, 1, 1};
};

TEST_F(EngineLinkTest, HoldsRequestsUntilTheEngineIsThere) {
  EngineLink link(loop_, {"/nonexistent", socket_});
  std::string answer;
  link.send({.url = "/held"}, [&](Result<net::HttpResponse> response) { answer = response.value().body; });
  until([&] { return link.info().problem.find("does not answer") != std::string::npos; });
  EXPECT_FALSE(link.info().reachable);
  const FakeEngine engine(socket_, podman_version);
  until([&] { return !answer.empty(); });
  EXPECT_EQ(answer, "/held");
  EXPECT_TRUE(link.info().reachable);
  EXPECT_EQ(link.info().engine, "podman 4.3.1");
  EXPECT_EQ(link.info().problem, "");
  EXPECT_GT(link.info().host_vcpu, 0);
  EXPECT_GT(link.info().host_memory_bytes, 0);
}

TEST_F(EngineLinkTest, RepeatsWhatWasCutOff) {
  FakeEngine engine(socket_, podman_version);
  engine.hang_ups = 2;
  EngineLink link(loop_, {"/nonexistent", socket_});
  int answers = 0;
  link.send({.url = "/once"}, [&](Result<net::HttpResponse> response) {
    EXPECT_EQ(response.value().body, "/once");
    ++answers;
  });
  until([&] { return answers > 0; });
  EXPECT_EQ(answers, 1);
  EXPECT_EQ(engine.hang_ups, 0);
}

TEST_F(EngineLinkTest, SaysWhyAnEngineCannotBeUsed) {
  {
    const FakeEngine engine(socket_, docker_version);
    const EngineLink link(loop_, {"/nonexistent", socket_});
    until([&] { return link.info().problem.find("is Docker 20.10.24") != std::string::npos; });
  }
  const FakeEngine engine(socket_, podman_version, "systemd");
  const EngineLink link(loop_, {"/nonexistent", socket_});
  until([&] { return link.info().problem.find("--cgroup-manager cgroupfs") != std::string::npos; });
}

}  // namespace
}  // namespace berth::host
