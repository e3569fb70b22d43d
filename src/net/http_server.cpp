#include "net/http_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <map>
#include <optional>
#include <set>

#include "base/log.h"
#include "base/text.h"

namespace berth::net {
// A request's body: into a text, or as it arrives into a sink.
struct RequestBody {
  struct value_type {
    std::string text;
    std::shared_ptr<wire::BodySink> sink;
  };

  class reader {
   public:
    template <bool is_request, class Fields>
    reader(boost::beast::http::header<is_request, Fields>&, value_type& body) : body_(body) {}

    void init(const boost::optional<std::uint64_t>& length, boost::system::error_code& error) {
      error = {};
      if (length && !body_.sink) body_.text.reserve(*length);
    }

    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::system::error_code& error) {
      error = {};
      for (auto at = boost::asio::buffer_sequence_begin(buffers);
           at != boost::asio::buffer_sequence_end(buffers); ++at) {
        const boost::asio::const_buffer piece(*at);
        const std::string_view bytes(static_cast<const char*>(piece.data()), piece.size());
        if (body_.sink) {
          body_.sink->write(bytes);
        } else {
          body_.text += bytes;
        }
      }
      return boost::asio::buffer_size(buffers);
    }

    void finish(boost::system::error_code& error) { error = {}; }

   private:
    value_type& body_;
  };
};

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

// Sockets with the loop's own executor instead of the type-erased one: no indirect call per operation.
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

using Parser = http::request_parser<RequestBody>;

constexpr std::size_t read_bytes = 16 << 10;
constexpr std::size_t kept_buffer_bytes = 64 << 10;  // a larger one is given back after its request
constexpr RealDuration linger = RealDuration::seconds(2);
constexpr RealDuration sweep_interval_max = RealDuration::seconds(1);
constexpr RealDuration accept_retry = RealDuration::ms(100);
constexpr SteadyTime never{INT64_MAX};

wire::Request head_of(const http::request<RequestBody>& message) {
  wire::Request request;
  request.method.assign(message.method_string().data(), message.method_string().size());
  request.target.assign(message.target().data(), message.target().size());
  for (const auto& field : message) {
    const auto name = field.name_string();
    const auto value = field.value();
    request.headers.emplace_back(lower({name.data(), name.size()}), std::string(value.data(), value.size()));
  }
  return request;
}

wire::Request to_request(http::request<RequestBody>&& message) {
  wire::Request request = head_of(message);
  request.body = std::move(message.body().text);
  request.sink = std::move(message.body().sink);
  return request;
}

bool has_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

}  // namespace

class HttpServer::Impl : public std::enable_shared_from_this<HttpServer::Impl> {
 public:
  class Connection;

  Impl(AsioLoop& event_loop, HttpHandler on_request, HttpRefusal on_refusal, HttpServerLimits server_limits)
      : loop(event_loop),
        handler(std::move(on_request)),
        refusal(std::move(on_refusal)),
        limits(server_limits) {}

  Result<Listener> listen(const std::string& host, std::uint16_t port);
  Result<Listener> serve(int listening_fd);
  void stop_listening(int id);
  void close(Callback drained);
  void abandon();

  void add(std::shared_ptr<Connection> connection);
  void remove(const std::shared_ptr<Connection>& connection);
  // The date as HTTP writes it, made once a second.
  std::string_view date();

  AsioLoop& loop;
  HttpHandler handler;
  HttpRefusal refusal;
  HttpBodySink open_sink;
  HttpServerLimits limits;
  bool closing = false;
  std::set<std::shared_ptr<Connection>> connections;

 private:
  Listener start(std::unique_ptr<Acceptor> acceptor);
  void accept(int listener_id);
  void on_accepted(int listener_id, const boost::system::error_code& error, Socket socket);
  void resume_accepting();
  std::shared_ptr<Connection> longest_waiting() const;
  void sweep();

  std::map<int, std::unique_ptr<Acceptor>> acceptors_;
  std::set<int> paused_;  // listeners that wait for a free connection
  int last_listener_ = 0;
  TimerId sweep_timer_ = no_timer;
  std::set<TimerId> retry_timers_;
  Callback drained_;
  std::int64_t date_s_ = -1;
  std::string date_;
};

