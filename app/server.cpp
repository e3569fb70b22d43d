#include "server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <utility>

#include "log.h"

namespace learner {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t connections_max = 512;  // the rest waits in the listen queue
constexpr std::size_t buffer_bytes_max = 2 * (head_bytes_max + body_bytes_max);
constexpr auto read_timeout = 30s;  // a request that came in part
constexpr auto write_timeout = 30s;
constexpr auto keep_alive_timeout =
    75s;  // longer than a load balancer's 60 s, so that it is never the one surprised
constexpr auto linger_timeout = 2s;
constexpr auto shutdown_grace = 200ms;  // for requests already on their way when the signal comes

std::string describe(const sockaddr_in& address) {
  char text[INET_ADDRSTRLEN] = {};
  inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
  return std::string(text) + ":" + std::to_string(ntohs(address.sin_port));
}

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

void log_access(const std::string& peer, const Request& request, int status) {
  std::string line = peer + " - \"" + request.method + " " + percent_encode(request.path, "/");
  if (!request.query.empty()) line += "?" + request.query;
  line += " HTTP/1." + std::to_string(request.minor_version) + "\" " + std::to_string(status) + " ";
  log_server("INFO", line.append(reason_phrase(status)));
}

}  // namespace

Server::~Server() {
  for (auto& [id, connection] : connections_) {
    if (connection.fd >= 0) close(connection.fd);
  }
  if (listen_fd_ >= 0) close(listen_fd_);
}

bool Server::run() {
  while (!forced_ && (listen_fd_ >= 0 || !connections_.empty())) {
    wait_for_events();
    deliver_answers();
    expire_and_forget();
  }
  return !forced_;
}

void Server::wait_for_events() {
  bool accepts = listen_fd_ >= 0 && connections_.size() < connections_max;
  polled_.clear();
  polled_.push_back({signal_fd_, POLLIN, 0});
  polled_.push_back({wake_fd_, POLLIN, 0});
  polled_.push_back({accepts ? listen_fd_ : -1, POLLIN, 0});
  constexpr std::size_t first_connection = 3;
  for (const auto& [id, connection] : connections_) {
    short events = POLLIN;
    if (connection.state == State::answering) events = POLLRDHUP;  // what is pipelined waits in the socket
    if (connection.state == State::writing) events = POLLOUT;
    polled_.push_back({connection.fd, events, 0});
  }
  poll(polled_.data(), polled_.size(), poll_timeout_ms());
  now_ = Clock::now();

  std::size_t at = first_connection;
  for (auto& [id, connection] : connections_) {
    short events = polled_[at++].revents;
    if (events != 0) on_event(id, connection, events);
  }
  if (polled_[1].revents != 0) {
    std::uint64_t count = 0;
    [[maybe_unused]] ssize_t got = read(wake_fd_, &count, sizeof count);
  }
  if (polled_[2].revents != 0) accept_all();
  if (polled_[0].revents != 0) on_signal();
}

