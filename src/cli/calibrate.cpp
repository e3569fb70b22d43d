#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/text.h"
#include "cli/commands.h"
#include "loop/asio_loop.h"
#include "net/http_client.h"
#include "sim/app_model.h"

namespace berth::cli {
namespace {

namespace fs = std::filesystem;

constexpr double idle_s = 5;
constexpr double saturated_s = 3;
constexpr int saturating_requests_per_task = 64;
constexpr RealDuration request_patience = RealDuration::seconds(60);
// Of the answers' times beyond their CPU this quantile is the way there and back: most of the others waited
// for the next period's quota. Where it is longer than `overhead_most_ms`, all of them did.
constexpr double overhead_quantile = 0.1;
constexpr double overhead_most_ms = 20;
// Two requests at once of which one took longer by this share of its work met on one core; what took longer
// by more than the other's work waited for quota.
constexpr double met_share = 0.25, met_most_share = 1.2;
constexpr double pair_cpu_least_ms = 1;  // shorter meetings are not told from noise
constexpr int pairs = 60;
constexpr double between_pairs_s = 0.3;  // so that a small task's policy sees no load to scale out for
// A thread that got less of the CPU than this share of the busiest one's does no requests.
constexpr double working_share = 0.2;

void wait_s(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

struct TaskUse {
  double cpu_us = 0, measured_at_us = 0, memory_bytes = 0;
  double pull_s = -1, start_s = -1;  // real seconds
};
using Usage = std::map<std::string, TaskUse>;  // by task

double number_or(const json::value& from, std::string_view name, double otherwise) {
  const auto* found = find(from, name);
  return found && found->is_number() ? found->to_number<double>() : otherwise;
}

Result<Usage> usage_of(const Where& where, const std::string& service) {
  const auto answer = get_json(where, "/_berth/usage?service=" + percent_encode(service));
  if (!answer) return answer.error();
  const double scale = number_or(*answer, "time_scale", 1);
  Usage usage;
  const auto* tasks = find(*answer, "tasks");
  for (const auto& task : tasks && tasks->is_array() ? tasks->get_array() : json::array{}) {
    auto& use = usage[string_or(task, "id")];
    use.cpu_us = number_or(task, "cpu_us", 0);
    use.measured_at_us = number_or(task, "measured_at_us", 0);
    use.memory_bytes = number_or(task, "memory_bytes", 0);
    const double pull = number_or(task, "pull_started_at_us", -1),
                 pulled = number_or(task, "pull_stopped_at_us", -1),
                 started = number_or(task, "started_at_us", -1);
    if (pull >= 0 && pulled >= 0) use.pull_s = (pulled - pull) / 1e6 / scale;
    if (pulled >= 0 && started >= 0) use.start_s = (started - pulled) / 1e6 / scale;
  }
  if (usage.empty()) return Error{"Failed", "the service has no running task"};
  return usage;
}

// CPU time that the tasks of both have used between the two looks.
double cpu_us_between(const Usage& before, const Usage& after) {
  double sum = 0;
  for (const auto& [id, use] : after) {
    if (const auto earlier = before.find(id); earlier != before.end())
      sum += use.cpu_us - earlier->second.cpu_us;
  }
  return sum;
}

double task_us_between(const Usage& before, const Usage& after) {
  double sum = 0;
  for (const auto& [id, use] : after) {
    if (const auto earlier = before.find(id); earlier != before.end())
      sum += use.measured_at_us - earlier->second.measured_at_us;
  }
  return sum;
}

// Keeps `in_flight` requests going until `enough` says so; returns how many were answered with 200.
class Client {
 public:
  explicit Client(std::string url) : url_(std::move(url)) {}

  int send(int in_flight, std::function<bool()> enough) {
    AsioLoop loop(machine_date(), 1, 0);
    net::HttpClient client(loop);
    loop_ = &loop;
    client_ = &client;
    answered_ = running_ = 0;
    enough_ = std::move(enough);
    auto waiting = boost::asio::make_work_guard(loop.io());
    for (int i = 0; i < in_flight; ++i) begin();
    if (running_ > 0) loop.run();
    return answered_;
  }

 private:
  void begin() {
    if (enough_()) return;
    ++running_;
    net::HttpRequest request;
    request.method = "GET";
    request.url = url_;
    request.timeout = request_patience;
    client_->send(std::move(request), [this](const Result<net::HttpResponse>& response) {
      --running_;
      if (response && response->status == 200) ++answered_;
      begin();
      if (running_ == 0) loop_->stop();
    });
  }

  std::string url_;
  AsioLoop* loop_ = nullptr;  // of the call under way
  net::HttpClient* client_ = nullptr;
  std::function<bool()> enough_;
  int answered_ = 0;
  int running_ = 0;
};

std::vector<std::string> cgroups_of_task(const std::string& id) {
  std::vector<std::string> found;
  std::error_code error;
  const auto below = [&](const fs::path& folder, const auto& self, int depth) -> void {
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      if (!entry.is_directory(error) || entry.is_symlink(error)) continue;
      if (entry.path().filename() == id) found.push_back(entry.path());
      if (depth > 0) self(entry.path(), self, depth - 1);
    }
  };
  below("/sys/fs/cgroup", below, 2);
  return found;
}

// Nanoseconds on the CPU by thread, of every thread in the tasks' cgroups on this machine.
std::map<std::string, double> thread_times(const Usage& tasks) {
  std::map<std::string, double> times;
  std::error_code error;
  const auto add_process = [&](const std::string& pid) {
    for (const auto& thread : fs::directory_iterator("/proc/" + pid + "/task", error)) {
      std::ifstream file(thread.path() / "schedstat");
      if (double on_cpu_ns = 0; file >> on_cpu_ns) times[thread.path().filename()] = on_cpu_ns;
    }
  };
  const auto add_cgroup = [&](const fs::path& folder) {
    std::ifstream file(folder / "cgroup.procs");
    for (std::string pid; file >> pid;) add_process(pid);
  };
  for (const auto& [id, use] : tasks) {
    for (const auto& folder : cgroups_of_task(id)) {
      add_cgroup(folder);
      for (const auto& entry : fs::recursive_directory_iterator(folder, error)) {
        if (entry.is_directory(error)) add_cgroup(entry.path());
      }
    }
  }
  return times;
}

int working_threads(const std::map<std::string, double>& before, const std::map<std::string, double>& after) {
  std::vector<double> worked;
  for (const auto& [thread, ns] : after) {
    const auto earlier = before.find(thread);
    worked.push_back(ns - (earlier == before.end() ? 0 : earlier->second));
  }
  const double most = worked.empty() ? 0 : *std::max_element(worked.begin(), worked.end());
  return static_cast<int>(std::count_if(worked.begin(), worked.end(),
                                        [&](double ns) { return ns > 0 && ns >= most * working_share; }));
}

struct Measured {
  sim::AppModel app;
  std::string remarks;  // comment lines
};

class Calibration {
 public:
  Calibration(const Where& where, const CalibrateOptions& options)
      : where_(where), options_(options), client_(options.url) {}

