// The commands of `berth`, one file each. Each prints for people, or JSON for programs, and returns the exit
// code.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/client.h"

namespace berth::cli {

// Shell text that points the aws CLI and SDKs at berthd and nowhere else.
int print_env(const Where& where);

struct StatusOptions {
  bool json = false;
  bool watch = false;
};
int show_status(const Where& where, const StatusOptions& options);

struct LogsOptions {
  std::string service;
  bool follow = false;
  bool json = false;
};
int show_logs(const Where& where, const LogsOptions& options);

struct BuildOptions {
  std::string project;
  bool follow = false;
};
// Starts a build. Following it, its log is shown, and the exit code tells how it ended: 0 SUCCEEDED, 1
// FAILED, 3 STOPPED, 4 TIMED_OUT, 5 FAULT.
int build(const Where& where, const BuildOptions& options);

struct MailOptions {
  long long number = 0;  // 0: list them
  bool json = false;
};
int show_mail(const Where& where, const MailOptions& options);

struct RecordOptions {
  std::string service;
  std::string file;  // empty: standard output
};
// Writes what berthd saw of a service and decided, for `berth simulate --replay`.
int record(const Where& where, const RecordOptions& options);

struct CalibrateOptions {
  std::string service;
  std::string url;   // of one request whose cost is wanted
  std::string file;  // app.toml to write; empty: standard output
  int requests = 100;
};
// Measures what an application costs: idle and per request, its threads, its start.
int calibrate(const Where& where, const CalibrateOptions& options);

int check_up(const Where& where, bool json);

struct RunFlags;
struct SimulateOptions {
  bool json = false;
  std::string report;  // HTML file to write; empty: none
};
// Plays a template and a traffic in virtual time and tells what became of the requests.
int simulate(const RunFlags& flags, const SimulateOptions& options);

struct CompareOptions {
  std::vector<std::string> templates, traces, variants;
  bool json = false;
  std::string report;
  unsigned threads = 0;  // 0: one per core
};
// Plays every template, as it is and in every variant, under every trace.
int compare(const RunFlags& flags, const CompareOptions& options);

struct TuneFlags {
  std::size_t candidates = 64;
  double tuned_share = 0.6;
  double allowed_percent = 0.1;
  bool json = false;
  std::string report, patch;
  unsigned threads = 0;  // 0: one per core
};
// Searches better settings for the template's target tracking policy.
int tune(const RunFlags& flags, const TuneFlags& options);

// A table; the first row is its head.
void print_rows(const std::vector<std::vector<std::string>>& rows);
// Shows on a terminal how many of the runs have ended; may be called from any thread.
std::function<void(std::size_t)> counter_on_terminal(std::size_t runs);

// Why a service's count changed or did not: `file` is what `berth simulate --json` wrote.
int explain_run(const std::string& file, const std::string& at);
// The same of a service that berthd runs, for one of its last minutes.
int explain_service(const Where& where, const std::string& service, const std::string& at);

// Gives a record to the control code and prints both sides' decisions; 1 when they differ.
int replay_record(const std::string& file, bool as_json);

// Stops berthd and takes away every task, load balancer and network of its data folder. When it does not run,
// a berthd of that folder is started for it.
int take_down(const Where& where);

}  // namespace berth::cli
