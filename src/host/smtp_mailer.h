// SmtpMailer: hands mails to the relay of the configuration. It keeps nothing: what fails is the caller's to
// try again, and the Message-ID, the same at every attempt, lets the receiver see a mail that came twice.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "loop/loop.h"
#include "net/smtp_client.h"
#include "world/mailer.h"

namespace berth::host {

struct SmtpRelay {
  std::string url;            // smtp://host[:port] (STARTTLS where offered) or smtps://host[:port]
  std::string user;           // empty: no login
  std::string password_file;  // its first line
  std::string from;           // sender's address; empty: as AWS has it
  std::string ca_file;        // certificates to trust; empty: the system's
};

class SmtpMailer final : public world::Mailer {
 public:
  // Refuses a configuration that cannot work, saying what is wrong with it.
  static Result<std::unique_ptr<SmtpMailer>> create(Loop& loop, const SmtpRelay& relay);

  void send(const world::Mail& mail, std::function<void(Result<>)> done) override;

 private:
  SmtpMailer(Loop& loop, net::SmtpServer server, std::string from)
      : client_(loop, std::move(server)), from_(std::move(from)) {}

  net::SmtpClient client_;
  std::string from_;
};

}  // namespace berth::host
