#include "host/haproxy_worker.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "base/read_file.h"
#include "base/replace_file.h"
#include "base/text.h"
#include "host/netns.h"
#include "host/pidfd.h"
#include "host/socket_owners.h"

namespace berth::host::haproxy {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds steady_pace{5000};  // nothing under way; HAProxy's notices bring a look forward
constexpr milliseconds fresh_pace{1000};   // a target waits for its first check
constexpr milliseconds drain_pace{100};    // a request in flight will end
constexpr milliseconds settle_pace{50};    // commands were given
constexpr milliseconds notice_pace{5};     // HAProxy said something
constexpr milliseconds log_pace{20};  // lines are read in batches: waking for each costs more than reading it
constexpr milliseconds back_off_first{250};  // HAProxy died young or could not start
constexpr milliseconds back_off_max{30'000};
constexpr std::chrono::seconds young{10};
constexpr std::chrono::seconds adoption_time{3};  // for one that was starting when the daemon died
constexpr RealDuration shortest_retirement =
    RealDuration::seconds(30);  // beyond a client's longest idle time
constexpr unsigned threads_max = 4;
// Each of them has waited for 3 s: an HAProxy that hangs is replaced some 15 s after the first.
constexpr int silences_max = 4;

}  // namespace

Worker::Worker(std::string program, const std::string& folder, double time_scale, WorkerOutput output)
    : paths_(folder),
      process_(std::move(program), paths_),
      runtime_(paths_.socket(0)),
      time_scale_(time_scale),
      output_(std::move(output)),
      thread_([this] { run(); }) {}

Worker::~Worker() {
  io_.stop();
  if (thread_.joinable()) thread_.join();
  stop_reading_log();
}

void Worker::run() {
  const auto keep_running = boost::asio::make_work_guard(io_);
  io_.run();
}

void Worker::want(Wanted wanted) {
  boost::asio::post(io_, [this, wanted = std::move(wanted)]() mutable {
    wanted_ = std::move(wanted);
    traffic_.add_names(traffic_names(wanted_->spec));
    step();
  });
}

void Worker::end() {
  boost::asio::post(io_, [this] {
    process_.end_all();
    io_.stop();
  });
  if (thread_.joinable()) thread_.join();
}

void Worker::step_in(milliseconds delay) {
  step_timer_.expires_after(delay);
  step_timer_.async_wait([this](const auto& error) {
    if (!error) step();
  });
}

void Worker::step() {
  if (!wanted_) return;
  tell_unused();
  if (!prepare()) return publish_info();
  if (!adopted_ && !adopt()) return;
  if (wanted_->spec.load_balancers.empty()) return rest_without_work();
  assign();
  announce();
  probe_binds();
  const auto netns = find_netns();
  const bool is_right = is_configured(config_input(netns));
  const auto next_look = pid_ ? sync() : steady_pace;
  publish_info();
  const auto until_start = std::chrono::ceil<milliseconds>(start_again_at_ - Clock::now());
  const bool missing = !unbindable_.empty() || !netns_problem_.empty();
  auto delay = missing ? std::min(next_look, fresh_pace) : next_look;
  if (!is_right) delay = std::clamp(until_start, settle_pace, delay);
  step_in(delay);
}

bool Worker::prepare() {
  const auto wait_for_help = [this](const std::string& problem) {
    if (problem != problem_) log::error("{}", problem);
    problem_ = problem;
    step_in(steady_pace);
    return false;
  };
  if (version_.empty()) {
    const auto version = process_.version();
    if (!version) return wait_for_help(version.error().message);
    version_ = *version;
    problem_.clear();
  }
  if (log_) return true;
  auto log = process_.open_log();
  if (!log) return wait_for_help(log.error().message);
  log_ = std::move(*log);
  read_log();
  return true;
}

// An HAProxy that an earlier daemon has started goes on serving; find out what it is doing. One that does not
// answer yet may be the newest, which is to take over.
bool Worker::adopt() {
  const auto alive = process_.alive();
  std::map<pid_t, Runtime> answering;
  std::optional<pid_t> newest;
  for (const auto& socket : process_.sockets()) {
    const Runtime runtime(socket);
    const auto info = runtime.ask("show info");
    const auto pid = info ? parse_integer(info_value(*info, "Pid").value_or("")) : std::nullopt;
    if (!pid) continue;
    if (!newest) newest = static_cast<pid_t>(*pid);
    answering.emplace(static_cast<pid_t>(*pid), runtime);
  }
  if (adopt_until_ == Clock::time_point{}) adopt_until_ = Clock::now() + adoption_time;
  if (answering.size() < alive.size() && Clock::now() < adopt_until_) {
    step_in(settle_pace);
    return false;
  }
  adopted_ = true;
  if (alive.empty()) {
    for (const auto& left : process_.sockets()) ::unlink(left.c_str());
  }
  if (newest) {
    runtime_ = answering.at(*newest);
    const auto structure = runtime_.ask(fmt::format("show env {}", structure_variable));
    const auto rows = runtime_.statistics(*newest);
    if (structure && rows) take_over(*newest, *structure, *rows);
  }
  for (const pid_t other : alive) {
    if (pid_ == other) continue;
    const auto found = answering.find(other);
    retire(other, found == answering.end() ? std::nullopt : std::optional(found->second));
  }
  return true;
}

void Worker::take_over(pid_t pid, const std::string& structure, const Statistics& rows) {
  const auto equals = structure.find('=');
  structure_ = equals == std::string::npos ? "" : std::string(trim(structure.substr(equals + 1)));
  // The next one is what it runs by if the daemon died while it started HAProxy.
  const std::string next = read_file(paths_.next_config);
  const bool runs_by_next = next.find(runtime_.socket_path() + " ") != std::string::npos;
  bound_ = binds_in(runs_by_next ? next : read_file(paths_.config));
  for (const auto* group : used_groups()) slots_[group->arn] = adopt_slots(backend_name(group->arn), rows);
  take_log();
  traffic_.adopt(pid, rows);
  rows_ = rows;
  started_at_ = Clock::now();
  follow_process(pid);
  log::info("HAProxy {} goes on serving", pid);
}

void Worker::retire(pid_t pid, std::optional<Runtime> runtime) {
  RealDuration longest = shortest_retirement;
  for (const auto& balancer : wanted_->spec.load_balancers)
    longest = std::max(longest, balancer.idle_timeout + shortest_retirement);
  older_.add(pid, std::move(runtime), milliseconds(longest.us / 1000));
}

void Worker::rest_without_work() {
  if (pid_ || !older_.empty()) {
    death_.close();
    pid_.reset();
    older_.forget();
    process_.end_all();
    stop_reading_log();
  }
  slots_.clear();
  told_.clear();
  bound_.clear();
  unbindable_.clear();
  bind_problems_.clear();
  structure_.clear();
  problem_.clear();
  netns_problem_.clear();
  publish_info();
}

const std::vector<const world::TargetGroupSpec*> Worker::used_groups() const {
  const auto used = used_target_groups(wanted_->spec);
  std::vector<const world::TargetGroupSpec*> groups;
  for (const auto& group : wanted_->spec.target_groups) {
    if (used.contains(group.arn)) groups.push_back(&group);
  }
  return groups;
}

void Worker::assign() {
  SlotTable kept;
  for (const auto* group : used_groups()) {
    auto& slots = kept[group->arn] = std::move(slots_[group->arn]);
    assign_slots(*group, slots);
  }
  slots_ = std::move(kept);
}

// A draining target of a group that no listener forwards to has nothing to wait for.
void Worker::tell_unused() {
  const auto used = used_target_groups(wanted_->spec);
  std::set<std::string> told;
  for (const auto& group : wanted_->spec.target_groups) {
    if (used.contains(group.arn)) continue;
    for (const auto& target : group.targets) {
      if (target.use != world::TargetUse::draining) continue;
      const std::string key = group.arn + " " + target.id();
      told.insert(key);
      if (!unused_told_.contains(key)) output_.idle(group.arn, target.id());
    }
  }
  unused_told_ = std::move(told);
}

std::map<std::string, Netns> Worker::find_netns() {
  std::map<std::string, Netns> found;
  std::set<std::string> missing;
  for (const auto& [vpc, name] : wanted_->netns_of_vpc) {
    if (name.empty()) continue;
    struct stat status {};
    const bool exists = ::stat(netns_path(name).c_str(), &status) == 0;
    if (!exists) missing.insert(vpc);
    found[vpc] = {name, exists ? std::to_string(status.st_ino) : "missing", exists};
  }
  netns_problem_ = missing.empty() ? ""
                                   : "the network of these VPCs is not there yet: " +
                                         join({missing.begin(), missing.end()}, ", ");
  return found;
}

void Worker::probe_binds() {
  unbindable_.clear();
  bind_problems_.clear();
  for (const auto& address : wanted_binds(wanted_->spec)) {
    if (bound_.contains(address)) continue;
    const auto parts = split(address, ':');
    const auto problem = listen_problem(parts[0], static_cast<int>(parse_integer(parts[1]).value_or(0)));
    if (problem.empty()) continue;
    unbindable_.insert(address);
    bind_problems_.push_back(fmt::format("{} cannot be listened on: {}", address, problem));
  }
}

ConfigInput Worker::config_input(const std::map<std::string, Netns>& netns) const {
  ConfigInput input;
  input.spec = &wanted_->spec;
  input.slots = &slots_;
  input.netns_of_vpc = &netns;
  input.unbindable = &unbindable_;
  input.state_path = paths_.state;
  input.threads = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, threads_max));
  input.time_scale = time_scale_;
  return input;
}

