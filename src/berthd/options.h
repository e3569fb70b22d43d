// What a person can set: flags of berthd, the same names in a TOML file, flags first. Defaults suit one
// developer's machine.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace berth {

struct MailRelay {
  std::string url;  // smtp://host:25, smtps://host:465; empty: the local mailbox
  std::string user;
  std::string password_file;
  std::string from = "no-reply@sns.amazonaws.com";
};

struct Options {
  std::string data_dir;
  std::string listen = "127.0.0.1:4566";
  std::string registry = "127.0.0.1:0";  // port 0: a free one, then always the same
  double time_scale = 1;
  bool time_scale_given = false;
  bool rebase = false;
  bool take_down = false;
  std::string region = "us-east-1";
  std::string account = "123456789012";
  std::string auth = "signed";  // signed | test | any
  bool allow_reset = false;
  bool strict_aws = false;
  double cpu_overcommit = 4;
  double metric_lag_s = 2;
  std::string engine_socket;
  std::string haproxy = "haproxy";
  std::map<std::string, std::string> images;
  int builds_at_once = 2;
  std::map<std::string, std::string> sources;  // of builds: a repository's URL -> folder or URL
  std::map<std::string, std::string> buckets;  // of builds: S3 bucket -> folder
  MailRelay mail;
  std::string log_level = "info";
};

// `exit_code` is set when there is nothing to run: --help, --version, or a mistake that was explained.
struct ParsedOptions {
  Options options;
  std::optional<int> exit_code;
};

ParsedOptions parse_options(int argc, char** argv);

}  // namespace berth
