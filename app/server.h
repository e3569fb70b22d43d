// The HTTP server: one thread that waits in poll for all sockets, so that a request which takes a minute
// costs a small buffer and no thread. It knows connections and time limits; what is answered is the
// application's business.
#pragma once

#include <poll.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "application.h"
#include "http_message.h"

namespace learner {

class Server {
 public:
  // All descriptors must be non-blocking: a listening socket (which the server closes), a signalfd with
  // SIGTERM and SIGINT, and the eventfd that wakes it for answers of the application.
  Server(Application& application, int listen_fd, int signal_fd, int wake_fd)
      : application_(application), listen_fd_(listen_fd), signal_fd_(signal_fd), wake_fd_(wake_fd) {}
  ~Server();

  // Serves until a signal, then finishes what is in flight. False when a second signal cut that short.
  bool run();

 private:
  enum class State { reading, answering, writing, lingering, closed };

  struct Connection {
    int fd = -1;
    std::string peer;  // 10.0.1.5:41234
    State state = State::reading;
    std::string in;
    std::string out;
    std::size_t sent = 0;
    Request request;
    bool keep_alive = true;
    bool told_to_continue = false;
    TimePoint deadline;
  };

  void wait_for_events();
  void on_signal();
  void accept_all();
  void on_event(Ticket id, Connection& connection, short events);
  void read_some(Ticket id, Connection& connection);
  void serve_buffered(Ticket id, Connection& connection);
  void refuse(Connection& connection, Parse why);
  void respond(Connection& connection, const Response& response);
  void write_some(Connection& connection);
  void end_response(Connection& connection);
  void close_gently(Connection& connection);
  void deliver_answers();
  void expire_and_forget();
  void set_deadline(Connection& connection) const;
  int poll_timeout_ms() const;
  std::string_view date();

  Application& application_;
  int listen_fd_;
  const int signal_fd_;
  const int wake_fd_;
  std::map<Ticket, Connection> connections_;
  Ticket last_ticket_ = 0;
  std::vector<pollfd> polled_;
  TimePoint now_ = Clock::now();
  std::optional<TimePoint> shutdown_at_;
  bool forced_ = false;
  std::string date_;
  std::int64_t date_s_ = -1;
};

}  // namespace learner