bool Worker::is_configured(const ConfigInput& input) {
  const std::string structure = config_structure(input);
  if (pid_ && structure == structure_) {
    refused_structure_.clear();
    problem_.clear();
    return true;
  }
  if (Clock::now() < start_again_at_) return false;
  if (replace_process(input, structure)) return true;
  back_off_ = std::clamp(back_off_ * 2, back_off_first, back_off_max);
  start_again_at_ = Clock::now() + back_off_;
  if (structure != refused_structure_) log::warn("{}", problem_);
  refused_structure_ = structure;
  return false;
}

bool Worker::replace_process(ConfigInput input, const std::string& structure) {
  if (pid_) {
    save_server_state();
  } else {
    ::unlink(paths_.state.c_str());
    for (auto& [arn, slots] :
         slots_) {  // HAProxy believes in new servers; an unhealthy one has to prove itself
      for (auto& slot : slots) {
        if (slot.phase == SlotPhase::unhealthy) slot.phase = SlotPhase::fresh;
      }
    }
  }
  const Runtime fresh(process_.fresh_socket());
  input.socket_path = fresh.socket_path();
  const std::string config = render_config(input);
  auto done = replace_file(paths_.next_config, config);
  if (done) done = process_.check();
  if (!done) {
    problem_ = done.error().message;
    return false;
  }
  const auto started = process_.start(log_.get(), pid_ ? runtime_.socket_path() : "");
  if (!started) {
    problem_ = started.error().message;
    return false;
  }
  ::unlink(paths_.state.c_str());
  if (pid_) retire(*pid_, runtime_);
  runtime_ = fresh;
  structure_ = structure;
  bound_ = binds_in(config);
  started_at_ = Clock::now();
  problem_.clear();
  follow_process(*started);
  log::info("HAProxy {} serves {} load balancers", *started, wanted_->spec.load_balancers.size());
  return true;
}

