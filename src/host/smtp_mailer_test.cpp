#include "host/smtp_mailer.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "base/digest.h"
#include "loop/asio_loop.h"

namespace berth::host {
namespace {

// An SMTP server that answers each command as it is told and keeps what it hears; one connection at a time.
class SmtpSink {
 public:
  using Answers = std::map<std::string, std::string>;
  explicit SmtpSink(Answers answers = {}) : answers_(std::move(answers)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    listen(listener_, 4);
    thread_ = std::thread([this] { serve(); });
  }
  ~SmtpSink() { stop(); }

  void stop() {
    if (!thread_.joinable()) return;
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }

  std::string url() const { return "smtp://127.0.0.1:" + std::to_string(port_); }
  // After stop().
  const std::string& heard() const { return heard_; }

 private:
  void serve() {
    for (;;) {
      const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) return;
      converse(connection);
      close(connection);
    }
  }

  void converse(int connection) {
    say(connection, answer("greeting", "220 sink"));
    std::string buffer;
    bool data = false;
    char piece[4096];
    for (ssize_t got; (got = recv(connection, piece, sizeof piece, 0)) > 0;) {
      buffer.append(piece, static_cast<std::size_t>(got));
      for (std::size_t end; (end = buffer.find("\r\n")) != std::string::npos;) {
        const std::string line = buffer.substr(0, end);
        buffer.erase(0, end + 2);
        heard_ += line + "\r\n";
        if (data) {
          if (line != ".") continue;
          data = false;
          say(connection, answer("message", "250 kept"));
        } else {
          const std::string verb = line.substr(0, 4);
          data = verb == "DATA";
          say(connection, answer(verb, data ? "354 go on" : "250 fine"));
        }
      }
    }
  }

  std::string answer(const std::string& to, const std::string& usual) const {
    const auto found = answers_.find(to);
    return found == answers_.end() ? usual : found->second;
  }
  static void say(int connection, const std::string& text) {
    const std::string line = text + "\r\n";
    static_cast<void>(::send(connection, line.data(), line.size(), MSG_NOSIGNAL));
  }

  Answers answers_;
  int listener_ = -1;
  int port_ = 0;
  std::string heard_;
  std::thread thread_;
};

struct SmtpMailerTest : testing::Test {
  Result<> send(const SmtpRelay& relay) {
    auto mailer = SmtpMailer::create(loop, relay);
    if (!mailer) return mailer.error();
    world::Mail mail;
    mail.id = "id-1";
    mail.from_name = "AWS Notifications";
    mail.from_address = "no-reply@sns.amazonaws.com";
    mail.to = "you@example.com";
    mail.subject = "Hello";
    mail.body = "line\n.\n.leading dot\n";
    std::optional<Result<>> outcome;
    (*mailer)->send(mail, [&](Result<> result) {
      outcome = std::move(result);
      loop.stop();
    });
    const auto guard = boost::asio::make_work_guard(loop.io());
    loop.io().restart();
    loop.run();
    return *outcome;
  }

  AsioLoop loop{machine_date(), 1, 1};
};

TEST_F(SmtpMailerTest, HandsTheMailOver) {
  SmtpSink sink;
  SmtpRelay relay;
  relay.url = sink.url();
  relay.from = "berth@example.com";
  EXPECT_TRUE(send(relay));
  sink.stop();
  EXPECT_NE(sink.heard().find("MAIL FROM:<berth@example.com>"), std::string::npos) << sink.heard();
  EXPECT_NE(sink.heard().find("RCPT TO:<you@example.com>"), std::string::npos);
  EXPECT_NE(sink.heard().find("From: \"AWS Notifications\" <berth@example.com>\r\n"), std::string::npos);
  EXPECT_NE(sink.heard().find("\r\n\r\nline\r\n..\r\n..leading dot\r\n.\r\n"), std::string::npos)
      << sink.heard();
}

TEST_F(SmtpMailerTest, TellsRefusalsForGoodFromOthers) {
  const struct {
    const char* verb;
    const char* answer;
    bool for_good;
  } cases[] = {{"RCPT", "550 no such user", true},  {"RCPT", "450 mailbox busy", false},
               {"MAIL", "553 not you", true},       {"message", "554 looks like spam", true},
               {"message", "451 try later", false}, {"greeting", "421 too busy", false}};
  for (const auto& each : cases) {
    SmtpSink sink(SmtpSink::Answers{{each.verb, each.answer}});
    SmtpRelay relay;
    relay.url = sink.url();
    const auto outcome = send(relay);
    ASSERT_FALSE(outcome) << each.answer;
    EXPECT_EQ(outcome.error().code == world::mail_refused, each.for_good)
        << each.answer << ": " << outcome.error().message;
    EXPECT_NE(outcome.error().message.find(std::string(each.answer, 3)), std::string::npos)
        << outcome.error().message;
  }
}

TEST_F(SmtpMailerTest, NobodyThereIsNotForGood) {
  SmtpSink sink;
  SmtpRelay relay;
  relay.url = sink.url();
  sink.stop();
  EXPECT_EQ(send(relay).error().code, "SmtpFailed");
}

TEST_F(SmtpMailerTest, LogsInWithThePasswordOfTheFile) {
  SmtpSink sink(
      SmtpSink::Answers{{"EHLO", "250-sink\r\n250 AUTH PLAIN"}, {"AUTH", "334 "}, {"AG1l", "235 welcome"}});
  const std::string path = "/tmp/smtp_mailer_test_" + std::to_string(getpid());
  std::ofstream(path) << "secret\n";
  SmtpRelay relay;
  relay.url = sink.url();
  relay.user = "me";
  relay.password_file = path;
  EXPECT_TRUE(send(relay));
  std::filesystem::remove(path);
  sink.stop();
  EXPECT_NE(sink.heard().find(base64(std::string("\0me\0secret", 10))), std::string::npos) << sink.heard();
}

TEST_F(SmtpMailerTest, RefusesAConfigurationThatCannotWork) {
  EXPECT_EQ(send({.url = "http://127.0.0.1"}).error().code, "BadMailRelay");
  EXPECT_EQ(send({.url = "smtp://"}).error().code, "BadMailRelay");
  EXPECT_EQ(send({.url = "smtp://127.0.0.1", .user = "me"}).error().code, "BadMailRelay");
  EXPECT_EQ(send({.url = "smtp://127.0.0.1", .user = "me", .password_file = "/nonexistent"}).error().code,
            "BadMailRelay");
}

}  // namespace
}  // namespace berth::host