  Result<Measured> run() {
    for (auto step : {&Calibration::measure_idle, &Calibration::measure_request, &Calibration::measure_cores,
                      &Calibration::measure_threads}) {
      if (auto done = (this->*step)(); !done) return done.error();
    }
    return std::move(measured_);
  }

 private:
  Result<Usage> look() { return usage_of(where_, options_.service); }

  void remark(const std::string& text) { measured_.remarks += "# " + text + "\n"; }

  Result<> measure_idle() {
    const auto before = look();
    if (!before) return before.error();
    wait_s(idle_s);
    const auto after = look();
    if (!after) return after.error();
    measured_.app.base_cpu_vcpu = cpu_us_between(*before, *after) / task_us_between(*before, *after);
    double memory = 0;
    for (const auto& [id, use] : *after) {
      memory += use.memory_bytes / 1048576 / static_cast<double>(after->size());
      if (use.start_s >= 0)
        remark(fmt::format("task {}: pull {:.2f} s, start {:.2f} s", id, use.pull_s, use.start_s));
    }
    measured_.app.memory_mib = memory;
    return {};
  }

  // One after another, looking after each: U = X * D, and how much D varies.
  Result<> measure_request() {
    for (int i = 0; i < 3; ++i) one_request();
    const auto first = look();
    if (!first) return first.error();
    Usage before = *first, after = *first;
    std::vector<double> costs_ms, rests_ms;
    for (int i = 0; i < options_.requests; ++i) {
      const auto begun = std::chrono::steady_clock::now();
      if (!one_request()) return Error{"Failed", options_.url + " does not answer with 200"};
      const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
      auto usage = look();
      if (!usage) return usage.error();
      after = std::move(*usage);
      const double idle_us = measured_.app.base_cpu_vcpu * task_us_between(before, after);
      costs_ms.push_back((cpu_us_between(before, after) - idle_us) / 1000);
      rests_ms.push_back(took.count() - costs_ms.back());
      before = after;
    }
    double sum = 0, squares = 0;
    for (const double cost : costs_ms) sum += cost;
    const double mean = sum / options_.requests;
    for (const double cost : costs_ms) squares += (cost - mean) * (cost - mean);
    measured_.app.cpu_ms = std::max(0.001, mean);
    measured_.app.cpu_variation = std::sqrt(squares / options_.requests) / measured_.app.cpu_ms;
    note_overhead(std::move(rests_ms));
    remark(fmt::format("{} requests to {}, one after another", options_.requests, options_.url));
    return {};
  }