int Server::poll_timeout_ms() const {
  std::optional<TimePoint> next = application_.next_ready();
  for (const auto& [id, connection] : connections_) {
    if (connection.state == State::answering) continue;
    next = std::min(next.value_or(TimePoint::max()), connection.deadline);
  }
  if (!next) return -1;
  auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

void Server::on_signal() {
  signalfd_siginfo signal{};
  if (read(signal_fd_, &signal, sizeof signal) != sizeof signal) return;
  if (shutdown_at_) {
    forced_ = true;
    return;
  }
  log_server("INFO", "Shutting down");
  shutdown_at_ = now_;
  accept_all();  // else closing the socket resets connections that clients believe accepted
  close(listen_fd_);
  listen_fd_ = -1;
  for (auto& [id, connection] : connections_) {
    connection.keep_alive = false;
    if (connection.state == State::reading) connection.deadline = now_ + shutdown_grace;
  }
}

void Server::accept_all() {
  while (connections_.size() < connections_max) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    int fd = accept4(listen_fd_, reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Connection& connection = connections_[++last_ticket_];
    connection.fd = fd;
    connection.peer = describe(address);
    set_deadline(connection);
  }
}

void Server::on_event(Ticket id, Connection& connection, short events) {
  switch (connection.state) {
    case State::reading:
    case State::lingering:
      read_some(id, connection);
      break;
    case State::writing:
      write_some(connection);
      break;
    case State::answering:  // nobody is left to answer
      if (events & (POLLRDHUP | POLLHUP | POLLERR)) connection.state = State::closed;
      break;
    case State::closed:
      break;
  }
}

void Server::read_some(Ticket id, Connection& connection) {
  char buffer[16384];
  ssize_t got = recv(connection.fd, buffer, sizeof buffer, 0);
  if (got < 0 && would_block()) return;
  if (got <= 0) {
    connection.state = State::closed;
    return;
  }
  if (connection.state == State::lingering) return;
  bool first_bytes = connection.in.empty();
  connection.in.append(buffer, static_cast<std::size_t>(got));
  if (first_bytes) set_deadline(connection);
  serve_buffered(id, connection);
}

// Answers whole requests from the buffer, one after the other; a later one waits while one is being answered.
void Server::serve_buffered(Ticket id, Connection& connection) {
  while (connection.state == State::reading && !connection.in.empty()) {
    ParsedRequest parsed = parse_request(connection.in, connection.request);
    if (parsed.status == Parse::incomplete && connection.in.size() > buffer_bytes_max) {
      parsed.status = Parse::too_large;
    }
    if (parsed.status == Parse::invalid || parsed.status == Parse::too_large) {
      return refuse(connection, parsed.status);
    }
    if (parsed.status == Parse::incomplete) {
      if (parsed.expects_continue && !std::exchange(connection.told_to_continue, true)) {
        constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        send(connection.fd, go_on.data(), go_on.size(), MSG_NOSIGNAL);
      }
      return;
    }
    connection.in.erase(0, parsed.consumed);
    connection.told_to_continue = false;
    connection.keep_alive = connection.request.keep_alive && !shutdown_at_;
    connection.state = State::answering;
    auto response = application_.handle(connection.request, id, now_);
    if (response) respond(connection, *response);
  }
}

void Server::refuse(Connection& connection, Parse why) {
  log_server("WARNING", why == Parse::too_large ? "Request too large." : "Invalid HTTP request received.");
  Response response{
      .status = why == Parse::too_large ? 413 : 400, .body = "", .content_type = "text/plain; charset=utf-8"};
  response.body = why == Parse::too_large ? "Request too large." : "Invalid HTTP request received.";
  connection.request.method.clear();
  connection.keep_alive = false;
  connection.out = format_response(response, date(), false, true);
  connection.in.clear();
  connection.sent = 0;
  write_some(connection);
}

void Server::respond(Connection& connection, const Response& response) {
  const Request& request = connection.request;
  log_access(connection.peer, request, response.status);
  connection.keep_alive = connection.keep_alive && !shutdown_at_;
  connection.out = format_response(response, date(), connection.keep_alive, request.method != "HEAD");
  connection.sent = 0;
  write_some(connection);
}

void Server::write_some(Connection& connection) {
  std::string_view rest = std::string_view(connection.out).substr(connection.sent);
  ssize_t sent = send(connection.fd, rest.data(), rest.size(), MSG_NOSIGNAL);
  if (sent < 0 && !would_block()) {
    connection.state = State::closed;
    return;
  }
  connection.sent += static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
  if (connection.sent == connection.out.size()) return end_response(connection);
  connection.state = State::writing;
  set_deadline(connection);
}

void Server::end_response(Connection& connection) {
  connection.out.clear();
  if (!connection.keep_alive) return close_gently(connection);
  connection.state = State::reading;
  set_deadline(connection);
}

// Input that nobody has read would make the kernel reset the connection and take the response with it.
void Server::close_gently(Connection& connection) {
  shutdown(connection.fd, SHUT_WR);
  connection.state = State::lingering;
  set_deadline(connection);
}

void Server::deliver_answers() {
  for (const Answer& answer : application_.take_ready(now_)) {
    auto found = connections_.find(answer.ticket);
    if (found == connections_.end() || found->second.state != State::answering) continue;
    respond(found->second, answer.response);
    serve_buffered(found->first, found->second);
  }
}

void Server::expire_and_forget() {
  for (auto at = connections_.begin(); at != connections_.end();) {
    Connection& connection = at->second;
    bool expired = connection.state != State::answering && connection.deadline <= now_;
    if (!expired && connection.state != State::closed) {
      ++at;
      continue;
    }
    close(connection.fd);
    at = connections_.erase(at);
  }
}

void Server::set_deadline(Connection& connection) const {
  switch (connection.state) {
    case State::reading:
      connection.deadline =
          now_ + (connection.in.empty() ? Clock::duration(keep_alive_timeout) : read_timeout);
      if (shutdown_at_) connection.deadline = now_ + shutdown_grace;
      break;
    case State::writing:
      connection.deadline = now_ + write_timeout;
      break;
    case State::lingering:
      connection.deadline = now_ + linger_timeout;
      break;
    case State::answering:
    case State::closed:
      break;
  }
}

std::string_view Server::date() {
  std::int64_t now_s = std::time(nullptr);
  if (now_s != date_s_) {
    date_s_ = now_s;
    std::time_t time = now_s;
    std::tm utc{};
    gmtime_r(&time, &utc);
    char text[64];
    date_.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc));
  }
  return date_;
}

}  // namespace learner
