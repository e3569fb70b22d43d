// The worker behind HaproxyBalancer: one thread that owns the HAProxy process, its Runtime API, its log and
// the table of slots, because all of these block for a moment. It is told what is wanted and tells what
// happened; it shares no state with the loop's thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "host/haproxy_config.h"
#include "host/haproxy_older.h"
#include "host/haproxy_process.h"
#include "host/haproxy_runtime.h"
#include "host/haproxy_slots.h"
#include "host/haproxy_traffic.h"
#include "world/balancer.h"

namespace berth::host::haproxy {

struct Wanted {
  world::BalancerSpec spec;
  std::map<std::string, std::string> netns_of_vpc;  // names below /run/netns
};

// Called on the worker's thread.
struct WorkerOutput {
  std::function<void(std::vector<world::TargetHealthEvent>)> health;
  std::function<void(std::string target_group_arn, std::string target_id)> idle;
  std::function<void(std::vector<world::TrafficReport>)> traffic;
  std::function<void(world::BalancerInfo)> info;
};

class Worker {
 public:
  Worker(std::string program, const std::string& folder, double time_scale, WorkerOutput output);
  // Leaves HAProxy running.
  ~Worker();

  void want(Wanted wanted);
  void report_traffic();
  // Ends HAProxy, removes its files and returns when that is done; nothing can be wanted afterwards.
  void end();

 private:
  using Clock = std::chrono::steady_clock;

  void run();
  // One pass from what is wanted to what is so; safe to repeat at any time.
  void step();
  void step_in(std::chrono::milliseconds delay);
  bool prepare();
  // False when it has to be tried again soon.
  bool adopt();
  void take_over(pid_t pid, const std::string& structure, const Statistics& rows);
  void retire(pid_t pid, std::optional<Runtime> runtime);
  void assign();
  void tell_unused();
  std::map<std::string, Netns> find_netns();
  void probe_binds();
  bool is_configured(const ConfigInput& input);
  bool replace_process(ConfigInput input, const std::string& structure);
  void save_server_state();
  void take_counters();
  void follow_process(pid_t pid);
  void process_died();
  std::chrono::milliseconds wait_for_answer(const Error& silence);
  void forget_ended();
  // Statistics in, commands out; returns when the next look is due.
  std::chrono::milliseconds sync();
  void announce();
  void rest_without_work();

  void read_log();
  void stop_reading_log();
  void take_log();

  ConfigInput config_input(const std::map<std::string, Netns>& netns) const;
  const std::vector<const world::TargetGroupSpec*> used_groups() const;
  void publish_info();

  ProcessPaths paths_;
  Process process_;
  Runtime runtime_;
  double time_scale_;
  WorkerOutput output_;
  boost::asio::io_context io_{1};
  boost::asio::steady_timer step_timer_{io_};
  boost::asio::steady_timer log_timer_{io_};
  Fd log_;
  boost::asio::posix::stream_descriptor log_watch_{io_};  // open while nothing is known to be in the log
  boost::asio::posix::stream_descriptor death_{io_};      // readable when HAProxy ends

  std::optional<Wanted> wanted_;
  SlotTable slots_;
  Statistics rows_;                                  // as last seen
  std::map<std::string, world::TargetHealth> told_;  // by "group ARN target id"
  std::set<std::string> unused_told_;  // the same, of draining targets that no listener leads to
  std::set<std::string> unbindable_;
  std::vector<std::string> bind_problems_;  // of each of them
  std::set<std::string> bound_;             // by the running HAProxy
  std::string version_;
  bool adopted_ = false;
  std::optional<pid_t> pid_;
  Clock::time_point adopt_until_{};
  Older older_;            // processes that still finish requests
  std::string structure_;  // of the running configuration
  std::string refused_structure_;
  Clock::time_point started_at_{};
  Clock::time_point start_again_at_{};
  std::chrono::milliseconds back_off_{};
  std::vector<std::string> last_commands_;
  std::string problem_;          // of starting it
  std::string silence_problem_;  // of asking it
  int silences_ = 0;             // questions in a row without an answer
  std::string netns_problem_;    // of reaching targets
  Traffic traffic_;
  std::string log_rest_;  // an incomplete line
  std::thread thread_;    // last: everything above is there when it starts
};

}  // namespace berth::host::haproxy
