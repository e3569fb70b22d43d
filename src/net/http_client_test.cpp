#include "net/http_client.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <thread>

#include "loop/asio_loop.h"

namespace berth::net {
namespace {

// Serves one connection per scripted answer; keeps what it was sent.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<std::string> answers, const std::string& unix_path = {}) {
    if (unix_path.empty()) {
      listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
      socklen_t size = sizeof address;
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
      port_ = ntohs(address.sin_port);
    } else {
      listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      unix_path.copy(address.sun_path, sizeof address.sun_path - 1);
      bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    }
    listen(listener_, 8);
    thread_ = std::thread([this, answers = std::move(answers)] { serve(answers); });
  }
  ~ScriptedServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }

  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  const std::vector<std::string>& requests() const { return requests_; }

 private:
  void serve(const std::vector<std::string>& answers) {
    for (const auto& answer : answers) {
      const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) return;
      std::string request(64 << 10, '\0');
      const auto got = recv(connection, request.data(), request.size(), 0);
      request.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
      requests_.push_back(std::move(request));
      if (answer.empty()) {  // never answers: waits until the client gives up
        char byte = 0;
        static_cast<void>(recv(connection, &byte, 1, 0));
      }
      static_cast<void>(send(connection, answer.data(), answer.size(), MSG_NOSIGNAL));
      close(connection);
    }
  }

  int listener_ = -1;
  int port_ = 0;
  std::vector<std::string> requests_;
  std::thread thread_;
};

std::string ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nX-Kind: Test \r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

class HttpClientTest : public ::testing::Test {
 protected:
  Result<HttpResponse> exchange(HttpRequest request) {
    std::optional<Result<HttpResponse>> result;
    client_.send(std::move(request), [&](Result<HttpResponse> got) {
      result = std::move(got);
      loop_.stop();
    });
    loop_.run();
    loop_.io().restart();
    return std::move(*result);
  }

  AsioLoop loop_{Time{}, 1, 1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{loop_.io().get_executor()};
  HttpClient client_{loop_};
};

TEST_F(HttpClientTest, SendsMethodHeadersAndBody) {
  ScriptedServer server({ok("hello")});
  const auto result = exchange({.method = "POST",
                                .url = server.url("/a?b=c"),
                                .headers = {{"Content-Type", "text/x"}},
                                .body = std::string("bo\0dy", 5)});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 200);
  EXPECT_EQ(result->body, "hello");
  EXPECT_EQ(result->headers.front(), std::make_pair(std::string("x-kind"), std::string("Test")));
  const std::string& sent = server.requests().at(0);
  EXPECT_TRUE(sent.starts_with("POST /a?b=c HTTP/1.1\r\n")) << sent;
  EXPECT_NE(sent.find("Content-Type: text/x\r\n"), std::string::npos);
  EXPECT_TRUE(sent.ends_with(std::string("\r\n\r\nbo\0dy", 9)));
}

TEST_F(HttpClientTest, SpeaksOverAUnixSocket) {
  const std::string path = ::testing::TempDir() + "http_client_" + std::to_string(getpid()) + ".sock";
  ScriptedServer server({ok("unix")}, path);
  const auto result = exchange({.url = "http://engine/_ping", .unix_socket = path});
  unlink(path.c_str());
  ASSERT_TRUE(result);
  EXPECT_EQ(result->body, "unix");
}

TEST_F(HttpClientTest, StreamsTheBody) {
  ScriptedServer server({ok("one two")});
  std::string seen;
  const auto result =
      exchange({.url = server.url("/"), .on_data = [&](std::string_view data) { seen += data; }});
  ASSERT_TRUE(result);
  EXPECT_EQ(seen, "one two");
  EXPECT_EQ(result->body, "");
}

TEST_F(HttpClientTest, TellsFailuresApart) {
  ScriptedServer server({"", ok(std::string(100, 'x'))});
  const auto late = exchange({.url = server.url("/"), .timeout = RealDuration::ms(50)});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, http_timeout);
  const auto large = exchange({.url = server.url("/"), .response_bytes_max = 99});
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, http_response_too_large);
  const auto absent = exchange({.url = "http://engine/", .unix_socket = "/nonexistent/socket"});
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, http_connection_error);
}

TEST_F(HttpClientTest, CancelledRequestsReportNothing) {
  ScriptedServer server({"", ok("second")});
  const auto id = client_.send({.url = server.url("/")}, [](auto) { FAIL() << "cancelled"; });
  client_.cancel(id);
  client_.cancel(id);
  // The first connection may or may not have been made by then; either way an answer comes.
  auto result = exchange({.url = server.url("/"), .timeout = RealDuration::ms(200)});
  if (!result) result = exchange({.url = server.url("/")});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->body, "second");
}

}  // namespace
}  // namespace berth::net
