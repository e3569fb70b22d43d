// Mailer: hands one mail to whoever delivers it: an SMTP relay, or the local mailbox.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "loop/time.h"

namespace berth::world {

struct Mail {
  std::string id;  // stable over retries, so that nothing is delivered twice
  std::string from_name;
  std::string from_address;
  std::string to;
  std::string subject;
  std::string body;  // plain text
  Time time{};
};

// The code of an error that another attempt would not mend: the relay refuses this address or this mail for good.
inline constexpr const char* mail_refused = "MailRefused";

class Mailer {
 public:
  virtual ~Mailer() = default;
  virtual void send(const Mail& mail, std::function<void(Result<>)> done) = 0;
};

}  // namespace berth::world
