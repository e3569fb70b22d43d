// Ports of a world in which nothing can go wrong with networks, mails and web posts: every VPC is there at
// once, everybody reaches everybody, and what is sent has arrived. Mails are kept for whoever wants to see them.
#pragma once

#include <utility>
#include <vector>

#include "loop/loop.h"
#include "world/mailer.h"
#include "world/network.h"
#include "world/web_poster.h"

namespace berth::sim {

class IdleNetwork final : public world::Network {
 public:
  explicit IdleNetwork(Loop& loop) : loop_(loop) {}
  void apply(std::vector<world::VpcSpec>, std::function<void(Result<>)> done) override {
    loop_.post([done = std::move(done)] { done({}); });
  }
  bool filters() const override { return false; }
  void protect(Firewalls, std::function<void(Result<>)> done) override {
    loop_.post([done = std::move(done)] { done({}); });
  }

 private:
  Loop& loop_;
};

class KeepingMailer final : public world::Mailer {
 public:
  explicit KeepingMailer(Loop& loop) : loop_(loop) {}
  void send(const world::Mail& mail, std::function<void(Result<>)> done) override {
    mails_.push_back(mail);
    loop_.post([done = std::move(done)] { done({}); });
  }
  const std::vector<world::Mail>& mails() const { return mails_; }

 private:
  Loop& loop_;
  std::vector<world::Mail> mails_;
};

class AcceptingPoster final : public world::WebPoster {
 public:
  explicit AcceptingPoster(Loop& loop) : loop_(loop) {}
  void post(const world::WebPost&, std::function<void(Result<int>)> done) override {
    loop_.post([done = std::move(done)] { done(200); });
  }

 private:
  Loop& loop_;
};

}  // namespace berth::sim