// One client. Its requests are handled one after another: what is pipelined waits in the buffer.
class HttpServer::Impl::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Impl> server, Socket socket)
      : server_(std::move(server)), socket_(std::move(socket)) {
    boost::system::error_code error;
    socket_.set_option(asio::ip::tcp::no_delay(true), error);
    socket_.non_blocking(true, error);
    const auto remote = socket_.remote_endpoint(error);
    remote_address_ = error ? std::string{} : remote.address().to_string();
    start_parser();
    set_timeout(server_->limits.read_timeout);
  }

  void run();
  void end();
  // Closes now if nothing is owed to the client, else after the answer.
  void end_when_idle();
  SteadyTime deadline() const { return deadline_; }
  // Nothing is owed to the client: it has been answered, or has not finished asking.
  bool is_waiting_for_client() const { return !waiting_; }

 private:
  enum class Parsed { request, need_more, refused };

  void start_parser();
  Parsed parse();
  boost::system::error_code on_header();
  Parsed refuse(const boost::system::error_code& error);
  void read();
  void dispatch();
  void answer(std::uint64_t request_number, wire::Response response);
  void make_head(const wire::Response& response);
  bool write();
  bool write_from_source();
  bool after_write();
  void drain();
  void set_timeout(RealDuration timeout) { deadline_ = server_->loop.steady() + timeout; }

  std::shared_ptr<Impl> server_;
  Socket socket_;
  std::string remote_address_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  bool header_seen_ = false;
  bool keep_alive_ = true;
  bool is_head_ = false;
  bool handling_ = false;   // inside the handler's call
  bool waiting_ = false;    // for an answer
  bool lingering_ = false;  // the last answer is written; the rest of the input is thrown away
  bool ended_ = false;
  std::uint64_t request_number_ = 0;
  std::string head_;
  std::string body_;
  std::shared_ptr<wire::BodySource> source_;
  std::uint64_t unsent_ = 0;  // of the source
  SteadyTime deadline_ = never;
};

void HttpServer::Impl::Connection::start_parser() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(server_->limits.header_bytes_max));
  parser_->body_limit(boost::none);  // until the header is there to be answered: see on_header()
  header_seen_ = false;
  set_timeout(server_->limits.keep_alive_timeout);
}

void HttpServer::Impl::Connection::run() {
  while (!ended_ && !waiting_) {
    switch (parse()) {
      case Parsed::need_more:
        return read();
      case Parsed::refused:
        break;
      case Parsed::request:
        dispatch();
        break;
    }
    if (waiting_) return;
    if (!write() || !after_write()) return;
  }
}

HttpServer::Impl::Connection::Parsed HttpServer::Impl::Connection::parse() {
  while (!parser_->is_done()) {
    if (buffer_.size() == 0) return Parsed::need_more;
    boost::system::error_code error;
    const std::size_t used = parser_->put(buffer_.data(), error);
    buffer_.consume(used);
    if (error == http::error::need_more) return Parsed::need_more;
    if (error) return refuse(error);
    if (!parser_->is_header_done() || header_seen_) continue;
    if (const auto refused = on_header()) return refuse(refused);
  }
  return Parsed::request;
}

// The parser stops here once because it is not eager: the place to refuse a body by its length, which a
// careful client has not sent yet, or to tell that client to go on.
boost::system::error_code HttpServer::Impl::Connection::on_header() {
  header_seen_ = true;
  parser_->eager(true);
  const auto length = parser_->content_length();
  std::size_t body_bytes_max = server_->limits.body_bytes_max;
  if (server_->open_sink && parser_->get().method() == http::verb::put) {
    auto& body = parser_->get().body();
    body.sink = server_->open_sink(head_of(parser_->get()));
    if (body.sink) body_bytes_max = body.sink->bytes_max();
  }
  if (length && *length > body_bytes_max) return http::error::body_limit;
  parser_->body_limit(body_bytes_max);
  if (parser_->is_done() || !beast::iequals(parser_->get()[http::field::expect], "100-continue")) return {};
  // 25 bytes into an empty send buffer: they fit, or the connection is dead anyway.
  constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  boost::system::error_code error;
  socket_.write_some(asio::buffer(go_on.data(), go_on.size()), error);
  return {};
}

HttpServer::Impl::Connection::Parsed HttpServer::Impl::Connection::refuse(
    const boost::system::error_code& error) {
  const int status = error == http::error::body_limit ? 413 : error == http::error::header_limit ? 431 : 400;
  keep_alive_ = false;
  lingering_ = true;
  wire::Response response{status, {{"Content-Type", "text/plain"}}, error.message() + "\n"};
  if (parser_->is_header_done() && server_->refusal) {
    response = server_->refusal(to_request(parser_->release()), status);
  }
  body_ = std::move(response.body);
  source_ = nullptr;
  is_head_ = false;
  make_head(response);
  return Parsed::refused;
}

