// Admin: berthd's own endpoints below /_berth/ that the `berth` program uses. Whoever names the account's
// root key may use them; /_berth/health is open.
#pragma once

#include <functional>

#include "base/data_dir.h"
#include "berthd/options.h"
#include "berthd/service_history.h"
#include "berthd/world.h"
#include "gateway/gateway.h"
#include "store/sqlite_journal.h"

namespace berth {

class Admin {
 public:
  // `stop` ends the daemon.
  Admin(Context context, const Options& options, const RootKey& key, World& world,
        const SqliteJournal& journal, const ServiceHistory& history, Callback stop);

  void add_routes(gateway::Routes& routes);

 private:
  using Answer = std::function<void(const wire::Request&, const net::Respond&)>;

  void add(gateway::Routes& routes, const char* method, const char* path, Answer answer);
  bool admits(const wire::Request& request) const;
  void show_status(const net::Respond& respond);
  void show_logs(const wire::Request& request, const net::Respond& respond);
  void start_build(const wire::Request& request, const net::Respond& respond);
  void show_build(const wire::Request& request, const net::Respond& respond);
  void show_record(const wire::Request& request, const net::Respond& respond);
  void show_usage(const wire::Request& request, const net::Respond& respond);
  void show_mail(const wire::Request& request, const net::Respond& respond);
  void take_down(const net::Respond& respond);
  void reset(const net::Respond& respond);

  Context context_;
  const Options& options_;
  RootKey key_;
  World& world_;
  const SqliteJournal& journal_;
  const ServiceHistory& history_;
  Callback stop_;
};

}  // namespace berth