void Worker::save_server_state() {
  const auto state = runtime_.ask("show servers state");
  if (state) (void)replace_file(paths_.state, *state);
  take_counters();
}

void Worker::take_counters() {
  take_log();
  // Each question to a silent one takes seconds, which sync() needs: it asks until there is an answer.
  if (silences_ > 0) return;
  const auto rows = runtime_.statistics(*pid_);
  if (!rows) return static_cast<void>(wait_for_answer(rows.error()));
  traffic_.mend();
  traffic_.take_statistics(*pid_, *rows);
}

void Worker::follow_process(pid_t pid) {
  pid_ = pid;
  death_.close();
  Fd process = open_process(pid);
  if (process.get() < 0) return process_died();
  death_.assign(process.release());
  death_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](const auto& error) {
    if (!error) process_died();
  });
}

void Worker::process_died() {
  death_.close();
  take_log();
  if (pid_) traffic_.forget(*pid_);
  ::unlink(runtime_.socket_path().c_str());
  pid_.reset();
  structure_.clear();
  bound_.clear();
  silence_problem_.clear();
  problem_ = std::exchange(silences_, 0) >= silences_max ? "HAProxy hung, was killed and is started again"
                                                         : "HAProxy ended by itself and is started again";
  log::warn("{}", problem_);
  const bool died_young = Clock::now() - started_at_ < young;
  back_off_ = died_young ? std::clamp(back_off_ * 2, back_off_first, back_off_max) : milliseconds(0);
  start_again_at_ = Clock::now() + back_off_;
  step_in(back_off_);
  publish_info();
}

void Worker::forget_ended() {
  take_log();
  for (const pid_t pid : older_.look()) traffic_.forget(pid);
}

milliseconds Worker::wait_for_answer(const Error& silence) {
  if (Clock::now() - started_at_ < young) return settle_pace;
  silence_problem_ = "HAProxy does not answer: " + silence.message;
  if (++silences_ == 1) log::warn("{}", silence_problem_);
  // Its end is noticed as any other, and another is started.
  if (silences_ >= silences_max) ::kill(*pid_, SIGKILL);
  return fresh_pace;
}

