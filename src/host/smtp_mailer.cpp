#include "host/smtp_mailer.h"

#include <fstream>

#include "base/text.h"
#include "host/mail_message.h"

namespace berth::host {
namespace {

Error bad_relay(const std::string& what) {
  return {"BadMailRelay", "mail relay: " + what};
}

std::string host_of(std::string_view url) {
  std::string_view rest = url.substr(url.find("://") + 3);
  rest = rest.substr(0, rest.find('/'));
  if (rest.starts_with('[')) return std::string(rest.substr(1, rest.find(']') - 1));
  return std::string(rest.substr(0, rest.find(':')));
}

bool is_this_machine(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

Result<std::string> read_password(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!file || !std::getline(file, line)) return bad_relay("cannot read the password file " + path);
  return std::string(trim(line));
}

}  // namespace

Result<std::unique_ptr<SmtpMailer>> SmtpMailer::create(Loop& loop, const SmtpRelay& relay) {
  net::SmtpServer server;
  server.url = relay.url;
  server.user = relay.user;
  server.ca_file = relay.ca_file;
  const bool plain = relay.url.starts_with("smtp://");
  if (!plain && !relay.url.starts_with("smtps://")) {
    return bad_relay("the URL must begin with smtp:// or smtps://, not " + relay.url);
  }
  const std::string host = host_of(relay.url);
  if (host.empty()) return bad_relay("the URL names no host: " + relay.url);
  if (relay.user.empty() != relay.password_file.empty()) {
    return bad_relay("user and password_file go together");
  }
  if (!relay.user.empty()) {
    auto password = read_password(relay.password_file);
    if (!password) return password.error();
    server.password = *password;
  }
  // A password never travels in the clear. A relay on this machine often has a certificate that names
  // nothing.
  server.require_tls = plain && !relay.user.empty() && !is_this_machine(host);
  server.allow_tls = plain && !is_this_machine(host);
  return std::unique_ptr<SmtpMailer>(new SmtpMailer(loop, std::move(server), relay.from));
}

void SmtpMailer::send(const world::Mail& mail, std::function<void(Result<>)> done) {
  world::Mail sent = mail;
  if (!from_.empty()) sent.from_address = from_;
  client_.send({'<' + sent.from_address + '>', '<' + sent.to + '>', mail_message(sent)}, [done = std::move(
                                                                                              done)](
                                                                                             const Result<>&
                                                                                                 outcome) {
    if (outcome) return done({});
    const bool refused = outcome.error().code == net::smtp_refused;
    done(Error{refused ? std::string(world::mail_refused) : outcome.error().code, outcome.error().message});
  });
}

}  // namespace berth::host
