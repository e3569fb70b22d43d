// Load with signed requests: every request has a signature of its own, over keep-alive connections from one
// thread, and every answer is checked for its status. Prints requests per second and latencies.
//   signed_load PORT describe-services|put-metric-data [SECONDS] [CONNECTIONS]
// The key comes from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the region from AWS_DEFAULT_REGION; the
// service is BENCH_SERVICE (learner-svc-service) of the cluster BENCH_CLUSTER (learner-cluster).
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/text.h"
#include "gateway/signature.h"
#include "loop/asio_loop.h"

namespace {

using namespace berth;

std::string environment(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value ? value : fallback;
}

std::int64_t steady_us() {
  timespec value{};
  clock_gettime(CLOCK_MONOTONIC, &value);
  return value.tv_sec * us_per_second + value.tv_nsec / 1000;
}

struct Operation {
  std::string service;
  std::string target;
  std::string content_type;
  std::string body;
};

Operation choose(std::string_view name) {
  if (name == "put-metric-data") {
    return {
        "monitoring", "GraniteServiceVersion20100801.PutMetricData", "application/x-amz-json-1.0",
        R"({"Namespace":"Bench","MetricData":[{"MetricName":"latency","Value":12.5,"Unit":"Milliseconds",)"
        R"("Dimensions":[{"Name":"Service","Value":"web"}]}]})"};
  }
  return {"ecs", "AmazonEC2ContainerServiceV20141113.DescribeServices", "application/x-amz-json-1.1",
          fmt::format(R"({{"cluster":"{}","services":["{}"]}})",
                      environment("BENCH_CLUSTER", "learner-cluster"),
                      environment("BENCH_SERVICE", "learner-svc-service"))};
}

// Makes requests that differ in a signed header, so that no two signatures are the same.
class Signer {
 public:
  Signer(Operation operation, int port)
      : operation_(std::move(operation)), host_(fmt::format("127.0.0.1:{}", port)) {
    signature_.access_key_id = environment("AWS_ACCESS_KEY_ID", "test");
    signature_.scope.region = environment("AWS_DEFAULT_REGION", "us-east-1");
    signature_.scope.service = operation_.service;
    signature_.signed_headers = "amz-sdk-invocation-id;content-type;host;x-amz-date;x-amz-target";
  }

  std::string next() {
    renew_date();
    const std::string id = std::to_string(++count_);
    const wire::Request request{"POST",
                                "/",
                                {{"host", host_},
                                 {"content-type", operation_.content_type},
                                 {"x-amz-target", operation_.target},
                                 {"x-amz-date", signature_.date},
                                 {"amz-sdk-invocation-id", id}},
                                operation_.body};
    const std::string text = string_to_sign(signature_, canonical_request(request, signature_));
    return fmt::format(
        "POST / HTTP/1.1\r\nHost: {}\r\nContent-Type: {}\r\nX-Amz-Target: {}\r\nX-Amz-Date: {}\r\n"
        "amz-sdk-invocation-id: {}\r\nAuthorization: AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, "
        "Signature={}\r\nContent-Length: {}\r\n\r\n{}",
        host_, operation_.content_type, operation_.target, signature_.date, id, signature_.access_key_id,
        signature_.scope.text(), signature_.signed_headers, hex(hmac_sha256(as_bytes(key_), text)),
        operation_.body.size(), operation_.body);
  }

 private:
  void renew_date() {
    const std::int64_t now_us = steady_us();
    if (now_us - dated_at_us_ < us_per_second && !signature_.date.empty()) return;
    dated_at_us_ = now_us;
    signature_.date = format_utc(machine_date(), "%Y%m%dT%H%M%SZ");
    signature_.scope.date = signature_.date.substr(0, 8);
    key_ = gateway::signing_key(environment("AWS_SECRET_ACCESS_KEY", "test"), signature_.scope);
  }