  // How often do two requests meet on one core, though there are others?
  Result<> measure_cores() {
    auto& app = measured_.app;
    app.cores = static_cast<int>(std::thread::hardware_concurrency());
    if (app.cores < 2) return {};
    if (app.cpu_ms < pair_cpu_least_ms) {
      remark("core_misses: not measured, the requests are too short to see it");
      return {};
    }
    const double apart_ms = app.cpu_ms + app.overhead_ms;
    int met = 0, judged = 0;
    for (int i = 0; i < pairs; ++i) {
      wait_s(between_pairs_s);
      int begun = 0;
      const auto start = std::chrono::steady_clock::now();
      if (client_.send(2, [&] { return ++begun > 2; }) != 2)
        return Error{"Failed", options_.url + " does not answer two requests with 200"};
      const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
      const double longer = (took.count() - apart_ms) / app.cpu_ms;
      judged += longer <= met_most_share;
      met += longer > met_share && longer <= met_most_share;
    }
    if (judged < pairs / 2) {
      remark("core_misses: not measured, most pairs of requests waited for quota");
      return {};
    }
    app.core_misses = std::min(1.0, static_cast<double>(met) / judged * app.cores);
    remark(fmt::format("{} of {} pairs of requests met on one of {} cores", met, judged, app.cores));
    return {};
  }

  void note_overhead(std::vector<double> rests_ms) {
    std::sort(rests_ms.begin(), rests_ms.end());
    const double rest_ms =
        rests_ms[static_cast<std::size_t>(overhead_quantile * static_cast<double>(rests_ms.size()))];
    if (rest_ms > overhead_most_ms) return remark("overhead: not measured, every request waited for its CPU");
    measured_.app.overhead_ms = std::max(0.0, rest_ms);
  }

  bool one_request() {
    bool begun = false;
    return client_.send(1, [&] { return std::exchange(begun, true); }) == 1;
  }

  Result<> measure_threads() {
    const auto tasks = look();
    if (!tasks) return tasks.error();
    const auto before = thread_times(*tasks);
    if (before.empty()) {
      remark("threads: not measured, the tasks' cgroups are not on this machine");
      return {};
    }
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(saturated_s);
    std::map<std::string, double> after;
    client_.send(saturating_requests_per_task * static_cast<int>(tasks->size()), [&] {
      if (std::chrono::steady_clock::now() < end) return false;
      if (after.empty()) after = thread_times(*tasks);
      return true;
    });
    const int working = working_threads(before, after);
    measured_.app.threads = std::max(1, working / static_cast<int>(tasks->size()));
    remark(fmt::format("{} threads of {} tasks worked under saturation", working, tasks->size()));
    return {};
  }

  const Where& where_;
  const CalibrateOptions& options_;
  Client client_;
  Measured measured_;
};

}  // namespace

int calibrate(const Where& where, const CalibrateOptions& options) {
  const auto measured = Calibration(where, options).run();
  if (!measured) return explain(where, measured.error());
  const std::string text = measured->remarks + sim::write_app_model(measured->app);
  if (options.file.empty()) {
    std::cout << text;
    return 0;
  }
  std::ofstream file(options.file);
  file << text;
  file.close();
  if (file) return 0;
  std::cerr << "berth: cannot write " << options.file << "\n";
  return 1;
}

}  // namespace berth::cli
