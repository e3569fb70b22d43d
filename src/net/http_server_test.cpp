#include "net/http_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <thread>

#include "loop/asio_loop.h"

namespace berth::net {
namespace {

// A client without manners: it writes bytes and reads bytes.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~RawClient() { close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(std::string_view text) {
    EXPECT_EQ(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }

  // Reads until the text ends so, or to the end of the stream.
  std::string read_until(std::string_view ending) {
    std::string seen;
    char piece[4096];
    while (ending.empty() || !seen.ends_with(ending)) {
      const auto got = recv(socket_, piece, sizeof piece, 0);
      if (got <= 0) break;
      seen.append(piece, static_cast<std::size_t>(got));
    }
    return seen;
  }
  std::string read_to_end() { return read_until({}); }

 private:
  int socket_;
};

class HttpServerTest : public ::testing::Test {
 protected:
  void start(HttpHandler handler, HttpServerLimits limits = {}, HttpRefusal refusal = {}) {
    server_ = std::make_unique<HttpServer>(loop_, std::move(handler), std::move(refusal), limits);
    const auto listener = server_->listen("127.0.0.1", 0);
    ASSERT_TRUE(listener);
    port_ = listener->port;
  }

  // Runs the loop until the client, which blocks, has done its part on a thread of its own.
  template <class Client>
  void with_client(Client client) {
    std::thread thread([&] {
      client();
      boost::asio::post(loop_.io(), [this] { loop_.stop(); });
    });
    loop_.run();
    loop_.io().restart();
    thread.join();
  }

