#include "outside.h"

namespace berth::worlds {
namespace {

constexpr RealDuration usual_delay = RealDuration::ms(50);
constexpr double slow_delay_s = 90;

}  // namespace

void Relay::send(const world::Mail& mail, std::function<void(Result<>)> done) {
  if (!machine_.step()) return;
  const RealDuration delay = slow ? RealDuration::seconds(slow_delay_s * machine_.draw()) : usual_delay;
  const auto answer = [this, delay, done](Result<> outcome) {
    machine_.loop.after_real(delay, machine_.for_process([done, outcome] { done(outcome); }));
  };
  if (refuses) {
    ++refused_[mail.subject];
    machine_.trace("mail refused for good: " + mail.subject);
    return answer(Error{world::mail_refused, "550 no such mailbox"});
  }
  if (defers) return answer(Error{"MailFailed", "421 try again later"});
  // From here on it is with the relay, whatever becomes of the process.
  machine_.loop.after_real(delay, [this, mail] { deliver(mail); });
  if (loses_answers) return answer(Error{"MailFailed", "the connection broke"});
  machine_.loop.after_real(delay, [answer] { answer({}); });
}

void Relay::deliver(const world::Mail& mail) {
  if (!ids_.insert(mail.id).second) return;
  if (swallows_a_mail && mail.subject.starts_with("ALARM")) {
    swallows_a_mail = false;
    return;
  }
  machine_.trace("mail: " + mail.subject);
  mailbox_.push_back({machine_.loop.now(), mail});
  if (doubles_a_mail && mail.subject.starts_with("ALARM")) {
    doubles_a_mail = false;
    mailbox_.push_back({machine_.loop.now(), mail});
  }
}

void Networks::apply(std::vector<world::VpcSpec> vpcs, std::function<void(Result<>)> done) {
  if (!machine_.step()) return;
  machine_.loop.after_real(usual_delay, machine_.for_process([this, vpcs = std::move(vpcs), done] {
    if (fails) return done(Error{"NetworkFailed", "ip: operation not permitted"});
    vpcs_ = vpcs;
    done({});
  }));
}

void Networks::protect(Firewalls, std::function<void(Result<>)> done) {
  if (!machine_.step()) return;
  machine_.loop.after_real(usual_delay, machine_.for_process([this, done] {
    done(fails ? Result<>(Error{"NetworkFailed", "nft: operation not permitted"}) : Result<>());
  }));
}

}  // namespace berth::worlds