milliseconds Worker::sync() {
  const auto rows = runtime_.statistics(*pid_);
  if (!rows) return wait_for_answer(rows.error());
  silences_ = 0;
  silence_problem_.clear();
  forget_ended();
  std::vector<std::string> commands;
  milliseconds pace = older_.empty() ? steady_pace : fresh_pace;
  for (const auto* group : used_groups()) {
    const std::string backend = backend_name(group->arn);
    auto& slots = slots_[group->arn];
    for (auto& id : observe_slots(backend, *rows, older_.empty(), slots))
      output_.idle(group->arn, std::move(id));
    const auto more = slot_commands(*group, backend, *rows, slots);
    commands.insert(commands.end(), more.begin(), more.end());
    for (const auto& slot : slots) {
      if (slot.phase == SlotPhase::fresh) pace = std::min(pace, fresh_pace);
      if (slot.phase == SlotPhase::draining && !slot.idle_told) pace = std::min(pace, drain_pace);
    }
  }
  rows_ = *rows;
  const bool is_news = commands != last_commands_;
  last_commands_ = commands;
  if (!commands.empty()) {
    const auto refusals = runtime_.tell(commands);
    if (refusals && is_news) {
      for (const auto& refusal : *refusals) log::warn("HAProxy refuses a command: {}", refusal);
    }
  }
  announce();  // now, when requests reach what is called healthy
  return is_news && !commands.empty() ? settle_pace : pace;
}

// Every target's health is told once, and again when it changes; after a restart of the daemon all of them
// are.
void Worker::announce() {
  std::vector<world::TargetHealthEvent> events;
  std::map<std::string, world::TargetHealth> told;
  for (const auto* group : used_groups()) {
    const auto& slots = slots_[group->arn];
    for (std::size_t i = 0; i < slots.size(); ++i) {
      if (slots[i].phase == SlotPhase::free || slots[i].phase == SlotPhase::draining) continue;
      auto event = health_event(*group, backend_name(group->arn), rows_, slots, i);
      const std::string key = group->arn + " " + event.target_id;
      const auto before = told_.find(key);
      const bool known = before != told_.end();
      // A check that begins anew after HAProxy's own restart is nobody's news.
      const bool is_news =
          !known || (event.health != before->second && event.health != world::TargetHealth::initial);
      told[key] = is_news ? event.health : before->second;
      if (is_news) events.push_back(std::move(event));
    }
  }
  told_ = std::move(told);
  if (!events.empty()) output_.health(std::move(events));
}

// A busy log is read every now and then and not watched in between: an edge-triggered descriptor wakes this
// thread for each line.
void Worker::read_log() {
  log_watch_.assign(log_.get());
  log_watch_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](const auto& error) {
    if (error) return;
    log_watch_.release();
    take_log();
    log_timer_.expires_after(log_pace);
    log_timer_.async_wait([this](const auto& cancelled) {
      if (!cancelled) read_log();
    });
  });
}

void Worker::stop_reading_log() {
  log_timer_.cancel();
  if (log_watch_.is_open()) log_watch_.release();
  log_.reset();
}

// Reads what is there, up to a limit that leaves time for other work.
void Worker::take_log() {
  constexpr int reads_max = 16;
  std::array<char, 65536> buffer;
  bool has_notice = false;
  for (int i = 0; i < reads_max && log_; ++i) {
    const ssize_t bytes = ::read(log_.get(), buffer.data(), buffer.size());
    if (bytes <= 0) break;
    log_rest_.append(buffer.data(), static_cast<std::size_t>(bytes));
    std::size_t start = 0;
    for (std::size_t end; (end = log_rest_.find('\n', start)) != std::string::npos; start = end + 1) {
      if (!traffic_.take_line(std::string_view(log_rest_).substr(start, end - start))) has_notice = true;
    }
    log_rest_.erase(0, start);
  }
  if (has_notice) step_in(notice_pace);
}

void Worker::report_traffic() {
  boost::asio::post(io_, [this] {
    if (pid_ && silences_ == 0) take_counters();
    if (log_) take_log();
    output_.traffic(traffic_.take());
  });
}

void Worker::publish_info() {
  world::BalancerInfo info;
  info.program = version_;
  info.running = pid_.has_value();
  std::vector<std::string> problems;
  for (const auto& problem : {problem_, silence_problem_, netns_problem_}) {
    if (!problem.empty()) problems.push_back(problem);
  }
  problems.insert(problems.end(), bind_problems_.begin(), bind_problems_.end());
  info.problem = join(problems, "; ");
  const auto add_url = [&](const world::LoadBalancerSpec& balancer, const std::string& host, int port) {
    const std::string suffix = port == 80 ? "" : fmt::format(":{}", port);
    info.urls[balancer.arn].push_back(fmt::format("http://{}{}", host, suffix));
  };
  for (const auto& balancer : wanted_->spec.load_balancers) {
    std::set<int> ports;  // the first URL is the one that people are shown: port 80's, not a side door's
    for (const auto& listener : balancer.listeners) ports.insert(listener.port);
    for (const int port : ports) {
      if (bound_.contains(fmt::format("{}:{}", balancer.address, port)))
        add_url(balancer, balancer.address, port);
      if (!balancer.dns_name.empty() && bound_.contains(fmt::format("127.0.0.1:{}", port))) {
        add_url(balancer, balancer.dns_name, port);
      }
    }
  }
  output_.info(std::move(info));
}

}  // namespace berth::host::haproxy
