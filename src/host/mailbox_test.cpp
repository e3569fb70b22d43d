#include "host/mailbox.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "host/mail_message.h"
#include "loop/sim_loop.h"

namespace berth::host {
namespace {

world::Mail a_mail(const std::string& id, const std::string& subject = "ALARM: \"CPU\" in Europe (Ireland)") {
  world::Mail mail;
  mail.id = id;
  mail.from_name = "AWS Notifications";
  mail.from_address = "no-reply@sns.amazonaws.com";
  mail.to = "you@example.com";
  mail.subject = subject;
  mail.body = "First line\n\nhttp://127.0.0.1:4566/?Action=ConfirmSubscription&Token=1\n";
  mail.time = *parse_iso("2025-07-03T08:34:06Z");
  return mail;
}

TEST(MailMessage, IsWhatMailProgramsRead) {
  EXPECT_EQ(mail_message(a_mail("id-1")),
            "Date: Thu, 03 Jul 2025 08:34:06 +0000\r\n"
            "From: \"AWS Notifications\" <no-reply@sns.amazonaws.com>\r\n"
            "To: you@example.com\r\n"
            "Message-ID: <id-1@berth.localhost>\r\n"
            "Subject: ALARM: \"CPU\" in Europe (Ireland)\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=UTF-8\r\n"
            "Content-Transfer-Encoding: 7bit\r\n"
            "\r\n"
            "First line\r\n\r\nhttp://127.0.0.1:4566/?Action=ConfirmSubscription&Token=1\r\n");
}

TEST(MailMessage, NoFieldCanBeSmuggledIn) {
  auto mail = a_mail("id-1", "x\r\nBcc: other@example.com");
  mail.from_name = "A \"quoted\\ name\"\r\nX-Evil: 1";
  const std::string text = mail_message(mail);
  EXPECT_EQ(text.find("\r\nBcc:"), std::string::npos);
  EXPECT_EQ(text.find("\r\nX-Evil:"), std::string::npos);
}

TEST(MailMessage, ReadsBackWhatItWrote) {
  auto mail =
      a_mail("id-1", "Größe überschritten, wirklich sehr lange Zeile, die nicht in ein Wort passt: ÄÖÜäöüß");
  mail.from_name = "Nächtliche \"Wache\"";
  mail.body = "Grüße = gut, Ende mit Leerzeichen \n" + std::string(3000, 'x') + "ß\n.\n";
  const std::string text = mail_message(mail);
  for (const auto& line : split(text, '\n')) EXPECT_LT(line.size(), 100u);
  for (const unsigned char c : text) EXPECT_LT(c, 128);
  const auto back = read_mail_message(text);
  EXPECT_EQ(back.subject, mail.subject);
  EXPECT_EQ(back.from_name, mail.from_name);
  EXPECT_EQ(back.body, mail.body);
  EXPECT_EQ(back.time, mail.time);
  mail = a_mail("id-2");
  mail.from_name = "A \"quoted\\ name\"";
  EXPECT_EQ(read_mail_message(mail_message(mail)).from_name, mail.from_name);
}

TEST(MailMessage, ReadsWhatSomeoneHasSpoilt) {
  for (const auto* text :
       {"", "\r\n\r\n", "Message-ID: \r\nFrom: <\r\nDate: today\r\n\r\nx", "From: \" <>\r\n"}) {
    EXPECT_EQ(read_mail_message(text).id, "") << text;
  }
}

struct MailboxTest : testing::Test {
  MailboxTest() {
    char pattern[] = "/tmp/mailbox_test_XXXXXX";
    root = mkdtemp(pattern);
    open();
  }
  ~MailboxTest() override { std::filesystem::remove_all(root); }

  void open() {
    mailbox.reset();
    auto opened = Mailbox::open(loop, root + "/mail");
    ASSERT_TRUE(opened);
    mailbox = std::move(*opened);
  }

  Result<> send(const world::Mail& mail) {
    std::optional<Result<>> outcome;
    mailbox->send(mail, [&](Result<> result) { outcome = std::move(result); });
    loop.run_ready();
    return outcome ? *outcome : Result<>{Error{"NoAnswer", ""}};
  }

  std::string root;
  SimLoop loop;
  std::unique_ptr<Mailbox> mailbox;
};

TEST_F(MailboxTest, KeepsMailsInOrderForTheOwnerAlone) {
  EXPECT_TRUE(send(a_mail("b", "first")));
  EXPECT_TRUE(send(a_mail("a", "second")));
  const auto mails = *mailbox->list();
  ASSERT_EQ(mails.size(), 2u);
  EXPECT_EQ(mails[0].file, "000001-b.eml");
  EXPECT_EQ(mails[0].mail.subject, "first");
  EXPECT_EQ(mails[1].mail.body, a_mail("a").body);
  EXPECT_EQ(*mailbox->read(1), mail_message(a_mail("b", "first")));
  EXPECT_EQ(mailbox->list(1)->size(), 1u);
  EXPECT_FALSE(mailbox->read(3));
  struct stat status {};
  ASSERT_EQ(stat((root + "/mail/000001-b.eml").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(MailboxTest, TheSameMailIsKeptOnceAlsoAcrossARestart) {
  EXPECT_TRUE(send(a_mail("a")));
  EXPECT_TRUE(send(a_mail("a")));
  std::ofstream(root + "/mail/.unfinished-000002-b.eml") << "half a mail";
  open();
  EXPECT_TRUE(send(a_mail("a")));
  EXPECT_TRUE(send(a_mail("b")));
  ASSERT_EQ(mailbox->list()->size(), 2u);
  EXPECT_EQ(mailbox->list()->at(1).sequence, 2);
  EXPECT_FALSE(std::filesystem::exists(root + "/mail/.unfinished-000002-b.eml"));
}

TEST_F(MailboxTest, SaysWhenItCannotWrite) {
  std::filesystem::remove_all(root + "/mail");
  EXPECT_EQ(send(a_mail("a")).error().code, "MailboxError");
  EXPECT_EQ(send(a_mail("../evil")).error().code, world::mail_refused);
  std::filesystem::create_directory(root + "/mail");
  EXPECT_TRUE(send(a_mail("a")));
}

}  // namespace
}  // namespace berth::host