  Operation operation_;
  std::string host_;
  gateway::Signature signature_;
  Sha256 key_{};
  std::int64_t dated_at_us_ = 0;
  std::int64_t count_ = 0;
};

struct Connection {
  int socket = -1;
  std::int64_t sent_at_us = 0;
  std::string received;
};

int connect_to(int port) {
  const int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(handle, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return -1;
  return handle;
}

// Whether the text is one whole answer: a header with Content-Length, and that many bytes.
bool is_whole(std::string_view answer) {
  const auto header_end = answer.find("\r\n\r\n");
  if (header_end == std::string_view::npos) return false;
  constexpr std::string_view name = "Content-Length: ";
  const auto at = answer.find(name);
  if (at == std::string_view::npos || at > header_end) return true;
  const auto digits = answer.substr(at + name.size());
  return answer.size() >=
         header_end + 4 + static_cast<std::size_t>(*parse_integer(digits.substr(0, digits.find('\r'))));
}

class Load {
 public:
  Load(Signer signer, int port, int connections)
      : signer_(std::move(signer)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    connections_.resize(static_cast<std::size_t>(connections));
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      connections_[i].socket = connect_to(port);
      epoll_event event{EPOLLIN, {.u64 = i}};
      epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_[i].socket, &event);
    }
  }

  // False when a connection fails or an answer is none of 200.
  bool run(double seconds) {
    const std::int64_t start_us = steady_us();
    const auto end_us = start_us + static_cast<std::int64_t>(seconds * 1e6);
    for (auto& connection : connections_) {
      if (!send_next(connection)) return false;
    }
    while (steady_us() < end_us) {
      epoll_event events[64];
      const int ready = epoll_wait(epoll_, events, 64, 1000);
      for (int i = 0; i < ready; ++i) {
        if (!receive(connections_[events[i].data.u64])) return false;
      }
    }
    elapsed_s_ = static_cast<double>(steady_us() - start_us) / 1e6;
    return true;
  }

  void print(std::string_view operation) {
    std::sort(latencies_us_.begin(), latencies_us_.end());
    const auto ms = [&](double part) {
      const auto at = static_cast<std::size_t>(part * static_cast<double>(latencies_us_.size() - 1));
      return static_cast<double>(latencies_us_[at]) / 1000;
    };
    fmt::print(
        "{}: {} requests in {:.1f} s, {:.0f} requests/s, p50 {:.2f} ms, p99 {:.2f} ms, max {:.2f} ms\n",
        operation, latencies_us_.size(), elapsed_s_, static_cast<double>(latencies_us_.size()) / elapsed_s_,
        ms(0.5), ms(0.99), ms(1));
  }

 private:
  bool send_next(Connection& connection) {
    const std::string request = signer_.next();
    connection.received.clear();
    connection.sent_at_us = steady_us();
    const auto sent = send(connection.socket, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(request.size())) return true;
    fmt::print(stderr, "the connection failed\n");
    return false;
  }

  bool receive(Connection& connection) {
    char piece[16 << 10];
    const auto got = recv(connection.socket, piece, sizeof piece, 0);
    if (got <= 0) {
      fmt::print(stderr, "the connection was closed\n");
      return false;
    }
    connection.received.append(piece, static_cast<std::size_t>(got));
    if (!is_whole(connection.received)) return true;
    latencies_us_.push_back(steady_us() - connection.sent_at_us);
    if (connection.received.starts_with("HTTP/1.1 200 ")) return send_next(connection);
    fmt::print(stderr, "{}\n", connection.received);
    return false;
  }

  Signer signer_;
  int epoll_;
  std::vector<Connection> connections_;
  std::vector<std::int64_t> latencies_us_;
  double elapsed_s_ = 0;
};

}  // namespace

int main(int count, char** arguments) {
  const auto argument = [&](int index, const char* fallback) {
    return std::string_view(index < count ? arguments[index] : fallback);
  };
  const auto port = parse_integer(argument(1, ""));
  const auto operation = argument(2, "");
  const auto seconds = parse_number(argument(3, "5"));
  const auto connections = parse_integer(argument(4, "8"));
  const bool known = operation == "describe-services" || operation == "put-metric-data";
  if (!port || !known || !seconds || !connections || *connections < 1 || *connections > 64) {
    fmt::print(stderr, "usage: signed_load PORT describe-services|put-metric-data [SECONDS] [CONNECTIONS]\n");
    return 2;
  }
  Load load(Signer(choose(operation), static_cast<int>(*port)), static_cast<int>(*port),
            static_cast<int>(*connections));
  if (!load.run(*seconds)) return 1;
  load.print(operation);
  return 0;
}