void HttpServer::Impl::Connection::read() {
  const bool begun = buffer_.size() > 0 || header_seen_;
  // A large body may take as long as it comes at all.
  const bool into_sink = header_seen_ && !lingering_ && parser_->get().body().sink;
  if (begun && !lingering_ &&
      (into_sink || deadline_ - server_->loop.steady() > server_->limits.read_timeout)) {
    set_timeout(server_->limits.read_timeout);
  }
  socket_.async_read_some(buffer_.prepare(into_sink ? kept_buffer_bytes : read_bytes),
                          [self = shared_from_this()](const auto& error, std::size_t bytes) {
                            if (error) return self->end();
                            self->buffer_.commit(bytes);
                            if (self->lingering_) return self->drain();
                            self->run();
                          });
}

void HttpServer::Impl::Connection::dispatch() {
  keep_alive_ = parser_->keep_alive() && !server_->closing;
  is_head_ = parser_->get().method() == http::verb::head;
  deadline_ = never;
  waiting_ = true;
  handling_ = true;
  const std::uint64_t number = ++request_number_;
  server_->handler(to_request(parser_->release()), remote_address_,
                   [weak = weak_from_this(), number](wire::Response response) {
                     if (const auto self = weak.lock()) self->answer(number, std::move(response));
                   });
  handling_ = false;
}

void HttpServer::Impl::Connection::answer(std::uint64_t request_number, wire::Response response) {
  if (ended_ || !waiting_ || request_number != request_number_) return;
  waiting_ = false;
  keep_alive_ = keep_alive_ && !server_->closing;
  body_ = std::move(response.body);
  source_ = std::move(response.source);
  make_head(response);
  if (handling_) return;  // run() goes on from here
  const auto self = shared_from_this();
  if (write() && after_write()) run();
}

void HttpServer::Impl::Connection::make_head(const wire::Response& response) {
  const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(response.status)));
  head_.clear();
  auto out = std::back_inserter(head_);
  fmt::format_to(out, "HTTP/1.1 {} {}\r\n", response.status, std::string_view(reason.data(), reason.size()));
  for (const auto& [name, value] : response.headers) fmt::format_to(out, "{}: {}\r\n", name, value);
  const std::uint64_t length = source_ ? source_->size() : body_.size();
  if (has_body(response.status)) fmt::format_to(out, "Content-Length: {}\r\n", length);
  fmt::format_to(out, "Date: {}\r\n{}\r\n", server_->date(), keep_alive_ ? "" : "Connection: close\r\n");
  unsent_ = length;
  if (!is_head_ && has_body(response.status)) return;
  body_.clear();
  source_ = nullptr;
}

// Tries at once and waits only when the client reads slowly. True when everything is written.
bool HttpServer::Impl::Connection::write() {
  if (source_) return write_from_source();
  set_timeout(server_->limits.read_timeout);
  boost::system::error_code error;
  const std::array<asio::const_buffer, 2> whole{asio::buffer(head_), asio::buffer(body_)};
  std::size_t written = socket_.write_some(whole, error);
  if (error && error != asio::error::would_block) {
    end();
    return false;
  }
  if (error) written = 0;
  if (written == head_.size() + body_.size()) return true;
  const std::size_t of_head = std::min(written, head_.size());
  const std::array<asio::const_buffer, 2> rest{asio::buffer(head_) + of_head,
                                               asio::buffer(body_) + (written - of_head)};
  asio::async_write(socket_, rest, [self = shared_from_this()](const auto& failure, std::size_t) {
    if (failure) return self->end();
    if (self->after_write()) self->run();
  });
  return false;
}

// One piece after another, each when the one before it is gone. False: run() goes on when the last one is.
bool HttpServer::Impl::Connection::write_from_source() {
  set_timeout(server_->limits.read_timeout);
  body_ = unsent_ > 0 ? source_->read() : std::string();
  if (unsent_ > 0 && body_.empty()) {  // a shorter body than announced: the client must see that it is
    end();
    return false;
  }
  unsent_ -= std::min<std::uint64_t>(unsent_, body_.size());
  const std::array<asio::const_buffer, 2> piece{asio::buffer(head_), asio::buffer(body_)};
  asio::async_write(socket_, piece, [self = shared_from_this()](const auto& failure, std::size_t) {
    if (failure) return self->end();
    self->head_.clear();
    if (self->unsent_ > 0) {
      self->write_from_source();
      return;
    }
    self->source_ = nullptr;
    if (self->after_write()) self->run();
  });
  return false;
}

