#include "reconcile/notifications.h"

#include <gtest/gtest.h>

#include <optional>

#include "loop/sim_loop.h"
#include "services/sns/delivery_policy.h"

namespace berth::reconcile {
namespace {

// Fails as often as it is told; keeps what it was given by id, as a mailbox does.
struct FakeMailer final : world::Mailer {
  explicit FakeMailer(Loop& with) : loop(with) {}
  void send(const world::Mail& mail, std::function<void(Result<>)> done) override {
    ++attempts;
    if (silent) return;
    loop.post([this, mail, done] {
      if (failures > 0) {
        --failures;
        return done(Error{code, "451 try later"});
      }
      delivered[mail.id] = mail;
      order.push_back(mail.subject);
      done({});
    });
  }

  Loop& loop;
  int failures = 0;
  bool silent = false;
  std::string code = "SmtpFailed";
  int attempts = 0;
  std::map<std::string, world::Mail> delivered;
  std::vector<std::string> order;
};

struct FakePoster final : world::WebPoster {
  explicit FakePoster(Loop& with) : loop(with) {}
  void post(const world::WebPost& post, std::function<void(Result<int>)> done) override {
    posts.push_back(post);
    const int answer = posts.size() <= answers.size() ? answers[posts.size() - 1] : 200;
    loop.post([done, answer] { done(answer); });
  }

  Loop& loop;
  std::vector<int> answers;
  std::vector<world::WebPost> posts;
};

struct NotificationsTest : testing::Test {
  NotificationsTest() { sns::add_tables(store); }

  void queue(const std::string& subject, const std::string& protocol = "email") {
    ASSERT_TRUE(store.transact([&]() -> Result<> {
      sns::DeliveryRow row;
      row.sequence = sns::next_delivery_sequence(store);
      row.id = "mail-" + subject;
      row.protocol = protocol;
      row.endpoint = sns::is_mail(protocol) ? "you@example.com" : "http://127.0.0.1:1/hook";
      row.subject = subject;
      row.body = "text";
      store.put(row);
      return {};
    }));
  }

  void restart() {
    notifications.reset();
    notifications.emplace(store, loop, mailer, poster);
    notifications->start();
  }

  const sns::DeliveryRow& only() const { return store.all<sns::DeliveryRow>().begin()->second; }

  Store store;
  SimLoop loop;
  FakeMailer mailer{loop};
  FakePoster poster{loop};
  std::optional<Notifications> notifications;
};

TEST_F(NotificationsTest, SendsInOrderAndErases) {
  restart();
  for (const auto* subject : {"1", "2", "3"}) queue(subject);
  loop.run_ready();
  EXPECT_EQ(mailer.order, (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_TRUE(store.all<sns::DeliveryRow>().empty());
}

TEST_F(NotificationsTest, TriesAgainWithBackOff) {
  mailer.failures = 3;
  restart();
  queue("a");
  loop.run_ready();
  EXPECT_EQ(mailer.attempts, 1);
  EXPECT_EQ(only().last_error, "451 try later");
  loop.run_for(Duration::seconds(9));
  EXPECT_EQ(mailer.attempts, 1);
  loop.run_for(Duration::seconds(1));
  EXPECT_EQ(mailer.attempts, 2);
  loop.run_for(Duration::seconds(20));
  EXPECT_EQ(mailer.attempts, 4);
  EXPECT_EQ(mailer.delivered.size(), 1u);
}

TEST_F(NotificationsTest, BackOffOutlivesARestart) {
  mailer.failures = 1;
  restart();
  queue("a");
  loop.run_ready();
  loop.run_for(Duration::seconds(5));
  restart();
  loop.run_ready();
  EXPECT_EQ(mailer.attempts, 1);
  loop.run_for(Duration::seconds(5));
  EXPECT_EQ(mailer.attempts, 2);
  EXPECT_TRUE(store.all<sns::DeliveryRow>().empty());
}

// The process ends between the delivery and the note of it: the same id is sent again.
TEST_F(NotificationsTest, RepeatsUnderTheSameIdAfterACrash) {
  restart();
  queue("a");
  mailer.silent = true;  // no answer ever comes
  loop.run_ready();
  EXPECT_EQ(mailer.attempts, 1);
  mailer.silent = false;
  restart();
  loop.run_ready();
  EXPECT_EQ(mailer.attempts, 2);
  EXPECT_EQ(mailer.delivered.count("mail-a"), 1u);
}

TEST_F(NotificationsTest, GivesUpAtTheLimitAndKeepsTheRecord) {
  mailer.failures = 1000;
  restart();
  queue("a");
  loop.run_for(Duration::seconds(24 * 3600));
  EXPECT_EQ(mailer.attempts, sns::mail_policy.attempts_max());
  EXPECT_TRUE(only().gave_up_at);
  restart();
  loop.run_for(Duration::seconds(3600));
  EXPECT_EQ(mailer.attempts, sns::mail_policy.attempts_max());
  queue("b");
  mailer.failures = 0;
  loop.run_ready();
  EXPECT_EQ(mailer.delivered.count("mail-b"), 1u);
}

TEST_F(NotificationsTest, ARefusalForGoodIsNotTriedAgain) {
  mailer.failures = 1;
  mailer.code = world::mail_refused;
  restart();
  queue("a");
  loop.run_for(Duration::seconds(3600));
  EXPECT_EQ(mailer.attempts, 1);
  EXPECT_TRUE(only().gave_up_at);
}

TEST_F(NotificationsTest, OneUndeliverableMailDoesNotHoldTheOthers) {
  mailer.failures = 1;
  restart();
  queue("stuck");
  queue("next");
  loop.run_ready();
  EXPECT_EQ(mailer.order, std::vector<std::string>{"next"});
}

TEST_F(NotificationsTest, PostsAndRetriesServerErrors) {
  poster.answers = {503, 429, 500, 503, 200};
  restart();
  queue("a", "http");
  loop.run_ready();
  EXPECT_EQ(poster.posts.size(), 4u);  // three at once after the first
  loop.run_for(Duration::seconds(1));
  EXPECT_EQ(poster.posts.size(), 5u);
  EXPECT_TRUE(store.all<sns::DeliveryRow>().empty());
  poster.posts.clear();
  poster.answers = {404};
  queue("b", "http");
  loop.run_for(Duration::seconds(3600));
  EXPECT_EQ(poster.posts.size(), 1u);
  EXPECT_EQ(only().last_error, "The endpoint answered 404");
}

TEST_F(NotificationsTest, UnconfirmedSubscriptionsVanish) {
  ASSERT_TRUE(store.transact([&]() -> Result<> {
    sns::SubscriptionRow row;
    row.arn = "pending";
    row.token_expires_at = loop.real_now() + Duration::seconds(2 * 24 * 3600);
    store.put(row);
    row.arn = "confirmed";
    row.confirmed = true;
    store.put(row);
    return {};
  }));
  restart();
  loop.run_for(Duration::seconds(2 * 24 * 3600 - 1));
  EXPECT_EQ(store.all<sns::SubscriptionRow>().size(), 2u);
  loop.run_for(Duration::seconds(2));
  EXPECT_EQ(store.all<sns::SubscriptionRow>().size(), 1u);
  EXPECT_TRUE(store.find<sns::SubscriptionRow>("confirmed"));
}

}  // namespace
}  // namespace berth::reconcile
