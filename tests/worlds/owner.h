// Owner: the person whose stacks these are. Deploys them, again if need be, confirms the mail subscription,
// does now and then what people do, and in the end deletes everything; asks the API for all of it, and asks
// again when nobody answers.
#pragma once

#include <memory>
#include <string>

#include "daemon.h"
#include "judge.h"
#include "plan.h"

namespace berth::worlds {

class Owner {
 public:
  Owner(Machine& machine, const std::unique_ptr<Daemon>& daemon, Judge& judge, const Relay& relay,
        const Plan& plan, std::string prerequisites)
      : machine_(machine),
        daemon_(daemon),
        judge_(judge),
        relay_(relay),
        prerequisites_(std::move(prerequisites)),
        body_(plan.template_body) {}

  // Looks at the stacks, every few seconds, and does what is missing.
  void look();
  // From now on both stacks are to go.
  void delete_everything() { deleting_ = true; }
  bool satisfied() const;

  // What people do; only those kinds.
  void act(const Deed& deed);

 private:
  std::string status_of(const std::string& stack) const;
  bool keep_stack(const std::string& name, const std::string& body);
  void delete_stack(const std::string& name);
  void update_stack(const std::string& body, const std::string& address);
  void confirm_subscription();
  void set_count(double draw);
  void schedule_limits(double draw);
  void stop_task(double draw);
  void force_alarm(double draw);

  template <class In, class Out>
  bool ask(const char* what, Result<Out> (*handler)(Context&, const In&),
           const std::type_identity_t<In>& input);

  Machine& machine_;
  const std::unique_ptr<Daemon>& daemon_;
  Judge& judge_;
  const Relay& relay_;
  std::string prerequisites_;
  std::string body_;  // of the service's stack, as it is wanted now
  std::size_t mails_read_ = 0;
  bool confirming_ = false;
  bool deleting_ = false;
};

}  // namespace berth::worlds