// True when the next request may be read.
bool HttpServer::Impl::Connection::after_write() {
  if (!keep_alive_) {
    boost::system::error_code ignored;
    socket_.shutdown(asio::socket_base::shutdown_send, ignored);
    if (lingering_) {
      set_timeout(linger);
      drain();
    } else {
      end();
    }
    return false;
  }
  if (body_.capacity() > kept_buffer_bytes) body_ = {};
  if (buffer_.size() == 0 && buffer_.capacity() > kept_buffer_bytes) buffer_.shrink_to_fit();
  start_parser();
  return true;
}

// Closing with unread input would reset the connection before the client has read the answer.
void HttpServer::Impl::Connection::drain() {
  buffer_.clear();
  read();
}

void HttpServer::Impl::Connection::end_when_idle() {
  keep_alive_ = false;
  if (!waiting_ && !header_seen_ && buffer_.size() == 0) end();
}

void HttpServer::Impl::Connection::end() {
  if (ended_) return;
  ended_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
  server_->remove(shared_from_this());
}

namespace {

void close_on_exec(int socket) {
  ::fcntl(socket, F_SETFD, ::fcntl(socket, F_GETFD) | FD_CLOEXEC);
}

}  // namespace

Result<HttpServer::Listener> HttpServer::Impl::listen(const std::string& host, std::uint16_t port) {
  const auto failed = [&](const boost::system::error_code& error) {
    return Error{"ListenFailed", fmt::format("Cannot listen on {}:{}: {}", host, port, error.message())};
  };
  boost::system::error_code error;
  asio::ip::tcp::resolver resolver(loop.io());
  const auto found = resolver.resolve(host, std::to_string(port), asio::ip::tcp::resolver::passive, error);
  if (error) return failed(error);
  const asio::ip::tcp::endpoint endpoint = found.begin()->endpoint();
  auto acceptor = std::make_unique<Acceptor>(loop.io().get_executor());
  acceptor->open(endpoint.protocol(), error);
  if (!error) acceptor->set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(asio::socket_base::max_listen_connections, error);
  if (error) return failed(error);
  return start(std::move(acceptor));
}