  AsioLoop loop_{Time{}, 1, 1};
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
};

void echo(wire::Request request, std::string, Respond respond) {
  respond({200, {{"X-Method", request.method}}, request.target + "|" + request.body});
}

TEST_F(HttpServerTest, HandsOverRequestsOfOneConnectionInOrder) {
  std::vector<std::string> seen;
  std::string remote;
  start([&](wire::Request request, std::string address, Respond respond) {
    seen.push_back(request.method + " " + request.target + " " + std::string(request.header("x-kind")) + " " +
                   request.body);
    remote = std::move(address);
    respond({200, {{"Content-Type", "text/plain"}}, "ok" + std::to_string(seen.size())});
  });
  std::string answers;
  with_client([&] {
    RawClient client(port_);
    client.send(
        "POST /a?b=c HTTP/1.1\r\nHost: x\r\nX-Kind:  One \r\nContent-Length: 4\r\n\r\nbodyGET / "
        "HTTP/1.1\r\n");
    client.send(
        "Host: x\r\n\r\nPUT /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
        "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    answers = client.read_until("ok3");
  });
  EXPECT_EQ(seen, (std::vector<std::string>{"POST /a?b=c One body", "GET /  ", "PUT /p  abc"}));
  EXPECT_EQ(remote, "127.0.0.1");
  EXPECT_TRUE(
      answers.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nDate: "))
      << answers;
}

TEST_F(HttpServerTest, AnswersLaterAndKeepsTheOrder) {
  std::vector<Respond> waiting;
  start([&](wire::Request, std::string, Respond respond) {
    waiting.push_back(std::move(respond));
    loop_.post([&] {
      EXPECT_EQ(waiting.size(), 1u);  // the second request waits for the first one's answer
      const auto answer = std::exchange(waiting, {}).front();
      answer({200, {}, "late"});
      answer({500, {}, "twice"});
    });
  });
  with_client([&] {
    RawClient client(port_);
    client.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const std::string answers = client.read_to_end();
    EXPECT_NE(answers.find("late"), answers.rfind("late"));
    EXPECT_EQ(answers.find("twice"), std::string::npos);
    EXPECT_NE(answers.find("Connection: close\r\n"), std::string::npos);
  });
}

TEST_F(HttpServerTest, SendsLargeAnswersWhole) {
  const std::string large(20 << 20, 'x');
  start([&](wire::Request, std::string, Respond respond) { respond({200, {}, large}); });
  with_client([&] {
    RawClient client(port_);
    client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const std::string answer = client.read_to_end();
    EXPECT_TRUE(answer.ends_with(large));
  });
}

TEST_F(HttpServerTest, TellsACarefulClientToGoOn) {
  start(echo);
  with_client([&] {
    RawClient client(port_);
    client.send("POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hi");
    EXPECT_TRUE(client.read_until("/e|hi").ends_with("/e|hi"));
  });
}

TEST_F(HttpServerTest, RefusesWhatIsTooLargeOrMalformed) {
  start(echo, {.body_bytes_max = 10, .header_bytes_max = 200});
  with_client([&] {
    RawClient large(port_);
    large.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n");
    EXPECT_TRUE(large.read_to_end().starts_with("HTTP/1.1 413 "));
    RawClient chunked(port_);
    chunked.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n");
    EXPECT_TRUE(chunked.read_to_end().starts_with("HTTP/1.1 413 "));
    RawClient header(port_);
    header.send("GET / HTTP/1.1\r\nHost: " + std::string(300, 'x') + "\r\n\r\n");
    EXPECT_TRUE(header.read_to_end().starts_with("HTTP/1.1 431 "));
    RawClient nonsense(port_);
    nonsense.send("nonsense\r\n\r\n");
    EXPECT_TRUE(nonsense.read_to_end().starts_with("HTTP/1.1 400 "));
  });
}

TEST_F(HttpServerTest, LetsTheOwnerWordARefusal) {
  start(echo, {.body_bytes_max = 10}, [](const wire::Request& request, int status) {
    return wire::Response{status, {}, "no: " + request.target + " " + std::string(request.header("x-kind"))};
  });
  with_client([&] {
    RawClient client(port_);
    client.send("POST /p HTTP/1.1\r\nHost: x\r\nX-Kind: k\r\nContent-Length: 11\r\n\r\n");
    const std::string answer = client.read_to_end();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer;
    EXPECT_TRUE(answer.ends_with("no: /p k")) << answer;
  });
}

TEST_F(HttpServerTest, ClosesHalfOpenConnections) {
  start(echo, {.read_timeout = RealDuration::ms(20)});
  with_client([&] {
    RawClient silent(port_);
    RawClient slow(port_);
    slow.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
    EXPECT_EQ(silent.read_to_end(), "");
    EXPECT_EQ(slow.read_to_end(), "");
  });
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(HttpServerTest, AcceptsNoMoreThanItsLimitWhileAllAreOwedAnAnswer) {
  std::vector<Respond> owed;
  start(
      [&](wire::Request request, std::string, Respond respond) {
        if (request.target == "/second") return respond({200, {}, "second"});
        owed.push_back(std::move(respond));
        loop_.after_real(RealDuration::ms(20), [&] { owed.front()({200, {}, "first"}); });
      },
      {.connections_max = 1});
  with_client([&] {
    RawClient first(port_);
    first.send("GET /first HTTP/1.1\r\nHost: x\r\n\r\n");
    RawClient second(port_);
    second.send("GET /second HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(first.read_until("first").ends_with("first"));
    EXPECT_TRUE(second.read_until("second").ends_with("second"));
  });
}

TEST_F(HttpServerTest, ClientsThatAskSlowlyMakeRoomForOthers) {
  start(echo, {.connections_max = 2});
  with_client([&] {
    RawClient slow(port_);
    slow.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
    RawClient silent(port_);
    RawClient quick(port_);
    quick.send("GET /quick HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(quick.read_until("/quick|").ends_with("/quick|"));
    EXPECT_EQ(slow.read_to_end(), "");
    silent.send("GET /silent HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(silent.read_until("/silent|").ends_with("/silent|"));
  });
}

TEST_F(HttpServerTest, ServesASocketThatListensAlready) {
  start(echo);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener, 8), 0);
  const auto served = server_->serve(listener);
  ASSERT_TRUE(served);
  with_client([&] {
    RawClient client(served->port);
    client.send("HEAD /h HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const std::string answer = client.read_to_end();
    EXPECT_NE(answer.find("X-Method: HEAD\r\nContent-Length: 3\r\n"), std::string::npos) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
  });
  server_->stop_listening(served->id);
  EXPECT_FALSE(server_->serve(-1));
}

// What a sink has got, and how large it takes bodies to be.
struct Collector final : wire::BodySink {
  std::size_t bytes_max() const override { return 1000; }
  void write(std::string_view bytes) override { text += bytes; }
  std::string text;
};

TEST_F(HttpServerTest, LargeBodiesGoIntoASink) {
  std::vector<std::string> seen;
  start(
      [&](wire::Request request, std::string, Respond respond) {
        const auto sink = std::dynamic_pointer_cast<Collector>(request.sink);
        seen.push_back(request.target + " " + request.body + " " + (sink ? sink->text : "no sink"));
        respond({200, {}, "ok" + std::to_string(seen.size())});
      },
      {.body_bytes_max = 10});
  server_->take_bodies([](const wire::Request& head) -> std::shared_ptr<wire::BodySink> {
    if (head.target != "/large") return nullptr;
    return std::make_shared<Collector>();
  });
  std::string refused;
  with_client([&] {
    RawClient client(port_);
    client.send("PUT /large HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n01234567890123456789");
    client.send("PUT /small HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
    client.send("PUT /large HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    client.read_until("ok3");
    RawClient other(port_);
    other.send("PUT /large HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n");
    refused = other.read_to_end();
  });
  EXPECT_EQ(seen, (std::vector<std::string>{"/large  01234567890123456789", "/small body no sink",
                                            "/large  abcde"}));
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 413")) << refused;
}

// Gives `pieces` of a text, or less than it has promised.
struct Pieces final : wire::BodySource {
  explicit Pieces(std::vector<std::string> texts, std::uint64_t promised)
      : pieces(std::move(texts)), size_(promised) {}
  std::uint64_t size() const override { return size_; }
  std::string read() override {
    if (pieces.empty()) return {};
    std::string first = pieces.front();
    pieces.erase(pieces.begin());
    return first;
  }
  std::vector<std::string> pieces;
  std::uint64_t size_;
};

TEST_F(HttpServerTest, LargeAnswersComeFromASource) {
  start([&](wire::Request request, std::string, Respond respond) {
    const std::uint64_t promised = request.target == "/short" ? 9 : 6;
    respond({200, {}, "", std::make_shared<Pieces>(std::vector<std::string>{"abc", "def"}, promised)});
  });
  std::string whole, head, broken;
  with_client([&] {
    RawClient client(port_);
    client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    head = client.read_until("\r\n\r\n");
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    whole = client.read_until("def");
    client.send("GET /short HTTP/1.1\r\nHost: x\r\n\r\n");
    broken = client.read_to_end();
  });
  EXPECT_NE(head.find("Content-Length: 6\r\n"), std::string::npos) << head;
  EXPECT_TRUE(whole.ends_with("\r\n\r\nabcdef")) << whole;
  EXPECT_TRUE(broken.ends_with("abcdef")) << "the connection ends where the bytes do";
}

TEST_F(HttpServerTest, ClosesAfterTheAnswersItOwes) {
  Respond waiting;
  bool drained = false;
  start([&](wire::Request, std::string, Respond respond) {
    waiting = std::move(respond);
    server_->close([&] { drained = true; });
    loop_.post([&] { waiting({200, {}, "last"}); });
  });
  with_client([&] {
    RawClient idle(port_);
    RawClient client(port_);
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(client.read_to_end().ends_with("last"));
    EXPECT_EQ(idle.read_to_end(), "");
  });
  loop_.io().poll();
  EXPECT_TRUE(drained);
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(HttpServerTest, SaysWhyItCannotListen) {
  start(echo);
  const auto taken = server_->listen("127.0.0.1", port_);
  ASSERT_FALSE(taken);
  EXPECT_NE(taken.error().message.find("in use"), std::string::npos);
}

}  // namespace
}  // namespace berth::net
