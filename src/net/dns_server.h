// DnsServer: answers DNS questions on a UDP socket. What is asked and what is answered are plain names and
// records here; ldns knows the wire format. It asks nobody else.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "loop/asio_loop.h"

namespace berth::net {

struct DnsQuestion {
  std::string name;  // without the last dot
  std::string type;  // "A", "SRV", ...
};

struct DnsAnswer {
  enum class Code { none, no_such_name, refused } code = Code::none;
  std::vector<std::string> records{};  // as zone files have them: "10 IN A 10.0.0.4"
};

using DnsHandler = std::function<DnsAnswer(const DnsQuestion&)>;

// The answer to one message; empty where there is none to give.
std::string answer_dns(const std::string& message, const DnsHandler& handler);

class DnsServer {
 public:
  DnsServer(AsioLoop& loop, DnsHandler handler);
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  // Owns the bound socket from here on.
  Result<> serve(int socket);

 private:
  struct Socket;

  AsioLoop& loop_;
  DnsHandler handler_;
  std::shared_ptr<Socket> socket_;
};

}  // namespace berth::net
