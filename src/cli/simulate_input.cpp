#include "cli/simulate_input.h"

#include <fmt/format.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

namespace berth::cli {

void add_run_flags(CLI::App& command, RunFlags& flags) {
  command.add_option("--trace-scale", flags.trace_scale, "peak=100rps, mean=20rps or x2.5");
  command.add_option("--duration", flags.duration,
                     "Of a generator's traffic, or the part of a trace to play: 90m, 12h, 7d");
  command.add_option("--app", flags.app_file,
                     "TOML of what the application costs (berth calibrate writes one)");
  command.add_option("--prices", flags.prices_file,
                     "TOML with vcpu_hour and gib_hour (else Fargate in us-east-1)");
  command.add_option("--world", flags.world, "How slow the world is: aws or local")
      ->check(CLI::IsMember({"aws", "local"}))
      ->capture_default_str();
  command.add_option("--tier", flags.tier, "fluid: seconds; events: every request")
      ->check(CLI::IsMember({"fluid", "events"}))
      ->capture_default_str();
  command.add_option("--service", flags.service,
                     "Which service has the traffic, when the template has several");
  command.add_option("--before", flags.before_files,
                     "A template to deploy first: what it makes and names in SSM is not made up");
  command.add_option("--param", flags.parameters, "NAME=VALUE for a parameter of the template");
  command.add_option("--set", flags.sets, "Resource.Property.Path=VALUE: changes the template for this run");
  command.add_option("--seed", flags.seed, "Of all that is drawn")->capture_default_str();
  command.add_flag(
      "--every-minute", flags.every_minute,
      "Also play the minutes of which nothing new can come (slower; to check that nothing does)");
  command.add_option("--time-scale", flags.time_scale, "As berthd's; for comparing with what it did")
      ->check(CLI::Range(1.0, 20.0));
}

Result<std::string> read_input(const std::string& path) {
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown)) return Error{"UsageError", path + " is a folder"};
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file) return Error{"UsageError", fmt::format("{}: {}", path, std::strerror(errno))};
  return std::move(text).str();
}

Result<> write_output(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.flush();
  if (!file) return Error{"UsageError", fmt::format("{}: {}", path, std::strerror(errno))};
  return {};
}

Result<sim::Traffic> traffic_of(const std::string& trace, const RunFlags& flags) {
  sim::GeneratorOptions options{.duration_us = {}, .seed = flags.seed};
  if (!flags.duration.empty()) {
    options.duration_us = sim::parse_span_us(flags.duration);
    if (!options.duration_us || *options.duration_us < us_per_minute) {
      return Error{"UsageError", "--duration " + flags.duration + ": write it like 90m, 12h or 7d"};
    }
  }
  Result<sim::Traffic> traffic = Error{};
  if (sim::is_generator(trace)) {
    traffic = sim::generate(trace, options);
  } else {
    const auto text = read_input(trace);
    if (!text) {
      return Error{"UsageError",
                   text.error().message + " (a trace is a CSV file or a generator such as step:8->48@10m)"};
    }
    traffic = sim::parse_trace(*text, trace);
    if (!traffic) return Error{"UsageError", trace + ": " + traffic.error().message};
    if (options.duration_us) traffic = traffic->part(0, *options.duration_us);
  }
  if (!traffic) return traffic.error();
  if (!flags.trace_scale.empty()) {
    if (auto scaled = sim::rescale(*traffic, flags.trace_scale); !scaled) return scaled.error();
  }
  return traffic;
}

Result<study::RunOptions> run_options(const RunFlags& flags, const std::string& template_file,
                                      const std::string& trace) {
  study::RunOptions options;
  auto text = read_input(template_file);
  if (!text) return text.error();
  options.template_text = std::move(*text);
  for (const auto& file : flags.before_files) {
    auto before = read_input(file);
    if (!before) return before.error();
    options.before.push_back(std::move(*before));
  }
  auto traffic = traffic_of(trace, flags);
  if (!traffic) return traffic.error();
  options.traffic = std::move(*traffic);
  if (!flags.app_file.empty()) {
    const auto app_text = read_input(flags.app_file);
    if (!app_text) return app_text.error();
    const auto app = sim::parse_app_model(*app_text, flags.app_file);
    if (!app) return app.error();
    options.app = *app;
    if (flags.world == "aws") options.app.cores = 0;  // those of the machine that was calibrated
  }
  for (const auto& parameter : flags.parameters) {
    const auto equals = parameter.find('=');
    if (equals == std::string::npos)
      return Error{"UsageError", "--param " + parameter + ": write it as NAME=VALUE"};
    options.parameters[parameter.substr(0, equals)] = parameter.substr(equals + 1);
  }
  options.sets = flags.sets;
  options.service = flags.service;
  options.times = *sim::world_times(flags.world);
  options.tier = flags.tier;
  options.seed = flags.seed;
  options.time_scale = flags.time_scale;
  options.every_minute = flags.every_minute;
  return options;
}

Result<study::Prices> prices_of(const RunFlags& flags) {
  if (flags.prices_file.empty()) return study::Prices{};
  const auto text = read_input(flags.prices_file);
  if (!text) return text.error();
  return study::parse_prices(*text, flags.prices_file);
}

int refuse(const Error& error) {
  std::cerr << "berth: " << error.message << "\n";
  return error.code == "UsageError" ? 2 : 1;
}

}  // namespace berth::cli
