// The program itself, as its container runs it: every endpoint byte for byte over a socket, its log, its end.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <regex>
#include <thread>

#include "http_message.h"

namespace learner {
namespace {

constexpr int patience_ms = 20'000;  // how long a broken program may keep the test waiting

// A loopback socket that is closed with its scope.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {}
  Peer(Peer&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~Peer() {
    if (fd_ >= 0) close(fd_);
  }

  static Peer connect_to(std::uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(port);
    EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return Peer(fd);
  }

  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  void send_text(std::string_view bytes) const {
    EXPECT_EQ(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }

  // Reads until `done` holds, or the other side closes.
  template <class Done>
  std::string receive(Done done) const {
    std::string text;
    char buffer[4096];
    pollfd entry{fd_, POLLIN, 0};
    while (!done(text) && poll(&entry, 1, patience_ms) == 1) {
      ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
      if (got <= 0) break;
      text.append(buffer, static_cast<std::size_t>(got));
    }
    return text;
  }
  std::string receive_all() const {
    return receive([](const std::string&) { return false; });
  }
  std::string receive_until(std::string_view end) const {
    return receive([end](const std::string& text) { return text.ends_with(end); });
  }

 private:
  int fd_;
};

// The date is the one part of a response that differs from run to run.
std::string undated(const std::string& response) {
  static const std::regex date(
      "\r\ndate: [A-Z][a-z]{2}, \\d\\d [A-Z][a-z]{2} \\d{4} \\d\\d:\\d\\d:\\d\\d GMT");
  return std::regex_replace(response, date, "");
}

class Program {
 public:
  explicit Program(std::vector<std::string> environment) {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    log_fd_ = ends[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::string program = LEARNER_PROGRAM;
    char* arguments[] = {program.data(), nullptr};
    environment.push_back("PORT=0");
    std::vector<char*> variables;
    for (std::string& variable : environment) variables.push_back(variable.data());
    variables.push_back(nullptr);
    EXPECT_EQ(posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, variables.data()), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    std::smatch match;
    std::string line = wait_for_log("Running on ");
    if (std::regex_search(line, match, std::regex("http://0.0.0.0:(\\d+) "))) {
      port_ = static_cast<std::uint16_t>(std::stoi(match[1]));
    }
    EXPECT_NE(port_, 0) << log_;
  }

  ~Program() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(log_fd_);
  }

  std::uint16_t port() const { return port_; }
  pid_t pid() const { return pid_; }
  const std::string& log() const { return log_; }
  Peer connect() const { return Peer::connect_to(port_); }

  std::string call(const std::string& request_line, const std::string& headers = "",
                   const std::string& body = "") {
    Peer peer = connect();
    peer.send_text(request_line + " HTTP/1.1\r\nHost: l\r\nConnection: close\r\n" + headers + "\r\n" + body);
    return undated(peer.receive_all());
  }

  // The log from its start up to the end of the line that contains `text`.
  std::string wait_for_log(std::string_view text) {
    auto line_ends_at = [&] {
      std::size_t found = log_.find(text);
      return found == std::string::npos ? found : log_.find('\n', found);
    };
    while (line_ends_at() == std::string::npos && read_log()) continue;
    EXPECT_NE(line_ends_at(), std::string::npos) << "no line with '" << text << "' in\n" << log_;
    return log_.substr(0, line_ends_at());
  }

  int wait_for_exit() {
    while (read_log()) continue;
    kill(pid_, SIGKILL);  // one that has not ended within the patience must not pass
    int status = 0;
    waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  bool read_log() {
    char buffer[4096];
    pollfd entry{log_fd_, POLLIN, 0};
    if (poll(&entry, 1, patience_ms) != 1) return false;
    ssize_t got = read(log_fd_, buffer, sizeof buffer);
    if (got > 0) log_.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
  }

  pid_t pid_ = -1;
  int log_fd_ = -1;
  std::uint16_t port_ = 0;
  std::string log_;
};

std::string expected(std::string_view status, std::string_view body, std::string_view extra = "") {
  std::string text = "HTTP/1.1 " + std::string(status) + "\r\n";
  text += extra;
  text += "content-length: " + std::to_string(body.size()) +
          "\r\ncontent-type: application/json\r\nconnection: close";
  return text.append("\r\n\r\n").append(body);
}

TEST(Learner, AnswersEveryEndpointByteForByte) {
  Program program({"LOAD_TIME_SCALE=2000"});
  EXPECT_EQ(program.call("GET /"), expected("200 OK", "\"Hello from ECS Fargate Service!\""));
  EXPECT_EQ(program.call("GET /api/health?x=1"), expected("200 OK", R"({"status":"healthy"})"));
  std::string body = R"({"name":"Ana"})";
  std::string headers = "Content-Type: application/json\r\nContent-Length: 14\r\n";
  EXPECT_EQ(program.call("POST /api/submit", headers, body),
            expected("200 OK", R"({"message":"Happy learning, Ana!","data":{"name":"Ana"}})"));
  EXPECT_EQ(program.call("POST /api/submit"),
            expected("422 Unprocessable Entity",
                     R"({"detail":[{"type":"missing","loc":["body"],"msg":"Field required","input":null,)"
                     R"("url":"https://errors.pydantic.dev/2.5/v/missing"}]})"));
  EXPECT_EQ(program.call("GET /api/quickload"),
            expected("200 OK", R"({"status":"burst_completed","duration":"10s"})"));
  std::string threads = std::to_string(2 * std::min(std::thread::hardware_concurrency(), 16u));
  EXPECT_EQ(program.call("GET /api/load"),
            expected("200 OK", R"({"status":"load_generated","duration":"60s","threads":)" + threads + "}"));
  EXPECT_EQ(program.call("GET /api/scalinginfo"),
            expected("200 OK", R"({"error":"ECS client not available"})"));
  EXPECT_EQ(program.call("GET /api/error"),
            expected("500 Internal Server Error", R"({"detail":"Internal server error"})"));
  EXPECT_EQ(program.call("GET /api/notfound"),
            expected("404 Not Found", R"({"detail":"Resource not found"})"));
  EXPECT_EQ(program.call("GET /favicon.ico"), expected("404 Not Found", R"({"detail":"Not Found"})"));
  EXPECT_EQ(program.call("DELETE /api/health"),
            expected("405 Method Not Allowed", R"({"detail":"Method Not Allowed"})", "allow: GET\r\n"));
  EXPECT_EQ(program.call("GET /api/health/"),
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://l/api/health\r\ncontent-length: 0\r\n"
            "connection: close\r\n\r\n");

  kill(program.pid(), SIGTERM);
  EXPECT_EQ(program.wait_for_exit(), 0);
  std::string log = std::regex_replace(program.log(), std::regex("127.0.0.1:\\d+"), "PEER");
  for (const char* line :
       {"INFO:     PEER - \"GET /api/health?x=1 HTTP/1.1\" 200 OK\n",
        "INFO:ecs_service:Data received: {'name': 'Ana'}\nINFO:     PEER - \"POST /api/submit ",
        "\"POST /api/submit HTTP/1.1\" 422 Unprocessable Entity\n",
        "INFO:ecs_service:CPU load generation completed\nINFO:     PEER - \"GET /api/load ",
        "ERROR:ecs_service:Intentional error triggered\nINFO:     PEER - \"GET /api/error ",
        "WARNING:ecs_service:Resource not found\n", "INFO:     Finished server process ["}) {
    EXPECT_NE(log.find(line), std::string::npos) << line << "in\n" << log;
  }
}

TEST(Learner, KeepsConnectionsAndAnswersInOrder) {
  Program program({"LOAD_TIME_SCALE=2000"});
  Peer peer = program.connect();
  peer.send_text("GET /api/quickload HTTP/1.1\r\nHost: l\r\n\r\nGET /api/health HTTP/1.1\r\nHo");
  EXPECT_TRUE(peer.receive_until("\"10s\"}").starts_with("HTTP/1.1 200 OK"));
  peer.send_text("st: l\r\n\r\n");
  EXPECT_TRUE(peer.receive_until("healthy\"}").starts_with("HTTP/1.1 200 OK"));
  peer.send_text("HEAD / HTTP/1.1\r\nHost: l\r\n\r\n");
  EXPECT_TRUE(peer.receive_until("\r\n\r\n").starts_with("HTTP/1.1 405"));
  peer.send_text("POST /api/submit HTTP/1.1\r\nHost: l\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(peer.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  peer.send_text("{}");
  EXPECT_NE(peer.receive_until("}").find("Happy learning, User!"), std::string::npos);
}

TEST(Learner, RefusesBrokenRequestsAndGoesOn) {
  Program program({});
  Peer broken = program.connect();
  broken.send_text("NONSENSE\r\n\r\n");
  EXPECT_TRUE(broken.receive_all().starts_with("HTTP/1.1 400 Bad Request"));
  Peer large = program.connect();
  large.send_text("POST /api/submit HTTP/1.1\r\nHost: l\r\nContent-Length: 99999999\r\n\r\n");
  EXPECT_TRUE(large.receive_all().starts_with("HTTP/1.1 413 Request Entity Too Large"));
  EXPECT_NE(program.call("GET /api/health").find("healthy"), std::string::npos);
}

TEST(Learner, ManyLoadsAreInFlightAtOnceWithinSmallMemory) {
  Program program({"LOAD_TIME_SCALE=25"});
  std::vector<Peer> peers;
  for (int i = 0; i < 200; ++i) {
    peers.push_back(program.connect());
    peers.back().send_text("GET /api/load HTTP/1.1\r\nHost: l\r\nConnection: close\r\n\r\n");
  }
  EXPECT_NE(program.call("GET /api/health").find("healthy"), std::string::npos);
  for (const Peer& peer : peers) EXPECT_NE(peer.receive_all().find("load_generated"), std::string::npos);
  std::string log = program.wait_for_log("GET /api/load");
  EXPECT_NE(log.find("GET /api/health"), std::string::npos)
      << "answered after the load, or the load before its time";

  std::string path = "/proc/" + std::to_string(program.pid()) + "/status";
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  std::string status(8192, '\0');
  status.resize(static_cast<std::size_t>(std::max<ssize_t>(0, read(fd, status.data(), status.size()))));
  close(fd);
  std::smatch match;
  ASSERT_TRUE(std::regex_search(status, match, std::regex("Threads:\\s+(\\d+)")));
  EXPECT_LE(std::stoi(match[1]),
            1 + 2 * static_cast<int>(std::min(std::thread::hardware_concurrency(), 16u)));
#ifndef __SANITIZE_ADDRESS__
  ASSERT_TRUE(std::regex_search(status, match, std::regex("VmHWM:\\s+(\\d+) kB")));
  EXPECT_LT(std::stoi(match[1]), 64 * 1024);
#endif
}

TEST(Learner, FinishesWhatIsInFlightOnSigterm) {
  Program program({"LOAD_TIME_SCALE=50"});
  Peer load = program.connect();
  load.send_text("GET /api/load HTTP/1.1\r\nHost: l\r\n\r\n");
  Peer idle = program.connect();
  idle.send_text("GET /api/health HTTP/1.1\r\nHost: l\r\n\r\n");
  idle.receive_until("healthy\"}");
  kill(program.pid(), SIGTERM);
  program.wait_for_log("Shutting down");
  EXPECT_EQ(idle.receive_all(), "");
  EXPECT_NE(load.receive_all().find("connection: close\r\n\r\n{\"status\":\"load_generated\""),
            std::string::npos);
  EXPECT_EQ(program.wait_for_exit(), 0);
}

TEST(Learner, AClientThatLeavesHoldsNothingUp) {
  Program program({});
  {
    Peer load = program.connect();
    load.send_text("GET /api/load HTTP/1.1\r\nHost: l\r\n\r\n");
    program.call("GET /api/health");
  }
  kill(program.pid(), SIGTERM);
  EXPECT_EQ(program.wait_for_exit(), 0);
}

// Credentials and ECS on one port, each request on a connection of its own.
class FakeAws {
 public:
  FakeAws() : listen_fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = Peer::loopback(0);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listen_fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listen_fd_, 8), 0);
    getsockname(listen_fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~FakeAws() { close(listen_fd_); }

  std::vector<std::string> environment() const {
    std::string base = "http://127.0.0.1:" + std::to_string(port_);
    return {"AWS_REGION=eu-central-1", "AWS_ENDPOINT_URL=" + base,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI=" + base + "/credentials"};
  }

  // Takes one request and answers it.
  Request serve(int status, const std::string& body) const {
    pollfd entry{listen_fd_, POLLIN, 0};
    EXPECT_EQ(poll(&entry, 1, patience_ms), 1);
    Peer peer(accept(listen_fd_, nullptr, nullptr));
    Request request;
    peer.receive(
        [&](const std::string& text) { return parse_request(text, request).status == Parse::complete; });
    peer.send_text(format_response({.status = status, .body = body}, "now", false, true));
    return request;
  }

 private:
  int listen_fd_;
  std::uint16_t port_ = 0;
};

constexpr const char* credentials =
    R"({"RoleArn":"r","AccessKeyId":"AKID","SecretAccessKey":"s","Token":"tok"})";

TEST(Learner, AsksEcsWithTheTaskRolesCredentials) {
  FakeAws aws;
  Program program(aws.environment());
  Peer peer = program.connect();
  peer.send_text("GET /api/scalinginfo HTTP/1.1\r\nHost: l\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(aws.serve(200, credentials).target, "/credentials");
  Request request = aws.serve(
      200, R"({"services":[{"status":"ACTIVE","desiredCount":3,"runningCount":2,"pendingCount":1}],)"
           R"("failures":[]})");
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.body, R"({"cluster":"learner-cluster","services":["learner-svc-service"]})");
  EXPECT_EQ(*find_header(request.headers, "x-amz-target"),
            "AmazonEC2ContainerServiceV20141113.DescribeServices");
  EXPECT_EQ(*find_header(request.headers, "content-type"), "application/x-amz-json-1.1");
  EXPECT_EQ(*find_header(request.headers, "x-amz-security-token"), "tok");
  EXPECT_TRUE(
      find_header(request.headers, "authorization")->starts_with("AWS4-HMAC-SHA256 Credential=AKID/"));
  EXPECT_EQ(
      undated(peer.receive_all()),
      expected("200 OK", R"({"cluster":"learner-cluster","service":"learner-svc-service","desired_count":3,)"
                         R"("running_count":2,"pending_count":1,"status":"ACTIVE","active_requests":0})"));
}

TEST(Learner, LogsWhyEcsDidNotAnswer) {
  std::vector<std::string> environment;
  {
    FakeAws aws;
    environment = aws.environment();
    Program program(environment);
    Peer peer = program.connect();
    peer.send_text("GET /api/scalinginfo HTTP/1.1\r\nHost: l\r\nConnection: close\r\n\r\n");
    aws.serve(200, credentials);
    aws.serve(400, R"({"__type":"ClusterNotFoundException","message":"Cluster not found."})");
    EXPECT_EQ(undated(peer.receive_all()),
              expected("200 OK", R"({"error":"Unable to fetch scaling information"})"));
    program.wait_for_log(
        "ERROR:ecs_service:Error getting scaling info: An error occurred (ClusterNotFoundException) when "
        "calling the "
        "DescribeServices operation: Cluster not found.");
  }
  Program program(environment);
  EXPECT_EQ(program.call("GET /api/scalinginfo"),
            expected("200 OK", R"({"error":"Unable to fetch scaling information"})"));
  program.wait_for_log("Could not connect to the endpoint URL");
}

}  // namespace
}  // namespace learner
