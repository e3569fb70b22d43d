// The two ends around a load balancer in a test: a small HTTP/1.1 server that does as it is told, and a
// client that keeps asking. Both live on loopback and use threads of their own; neither is more of HTTP than
// the tests need.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace berth::e2e {

struct HttpAnswer {
  int status = 0;                              // 0: no answer, the connection failed or was closed
  std::map<std::string, std::string> headers;  // names in lower case
  std::vector<std::string> cookies;            // every Set-Cookie
  std::string body;
};

// A port of `address` that is free now.
int free_port(const std::string& address = "127.0.0.1");

// Answers GET /health with `health_status`; /slow after `slow_ms`; /status/N with that status; /reset by
// closing the connection; everything else with 200. The body is the server's name, a line feed and the
// request as it came.
class HttpServer {
 public:
  explicit HttpServer(std::string name);
  ~HttpServer();

  int port() const { return port_; }
  const std::string& name() const { return name_; }
  // Requests other than health checks.
  int requests() const { return requests_; }
  int checks() const { return checks_; }
  std::string last_check();

  std::atomic<int> health_status{200};
  std::atomic<int> slow_ms{300};

 private:
  void accept_connections();
  void serve(int connection);
  std::string answer_to(const std::string& request, bool& reset);

  std::string name_;
  int port_ = 0;
  int listener_ = -1;
  std::atomic<bool> stopping_{false};
  std::atomic<int> requests_{0};
  std::atomic<int> checks_{0};
  std::mutex mutex_;  // connections_, threads_ and last_check_
  std::vector<int> connections_;
  std::vector<std::thread> threads_;
  std::string last_check_;
  std::thread acceptor_;
};

// One request on a connection of its own.
HttpAnswer http_get(const std::string& address, int port, const std::string& path,
                    const std::vector<std::string>& headers = {}, const std::string& method = "GET");

// Asks without a pause until it is stopped, on keep-alive connections that it opens anew when the other end
// has said it would close. Counts every answer by status; 0 is a failure.
class LoadClient {
 public:
  LoadClient(std::string address, int port, std::string path, int connections);
  ~LoadClient() { stop(); }
  void stop();

  std::map<int, int> by_status();
  int answers();
  int failures();  // whatever is not 200

 private:
  void run(const std::string& address, int port, const std::string& path);

  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::map<int, int> by_status_;
  std::vector<std::thread> threads_;
};

}  // namespace berth::e2e
