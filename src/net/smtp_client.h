// SmtpClient: hands finished messages to an SMTP server, one after the other, on a thread of its own;
// outcomes come back as events of the loop. It tries once and knows nothing of what it carries.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "loop/loop.h"

namespace berth::net {

struct SmtpServer {
  std::string url;  // smtp://host:25 or smtps://host:465
  std::string user{};
  std::string password{};
  std::string ca_file{};     // empty: the system's certificates
  bool require_tls = false;  // STARTTLS or nothing; without it STARTTLS is used where the server offers it
  bool allow_tls = true;
  RealDuration timeout = RealDuration::seconds(60);
};

struct SmtpMessage {
  std::string from;
  std::string to;
  std::string text;  // RFC 5322, CRLF
};

// Codes of errors: refused for good (5xx to the address or the message), or not now.
inline constexpr std::string_view smtp_refused = "SmtpRefused";
inline constexpr std::string_view smtp_failed = "SmtpFailed";

class SmtpClient {
 public:
  using Done = std::function<void(Result<>)>;

  SmtpClient(Loop& loop, SmtpServer server);
  // Breaks off what is under way; no callback runs afterwards.
  ~SmtpClient();
  SmtpClient(const SmtpClient&) = delete;
  SmtpClient& operator=(const SmtpClient&) = delete;

  void send(SmtpMessage message, Done done);

 private:
  class Worker;

  void finish(std::uint64_t id, Result<> outcome);

  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, Done> waiting_;  // touched on the loop's thread only
  std::shared_ptr<SmtpClient*> self_;      // what posted events hold weakly
  std::unique_ptr<Worker> worker_;
};

}  // namespace berth::net
