#include "http_peers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstdlib>

namespace berth::e2e {
namespace {

sockaddr_in socket_address(const std::string& address, int port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, address.c_str(), &result.sin_addr);
  return result;
}

int bound_socket(const std::string& address) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto where = socket_address(address, 0);
  ::bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where);
  return fd;
}

int port_of(int fd) {
  sockaddr_in where{};
  socklen_t length = sizeof where;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&where), &length);
  return ntohs(where.sin_port);
}

int connect_to(const std::string& address, int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto where = socket_address(address, port);
  const timeval patience{.tv_sec = 60, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0) return fd;
  ::close(fd);
  return -1;
}

bool send_all(int fd, const std::string& text) {
  return ::send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

bool receive_more(int fd, std::string& into) {
  std::array<char, 8192> buffer;
  const ssize_t bytes = ::recv(fd, buffer.data(), buffer.size(), 0);
  if (bytes <= 0) return false;
  into.append(buffer.data(), static_cast<std::size_t>(bytes));
  return true;
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// Reads one answer; what follows it stays in `rest`.
HttpAnswer read_answer(int fd, std::string& rest) {
  std::size_t end;
  while ((end = rest.find("\r\n\r\n")) == std::string::npos) {
    if (!receive_more(fd, rest)) return {};
  }
  HttpAnswer answer;
  answer.status = std::atoi(rest.c_str() + 9);
  for (std::size_t line = rest.find("\r\n") + 2; line < end;) {
    const auto line_end = rest.find("\r\n", line);
    const auto colon = rest.find(": ", line);
    if (colon < line_end) {
      const std::string name = lower_case(rest.substr(line, colon - line));
      const std::string value = rest.substr(colon + 2, line_end - colon - 2);
      if (name == "set-cookie") answer.cookies.push_back(value);
      answer.headers[name] = value;
    }
    line = line_end + 2;
  }
  const auto body_bytes = static_cast<std::size_t>(std::atol(answer.headers["content-length"].c_str()));
  while (rest.size() < end + 4 + body_bytes) {
    if (!receive_more(fd, rest)) return {};
  }
  answer.body = rest.substr(end + 4, body_bytes);
  rest.erase(0, end + 4 + body_bytes);
  return answer;
}

}  // namespace

int free_port(const std::string& address) {
  const int fd = bound_socket(address);
  const int port = port_of(fd);
  ::close(fd);
  return port;
}

HttpServer::HttpServer(std::string name) : name_(std::move(name)), listener_(bound_socket("127.0.0.1")) {
  port_ = port_of(listener_);
  ::listen(listener_, 128);
  acceptor_ = std::thread([this] { accept_connections(); });
}

HttpServer::~HttpServer() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : connections_) ::shutdown(fd, SHUT_RDWR);
  }
  for (auto& thread : threads_) thread.join();
  for (const int fd : connections_) ::close(fd);
}

void HttpServer::accept_connections() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::lock_guard lock(mutex_);
    connections_.push_back(fd);
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void HttpServer::serve(int connection) {
  std::string input;
  for (;;) {
    std::size_t end;
    while ((end = input.find("\r\n\r\n")) == std::string::npos) {
      if (!receive_more(connection, input)) return static_cast<void>(::shutdown(connection, SHUT_RDWR));
    }
    const std::string request = input.substr(0, end + 4);
    input.erase(0, end + 4);
    bool reset = false;
    const std::string answer = answer_to(request, reset);
    if (reset || !send_all(connection, answer)) return static_cast<void>(::shutdown(connection, SHUT_RDWR));
  }
}

std::string HttpServer::answer_to(const std::string& request, bool& reset) {
  const std::string path = request.substr(4, request.find(' ', 4) - 4);
  int status = 200;
  if (path.starts_with("/health")) {
    ++checks_;
    status = health_status;
    const std::lock_guard lock(mutex_);
    last_check_ = request;
  } else {
    ++requests_;
    if (path.starts_with("/slow")) {
      for (int waited_ms = 0; waited_ms < slow_ms && !stopping_; waited_ms += 10) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
    }
    if (path.starts_with("/status/")) status = std::atoi(path.c_str() + 8);
    reset = path.starts_with("/reset");
  }
  const std::string body = name_ + "\n" + request;
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

std::string HttpServer::last_check() {
  const std::lock_guard lock(mutex_);
  return last_check_;
}

HttpAnswer http_get(const std::string& address, int port, const std::string& path,
                    const std::vector<std::string>& headers, const std::string& method) {
  const int fd = connect_to(address, port);
  if (fd < 0) return {};
  std::string request = method + " " + path + " HTTP/1.1\r\nConnection: close\r\n";
  bool has_host = false;
  for (const auto& header : headers) {
    has_host |= header.starts_with("Host:");
    request += header + "\r\n";
  }
  if (!has_host) request += "Host: " + address + "\r\n";
  HttpAnswer answer;
  std::string rest;
  if (send_all(fd, request + "\r\n")) answer = read_answer(fd, rest);
  ::close(fd);
  return answer;
}

LoadClient::LoadClient(std::string address, int port, std::string path, int connections) {
  for (int i = 0; i < connections; ++i) threads_.emplace_back([=, this] { run(address, port, path); });
}

void LoadClient::stop() {
  stopping_ = true;
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

void LoadClient::run(const std::string& address, int port, const std::string& path) {
  int fd = -1;
  std::string rest;
  while (!stopping_) {
    if (fd < 0) fd = connect_to(address, port);
    HttpAnswer answer;
    if (fd >= 0 && send_all(fd, "GET " + path + " HTTP/1.1\r\nHost: " + address + "\r\n\r\n")) {
      answer = read_answer(fd, rest);
    }
    {
      const std::lock_guard lock(mutex_);
      ++by_status_[answer.status];
    }
    if (answer.status == 0 || lower_case(answer.headers["connection"]) == "close") {
      if (fd >= 0) ::close(fd);
      fd = -1;
      rest.clear();
    }
  }
  if (fd >= 0) ::close(fd);
}

std::map<int, int> LoadClient::by_status() {
  const std::lock_guard lock(mutex_);
  return by_status_;
}

int LoadClient::answers() {
  int total = 0;
  for (const auto& [status, count] : by_status()) total += count;
  return total;
}

int LoadClient::failures() {
  const auto counts = by_status();
  return answers() - (counts.contains(200) ? counts.at(200) : 0);
}

}  // namespace berth::e2e
