#include "berthd/options.h"

#include <toml++/toml.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>

#include "base/data_dir.h"

namespace berth {

namespace {

constexpr double time_scale_min = 1;
constexpr double time_scale_max = 20;

template <class T>
void take(const toml::table& table, const char* name, T& target) {
  if (const auto value = table[name].value<T>()) target = *value;
}

// Names in the file are those of the flags with `_` for `-`; [images] and [mail] are tables.
Result<> read_file(const std::string& path, Options& options) {
  try {
    const toml::table table = toml::parse_file(path);
    take(table, "data_dir", options.data_dir);
    take(table, "listen", options.listen);
    if (table.contains("time_scale")) options.time_scale_given = true;
    take(table, "time_scale", options.time_scale);
    take(table, "region", options.region);
    take(table, "account", options.account);
    take(table, "auth", options.auth);
    take(table, "allow_reset", options.allow_reset);
    take(table, "strict_aws", options.strict_aws);
    take(table, "cpu_overcommit", options.cpu_overcommit);
    take(table, "metric_lag", options.metric_lag_s);
    take(table, "engine_socket", options.engine_socket);
    take(table, "haproxy", options.haproxy);
    take(table, "log_level", options.log_level);
    if (const auto* images = table["images"].as_table()) {
      for (const auto& [name, image] : *images) {
        if (const auto text = image.value<std::string>()) options.images[std::string(name.str())] = *text;
      }
    }
    if (const auto* mail = table["mail"].as_table()) {
      take(*mail, "url", options.mail.url);
      take(*mail, "user", options.mail.user);
      take(*mail, "password_file", options.mail.password_file);
      take(*mail, "from", options.mail.from);
    }
    return {};
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
  app.add_option("--time-scale", options.time_scale,
                 "How many times as fast as real time AWS's clocks run (1 to 20)")
      ->check(CLI::Range(time_scale_min, time_scale_max))
      ->capture_default_str();
  app.add_flag("--rebase", options.rebase,
               "Accept another --time-scale than the one the store was made with");
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
      ->check(CLI::Range(0.0, 300.0))
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

Result<> check(const Options& options) {
  if (options.account.size() != 12 || options.account.find_first_not_of("0123456789") != std::string::npos) {
    return Error{"BadOption", "--account takes twelve digits"};
  }
  const auto colon = options.listen.rfind(':');
  if (colon == std::string::npos) return Error{"BadOption", "--listen takes address:port"};
  const std::string host = options.listen.substr(0, colon);
  const bool loopback = host.starts_with("127.") || host == "localhost" || host == "[::1]";
  if (options.auth == "any" && !loopback) {
    return Error{"BadOption", "--auth=any accepts anybody, so --listen must be a loopback address"};
  }
  return {};
}

}  // namespace

ParsedOptions parse_options(int argc, char** argv) {
  ParsedOptions parsed;
  Options& options = parsed.options;
  options.data_dir = default_data_dir();
  // The file is read first so that flags win; it has to be found before CLI11 reads them.
  std::string config_file;
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::string_view(argv[i]) == "--config") config_file = argv[i + 1];
  }
  if (!config_file.empty()) {
    if (auto read = read_file(config_file, options); !read) {
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
