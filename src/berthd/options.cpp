#include "berthd/options.h"

#include <toml++/toml.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <regex>
#include <set>

#include "base/data_dir.h"
#include "base/text.h"

namespace berth {

namespace {

constexpr double time_scale_min = 1;
constexpr double time_scale_max = 20;
constexpr double metric_lag_s_max = 300;
constexpr int builds_min = 1;
constexpr int builds_max = 60;

const char* const config_help =
    "The file of --config has the flags' names with _ for -, and these tables:\n"
    "  time_scale = 10\n"
    "  [images]              # which local image stands for one that a task definition names\n"
    "  \"123456789012.dkr.ecr.us-east-1.amazonaws.com/web:latest\" = \"localhost/web:latest\"\n"
    "  [sources]             # where a build finds a repository: a folder or another URL\n"
    "  \"https://github.com/me/app\" = \"/home/me/app\"\n"
    "  [buckets]             # folders that stand in for S3 buckets of builds; others are in the data "
    "folder\n"
    "  artifacts = \"/home/me/artifacts\"\n"
    "  [mail]                # --mail-url, --mail-user, --mail-password-file, and the sender:\n"
    "  url = \"smtp://relay.example.com:25\"\n"
    "  user = \"berth\"\n"
    "  password_file = \"/etc/berth/relay-password\"\n"
    "  from = \"no-reply@sns.amazonaws.com\"    # what mails come from unless this says otherwise\n"
    "Flags win over the file.";

// Reads one table of the file: takes what is known of it, and names what has another type or is not known.
class TableReader {
 public:
  TableReader(const std::string& path, const toml::table& table) : path_(path), table_(table) {}

  template <class T>
  bool take(const char* name, T& target) {
    known_.insert(name);
    const auto* node = table_.get(name);
    if (!node) return false;
    if (const auto value = node->value<T>()) {
      target = *value;
      return true;
    }
    complain(*node, std::string(name) + " has the wrong type");
    return false;
  }

  const toml::table* sub_table(const char* name) {
    known_.insert(name);
    const auto* node = table_.get(name);
    if (node && !node->is_table()) complain(*node, std::string(name) + " is a table");
    return node ? node->as_table() : nullptr;
  }

  void complain(const toml::node& node, const std::string& what) {
    if (problem_.empty()) problem_ = path_ + ":" + std::to_string(node.source().begin.line) + ": " + what;
  }

  Result<> finish() {
    for (const auto& [name, node] : table_) {
      if (!known_.contains(std::string(name.str())))
        complain(node, "unknown setting " + std::string(name.str()));
    }
    if (!problem_.empty()) return Error{"BadConfiguration", problem_};
    return {};
  }

