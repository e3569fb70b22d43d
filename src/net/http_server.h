// HttpServer: HTTP/1.1 on the loop's io_context. It reads whole requests, hands them over one at a time per
// connection and writes each answer; an answer may come later. Bodies that are too large for memory go into a
// sink while they arrive, and come from a source. It knows no path and no protocol of AWS.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"
#include "loop/asio_loop.h"
#include "wire/wire.h"

namespace berth::net {

// Called once, on the loop's thread, at once or later. Ignored when the connection is gone.
using Respond = std::function<void(wire::Response)>;
using HttpHandler = std::function<void(wire::Request request, std::string remote_address, Respond respond)>;
// The answer to a request that is refused before its body was read; `request` has no body.
using HttpRefusal = std::function<wire::Response(const wire::Request& request, int status)>;

// Where the body of a PUT goes whose head has just been read; null: into the request itself.
using HttpBodySink = std::function<std::shared_ptr<wire::BodySink>(const wire::Request& head)>;

struct HttpServerLimits {
  std::size_t body_bytes_max = limits::request_body_bytes_max;
  std::size_t header_bytes_max = limits::request_header_bytes_max;
  std::size_t connections_max = limits::connections_max;
  RealDuration read_timeout = RealDuration::seconds(limits::request_read_timeout_s);
  RealDuration keep_alive_timeout = RealDuration::seconds(limits::keep_alive_timeout_s);
};

class HttpServer {
 public:
  struct Listener {
    int id = 0;
    std::uint16_t port = 0;
  };

  HttpServer(AsioLoop& loop, HttpHandler handler, HttpRefusal refusal = {}, HttpServerLimits limits = {});
  // Closes everything at once; no handler runs afterwards.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Before the first request.
  void take_bodies(HttpBodySink open_sink);

  // `host` is an address or a name of this machine; port 0 takes a free one.
  Result<Listener> listen(const std::string& host, std::uint16_t port);
  // Serves a socket that is listening already, in whatever network namespace it was made; takes it over.
  Result<Listener> serve(int listening_fd);
  // Connections that came through the listener live on.
  void stop_listening(int listener_id);

  // Accepts no more and ends each connection after the answer that it waits for; `drained` runs when none is
  // left.
  void close(Callback drained);
  std::size_t connections() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace berth::net