Result<HttpServer::Listener> HttpServer::Impl::serve(int listening_fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  boost::system::error_code error;
  auto acceptor = std::make_unique<Acceptor>(loop.io().get_executor());
  if (getsockname(listening_fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    error.assign(errno, boost::system::system_category());
  } else {
    const auto protocol = address.ss_family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4();
    acceptor->assign(protocol, listening_fd, error);
  }
  if (error) return Error{"ListenFailed", fmt::format("Cannot serve a socket: {}", error.message())};
  return start(std::move(acceptor));
}

HttpServer::Listener HttpServer::Impl::start(std::unique_ptr<Acceptor> acceptor) {
  boost::system::error_code ignored;
  acceptor->non_blocking(true, ignored);
  // A program that berthd starts must not hold the address when berthd is gone.
  close_on_exec(acceptor->native_handle());
  const Listener listener{++last_listener_, acceptor->local_endpoint(ignored).port()};
  acceptors_[listener.id] = std::move(acceptor);
  accept(listener.id);
  return listener;
}

void HttpServer::Impl::accept(int listener_id) {
  const auto found = acceptors_.find(listener_id);
  if (found == acceptors_.end()) return;
  if (connections.size() >= limits.connections_max && !longest_waiting()) {
    paused_.insert(listener_id);
    return;
  }
  found->second->async_accept(
      [weak = weak_from_this(), listener_id](const boost::system::error_code& error, Socket socket) {
        if (const auto self = weak.lock()) self->on_accepted(listener_id, error, std::move(socket));
      });
}

void HttpServer::Impl::on_accepted(int listener_id, const boost::system::error_code& error, Socket socket) {
  if (error == asio::error::operation_aborted || !acceptors_.contains(listener_id)) return;
  if (error) {
    // Out of file descriptors, most likely: a moment later there may be one.
    log::warn("accepting a connection failed: {}", error.message());
    const auto timer = std::make_shared<TimerId>(no_timer);
    *timer = loop.after_real(accept_retry, [weak = weak_from_this(), listener_id, timer] {
      const auto self = weak.lock();
      if (!self) return;
      self->retry_timers_.erase(*timer);
      self->accept(listener_id);
    });
    retry_timers_.insert(*timer);
    return;
  }
  close_on_exec(socket.native_handle());
  const auto connection = std::make_shared<Connection>(shared_from_this(), std::move(socket));
  // Clients that ask slowly, or keep a connection for later, make room for the one that is here.
  while (connections.size() >= limits.connections_max) {
    const auto slowest = longest_waiting();
    if (!slowest) break;
    slowest->end();
  }
  add(connection);
  connection->run();
  accept(listener_id);
}

// The one whose time runs out first; null when all are owed an answer.
std::shared_ptr<HttpServer::Impl::Connection> HttpServer::Impl::longest_waiting() const {
  std::shared_ptr<Connection> found;
  for (const auto& connection : connections) {
    if (!connection->is_waiting_for_client()) continue;
    if (!found || connection->deadline() < found->deadline()) found = connection;
  }
  return found;
}

void HttpServer::Impl::add(std::shared_ptr<Connection> connection) {
  connections.insert(std::move(connection));
  if (sweep_timer_ == no_timer) sweep();
}

void HttpServer::Impl::remove(const std::shared_ptr<Connection>& connection) {
  connections.erase(connection);
  resume_accepting();
  if (connections.empty() && drained_) loop.post(std::exchange(drained_, {}));
}

void HttpServer::Impl::resume_accepting() {
  if (paused_.empty() || (connections.size() >= limits.connections_max && !longest_waiting())) return;
  for (const int id : std::exchange(paused_, {})) accept(id);
}

// One timer for all connections instead of one each: arming a timer per read would cost more than the read.
void HttpServer::Impl::sweep() {
  const SteadyTime now = loop.steady();
  std::vector<std::shared_ptr<Connection>> late;
  for (const auto& connection : connections) {
    if (connection->deadline() < now) late.push_back(connection);
  }
  for (const auto& connection : late) connection->end();
  resume_accepting();
  sweep_timer_ = no_timer;
  if (connections.empty()) return;
  sweep_timer_ =
      loop.after_real(std::min(sweep_interval_max, limits.read_timeout), [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->sweep();
      });
}

void HttpServer::Impl::stop_listening(int id) {
  acceptors_.erase(id);
  paused_.erase(id);
}

void HttpServer::Impl::close(Callback drained) {
  closing = true;
  acceptors_.clear();
  const auto open = connections;
  for (const auto& connection : open) connection->end_when_idle();
  if (connections.empty()) return loop.post(std::move(drained));
  drained_ = std::move(drained);
}

void HttpServer::Impl::abandon() {
  acceptors_.clear();
  drained_ = {};
  const auto open = connections;
  for (const auto& connection : open) connection->end();
  if (sweep_timer_ != no_timer) loop.cancel(sweep_timer_);
  for (const TimerId timer : retry_timers_) loop.cancel(timer);
}

std::string_view HttpServer::Impl::date() {
  const Time now = loop.real_now();
  if (unix_seconds(now) != date_s_) {
    date_s_ = unix_seconds(now);
    date_ = format_utc(now, "%a, %d %b %Y %H:%M:%S GMT");
  }
  return date_;
}

HttpServer::HttpServer(AsioLoop& loop, HttpHandler handler, HttpRefusal refusal, HttpServerLimits limits)
    : impl_(std::make_shared<Impl>(loop, std::move(handler), std::move(refusal), limits)) {}

HttpServer::~HttpServer() {
  impl_->abandon();
}

void HttpServer::take_bodies(HttpBodySink open_sink) {
  impl_->open_sink = std::move(open_sink);
}

Result<HttpServer::Listener> HttpServer::listen(const std::string& host, std::uint16_t port) {
  return impl_->listen(host, port);
}

Result<HttpServer::Listener> HttpServer::serve(int listening_fd) {
  return impl_->serve(listening_fd);
}

void HttpServer::stop_listening(int listener_id) {
  impl_->stop_listening(listener_id);
}

void HttpServer::close(Callback drained) {
  impl_->close(std::move(drained));
}

std::size_t HttpServer::connections() const {
  return impl_->connections.size();
}

}  // namespace berth::net
