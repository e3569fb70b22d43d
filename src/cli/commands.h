// The commands of `berth`, one file each. Each prints for people, or JSON for programs, and returns the exit
// code.
#pragma once

#include <string>

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

struct MailOptions {
  long long number = 0;  // 0: list them
  bool json = false;
};
int show_mail(const Where& where, const MailOptions& options);

int check_up(const Where& where, bool json);

struct RunFlags;
struct SimulateOptions {
  bool json = false;
  std::string report;  // HTML file to write; empty: none
};
// Plays a template and a traffic in virtual time and tells what became of the requests.
int simulate(const RunFlags& flags, const SimulateOptions& options);

// Stops berthd and takes away every task, load balancer and network of its data folder. When it does not run,
// a berthd of that folder is started for it.
int take_down(const Where& where);

}  // namespace berth::cli
