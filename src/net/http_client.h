// HttpClient: HTTP requests to other servers, over TCP or a unix socket, carried out on one thread of its
// own; answers come back as events of the loop. It follows no redirect, keeps no cookie and knows nothing of
// what it carries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "loop/loop.h"

namespace berth::net {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::string unix_socket{};  // a path; empty: TCP to the URL's host
  HttpHeaders headers{};
  std::string body{};
  RealDuration timeout = RealDuration::seconds(30);  // of the whole exchange; 0: none
  RealDuration connect_timeout = RealDuration::seconds(5);
  std::size_t response_bytes_max = 64u << 20;
  // Given: gets the body piece by piece, and HttpResponse::body stays empty.
  std::function<void(std::string_view)> on_data{};
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;  // names in lower case
  std::string body;
};

// Codes of the errors that HttpClient itself returns. An answer of any status is not an error.
inline constexpr std::string_view http_connection_error = "ConnectionError";
inline constexpr std::string_view http_timeout = "TimeoutError";
inline constexpr std::string_view http_response_too_large = "ResponseTooLarge";

class HttpClient {
 public:
  using RequestId = std::uint64_t;
  using Done = std::function<void(Result<HttpResponse>)>;

  explicit HttpClient(Loop& loop);
  // Ends what is under way; no callback runs afterwards.
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  RequestId send(HttpRequest request, Done done);
  // `done` will not be called. Unknown and finished requests are ignored.
  void cancel(RequestId request);

 private:
  class Worker;

  struct Waiting {
    Done done;
    std::function<void(std::string_view)> on_data;
  };

  void finish(RequestId request, Result<HttpResponse> result);
  void deliver(RequestId request, std::string_view data);

  RequestId last_id_ = 0;
  std::map<RequestId, Waiting> waiting_;  // touched on the loop's thread only
  std::shared_ptr<HttpClient*> self_;     // what posted events hold weakly: they may outlive the client
  std::unique_ptr<Worker> worker_;
};

}  // namespace berth::net