 private:
  const std::string& path_;
  const toml::table& table_;
  std::set<std::string> known_;
  std::string problem_;
};

Result<> read_names(const std::string& path, const toml::table& table,
                    std::map<std::string, std::string>& to) {
  TableReader names(path, table);
  for (const auto& [name, node] : table) names.take(name.str().data(), to[std::string(name.str())]);
  return names.finish();
}

Result<> read_mail(const std::string& path, const toml::table& table, MailRelay& relay) {
  TableReader mail(path, table);
  mail.take("url", relay.url);
  mail.take("user", relay.user);
  mail.take("password_file", relay.password_file);
  mail.take("from", relay.from);
  return mail.finish();
}

// Names in the file are those of the flags with `_` for `-`; [images], [sources], [buckets] and [mail] are
// tables.
Result<> read_config(const std::string& path, Options& options) {
  try {
    const toml::table table = toml::parse_file(path);
    TableReader file(path, table);
    file.take("data_dir", options.data_dir);
    file.take("listen", options.listen);
    file.take("registry", options.registry);
    options.time_scale_given = file.take("time_scale", options.time_scale);
    file.take("region", options.region);
    file.take("account", options.account);
    file.take("auth", options.auth);
    file.take("allow_reset", options.allow_reset);
    file.take("strict_aws", options.strict_aws);
    file.take("cpu_overcommit", options.cpu_overcommit);
    file.take("metric_lag", options.metric_lag_s);
    file.take("builds", options.builds_at_once);
    file.take("engine_socket", options.engine_socket);
    file.take("haproxy", options.haproxy);
    file.take("log_level", options.log_level);
    for (const auto& [name, target] :
         {std::pair{"images", &options.images}, std::pair{"sources", &options.sources},
          std::pair{"buckets", &options.buckets}}) {
      const auto* names = file.sub_table(name);
      if (!names) continue;
      if (auto read = read_names(path, *names, *target); !read) return read;
    }
    if (const auto* mail = file.sub_table("mail")) {
      if (auto read = read_mail(path, *mail, options.mail); !read) return read;
    }
    return file.finish();
  } catch (const toml::parse_error& error) {
    return Error{"BadConfiguration", path + ":" + std::to_string(error.source().begin.line) + ": " +
                                         std::string(error.description())};
  }
}

void add_flags(CLI::App& app, Options& options, std::string& config_file) {
  app.add_option("--config", config_file,
                 "TOML file with the same settings (time_scale = 10, [images], [mail])")
      ->check(CLI::ExistingFile);
  app.add_option("--data-dir", options.data_dir, "Folder for everything that is kept")->capture_default_str();
  app.add_option("--listen", options.listen, "Address of the API")->capture_default_str();
  app.add_option("--registry", options.registry,
                 "Address of ECR's registry; with port 0 a free one is taken and kept")
      ->capture_default_str();
  app.add_option("--time-scale", options.time_scale,
                 "How many times as fast as real time AWS's clocks run (1 to 20)")
      ->check(CLI::Range(time_scale_min, time_scale_max))
      ->capture_default_str();
  app.add_flag("--rebase", options.rebase,
               "Accept another --time-scale than the one the store was made with");
  app.add_flag(
      "--take-down", options.take_down,
      "Remove what this data folder's berthd has made, and end; `berth down` says so when berthd does "
      "not run");
  app.add_option("--region", options.region, "AWS region to be")->capture_default_str();
  app.add_option("--account", options.account, "AWS account to be")->capture_default_str();
  app.add_option(
         "--auth", options.auth,
         "signed: requests need a valid signature; test: also the key test/test; any: whatever is sent "
         "(loopback only)")
      ->check(CLI::IsMember({"signed", "test", "any"}))
      ->capture_default_str();
  app.add_flag("--allow-reset", options.allow_reset, "Serve POST /_berth/reset, which empties every service");
  app.add_flag("--strict-aws", options.strict_aws,
               "Leave out what AWS does not have, such as RunningTaskCount in AWS/ECS");
  app.add_option("--cpu-overcommit", options.cpu_overcommit, "vCPU of running tasks per vCPU of this machine")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--metric-lag", options.metric_lag_s,
                 "Seconds (of AWS's clock) until a minute's metrics appear")
      ->check(CLI::Range(0.0, metric_lag_s_max))
      ->capture_default_str();
  app.add_option("--builds", options.builds_at_once, "Builds that run at once; others are queued")
      ->check(CLI::Range(builds_min, builds_max))
      ->capture_default_str();
  app.add_option(
      "--engine-socket", options.engine_socket,
      "Unix socket of the container engine; without it DOCKER_HOST, the usual sockets, or a Podman service "
      "of berth's own");
  app.add_option("--haproxy", options.haproxy, "HAProxy program")->capture_default_str();
  app.add_option("--mail-url", options.mail.url,
                 "SMTP relay (smtp://host:25, smtps://host:465); without it mails "
                 "stay in the local mailbox");
  app.add_option("--mail-user", options.mail.user, "User at the relay");
  app.add_option("--mail-password-file", options.mail.password_file, "File with the password at the relay");
  app.add_option("--log-level", options.log_level, "debug, info, warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
}

bool is_relay(const std::string& url) {
  static const std::regex form("smtps?://(\\[[0-9a-fA-F:.]+\\]|[^\\s/:@\\[\\]]+)(:([0-9]{1,5}))?/?");
  std::smatch parts;
  if (!std::regex_match(url, parts, form)) return false;
  const auto port = parts[3].matched ? parse_integer(parts[3].str()) : 25;
  return port && *port >= 1 && *port <= 65535;
}

bool is_ipv4_address_and_port(const std::string& text) {
  static const std::regex form("[0-9]{1,3}(\\.[0-9]{1,3}){3}:([0-9]{1,5})");
  std::smatch parts;
  return std::regex_match(text, parts, form) && parse_integer(parts[2].str()) <= 65535;
}

bool is_region(const std::string& name) {
  static const std::regex form("[a-z]{2}(-[a-z]+)+-[0-9]");
  return std::regex_match(name, form);
}

// The settings of both sources; what a flag was given CLI11 has refused already, in the same words.
Result<> check(const Options& options) {
  const auto bad = [](const char* what) { return Error{"BadOption", what}; };
  const auto one_of = [](const std::string& value, std::initializer_list<const char*> known) {
    return std::find(known.begin(), known.end(), value) != known.end();
  };
  if (options.account.size() != 12 || options.account.find_first_not_of("0123456789") != std::string::npos) {
    return bad("--account takes twelve digits");
  }
  if (!is_region(options.region)) return bad("--region takes the name of an AWS region, such as us-east-1");
  if (!(options.time_scale >= time_scale_min && options.time_scale <= time_scale_max)) {
    return bad("--time-scale takes a number from 1 to 20");
  }
  if (!(options.cpu_overcommit > 0)) return bad("--cpu-overcommit takes a number above 0");
  if (!(options.metric_lag_s >= 0 && options.metric_lag_s <= metric_lag_s_max)) {
    return bad("--metric-lag takes a number from 0 to 300");
  }
  if (options.builds_at_once < builds_min || options.builds_at_once > builds_max) {
    return bad("--builds takes a number from 1 to 60");
  }
  if (!one_of(options.auth, {"signed", "test", "any"})) return bad("--auth takes signed, test or any");
  if (!one_of(options.log_level, {"debug", "info", "warn", "error"})) {
    return bad("--log-level takes debug, info, warn or error");
  }
  if (!options.mail.url.empty() && !is_relay(options.mail.url)) {
    return bad("--mail-url takes smtp://host:port or smtps://host:port");
  }
  const auto colon = options.listen.rfind(':');
  if (colon == std::string::npos) return bad("--listen takes address:port");
  const auto port = parse_integer(std::string_view(options.listen).substr(colon + 1));
  if (!port || *port < 0 || *port > 65535) return bad("--listen takes address:port, with a port up to 65535");
  if (!is_ipv4_address_and_port(options.registry)) {
    return bad("--registry takes an IPv4 address:port, with a port up to 65535");
  }
  const std::string host = options.listen.substr(0, colon);
  const bool loopback = host.starts_with("127.") || host == "localhost" || host == "[::1]";
  if (options.auth == "any" && !loopback) {
    return bad("--auth=any accepts anybody, so --listen must be a loopback address");
  }
  return {};
}

// CLI11 reads the flags after the file, so the file's name has to be found before.
std::string config_file_of(int argc, char** argv) {
  constexpr std::string_view flag = "--config";
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == flag && i + 1 < argc) return argv[i + 1];
    if (word.starts_with("--config=")) return std::string(word.substr(flag.size() + 1));
  }
  return {};
}

}  // namespace

