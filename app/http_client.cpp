#include "http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>

namespace learner {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds deadline_s{10};
constexpr std::size_t answer_bytes_max = 1u << 20;

class Socket {
 public:
  Socket() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {}
  ~Socket() { close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool connect_to(const Url& url, Clock::time_point deadline) const {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(url.port);
    std::string host = url.host == "localhost" ? "127.0.0.1" : url.host;
    if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) return false;
    if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return true;
    if (errno != EINPROGRESS || !wait_for(POLLOUT, deadline)) return false;
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
  }

  bool send_all(std::string_view bytes, Clock::time_point deadline) const {
    while (!bytes.empty()) {
      if (!wait_for(POLLOUT, deadline)) return false;
      ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // Up to the peer's end of the connection.
  bool read_all(std::string& out, Clock::time_point deadline) const {
    char buffer[8192];
    while (out.size() < answer_bytes_max) {
      if (!wait_for(POLLIN, deadline)) return false;
      ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
      if (got == 0) return true;
      if (got < 0) return errno == ECONNRESET;  // what came before may still be a whole answer
      out.append(buffer, static_cast<std::size_t>(got));
    }
    return false;
  }

 private:
  bool wait_for(short events, Clock::time_point deadline) const {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd entry{fd_, events, 0};
    return left > 0 && poll(&entry, 1, static_cast<int>(left)) == 1;
  }

  int fd_;
};

}  // namespace

std::optional<Url> parse_url(std::string_view text) {
  constexpr std::string_view scheme = "http://";
  if (!text.starts_with(scheme)) return std::nullopt;
  text.remove_prefix(scheme.size());
  Url url;
  std::size_t slash = std::min(text.find('/'), text.size());
  if (slash < text.size()) url.path = text.substr(slash);
  std::string_view authority = text.substr(0, slash);
  std::size_t colon = authority.find(':');
  url.host = authority.substr(0, colon);
  if (url.host.empty()) return std::nullopt;
  if (colon == std::string_view::npos) return url;
  std::string_view port = authority.substr(colon + 1);
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
  if (error != std::errc() || end != port.data() + port.size()) return std::nullopt;
  return url;
}

std::variant<HttpAnswer, HttpFailure> fetch(std::string_view method, const Url& url, const Headers& headers,
                                            std::string_view body) {
  std::string request = std::string(method) + " " + url.path + " HTTP/1.1\r\nhost: " + url.authority();
  for (const Header& header : headers) request += "\r\n" + header.name + ": " + header.value;
  if (!body.empty()) request += "\r\ncontent-length: " + std::to_string(body.size());
  request += "\r\nconnection: close\r\n\r\n";
  request += body;

  Clock::time_point deadline = Clock::now() + deadline_s;
  Socket socket;
  if (!socket.connect_to(url, deadline)) return HttpFailure::cannot_connect;
  std::string bytes;
  bool done = socket.send_all(request, deadline) && socket.read_all(bytes, deadline);
  if (!done) return Clock::now() >= deadline ? HttpFailure::timeout : HttpFailure::bad_answer;
  HttpAnswer answer;
  if (parse_response(bytes, answer.status, answer.body) != Parse::complete) return HttpFailure::bad_answer;
  return answer;
}

}  // namespace learner
