// What else is outside the daemon: the mail relay with the reader's mailbox behind it, and the machine's
// networks.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "machine.h"
#include "world/mailer.h"
#include "world/network.h"
#include "world/web_poster.h"

namespace berth::worlds {

class Relay final : public world::Mailer {
 public:
  explicit Relay(Machine& machine) : machine_(machine) {}

  void send(const world::Mail& mail, std::function<void(Result<>)> done) override;

  struct Received {
    Time at{};
    world::Mail mail;
  };
  const std::vector<Received>& mailbox() const { return mailbox_; }
  // Mails that were refused for good, by subject.
  const std::map<std::string, int>& refused() const { return refused_; }

  // Faults.
  bool defers = false;         // 421, try again
  bool loses_answers = false;  // the mail is delivered, and the answer says it was not
  bool refuses = false;        // 550, for good
  bool slow = false;

  // Breakages.
  bool swallows_a_mail = false;
  bool doubles_a_mail = false;

 private:
  void deliver(const world::Mail& mail);

  Machine& machine_;
  std::vector<Received> mailbox_;
  std::set<std::string> ids_;  // a mail that comes again is thrown away, as a mailbox does
  std::map<std::string, int> refused_;
};

class Networks final : public world::Network {
 public:
  explicit Networks(Machine& machine) : machine_(machine) {}

  void apply(std::vector<world::VpcSpec> vpcs, std::function<void(Result<>)> done) override;
  void protect(Firewalls firewalls, std::function<void(Result<>)> done) override;
  const std::vector<world::VpcSpec>& vpcs() const { return vpcs_; }

  bool fails = false;

 private:
  Machine& machine_;
  std::vector<world::VpcSpec> vpcs_;
};

// Nobody in these worlds subscribes a web server.
class NoWeb final : public world::WebPoster {
 public:
  void post(const world::WebPost&, std::function<void(Result<int>)> done) override { done(404); }
};

}  // namespace berth::worlds