ParsedOptions parse_options(int argc, char** argv) {
  ParsedOptions parsed;
  Options& options = parsed.options;
  options.data_dir = default_data_dir();
  std::string config_file = config_file_of(argc, argv);
  if (!config_file.empty()) {
    if (auto read = read_config(config_file, options); !read) {
      std::cerr << "berthd: " << read.error().message << "\n";
      parsed.exit_code = 2;
      return parsed;
    }
  }
  CLI::App app(
      "berthd: a small, honest AWS on this machine for container services.\n"
      "It serves ECS, Elastic Load Balancing, CloudWatch, Application Auto Scaling, SNS, CloudFormation\n"
      "and their neighbours to the stock aws CLI: eval \"$(berth env)\" points it here.");
  app.set_version_flag("--version", "berthd " BERTH_VERSION);
  app.footer(config_help);
  add_flags(app, options, config_file);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    parsed.exit_code = app.exit(error) == 0 ? 0 : 2;
    return parsed;
  }
  if (app.count("--time-scale") > 0) options.time_scale_given = true;
  options.data_dir = std::filesystem::absolute(options.data_dir).lexically_normal().string();
  if (auto checked = check(options); !checked) {
    std::cerr << "berthd: " << checked.error().message << "\n";
    parsed.exit_code = 2;
  }
  return parsed;
}

}  // namespace berth
