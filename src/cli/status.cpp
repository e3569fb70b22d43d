#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <thread>

#include "base/text.h"
#include "cli/commands.h"

namespace berth::cli {
namespace {

const json::array& array_of(const json::value& status, const char* name) {
  static const json::array none;
  const auto* found = find(status, name);
  return found && found->is_array() ? found->get_array() : none;
}

std::string number_of(const json::value& entry, const char* name, const char* absent = "-") {
  const auto* found = find(entry, name);
  if (!found || !found->is_number()) return absent;
  const double value = found->to_number<double>();
  return found->is_double() ? fmt::format("{:.1f}", value) : fmt::format("{}", value);
}

std::string colored(const std::string& state, std::size_t width) {
  const std::string padded = fmt::format("{:<{}}", state, width);
  if (!::isatty(STDOUT_FILENO)) return padded;
  const bool bad = state == "ALARM" || state.find("FAILED") != std::string::npos ||
                   state.find("ROLLBACK") != std::string::npos;
  const bool good = state == "OK" || state == "ACTIVE" || state.ends_with("COMPLETE");
  return fmt::format("\033[{}m{}\033[0m", bad ? 31 : good ? 32 : 33, padded);
}

void print_heading(std::string& out, const std::string& text) {
  out += ::isatty(STDOUT_FILENO) ? "\n\033[1m" + text + "\033[0m\n" : "\n" + text + "\n";
}

std::string screen_of(const json::value& status) {
  const json::value clock = find(status, "clock") ? *find(status, "clock") : json::value(json::object{});
  std::string out = fmt::format("berth {}   real {}   x{}\n", string_or(clock, "berth"),
                                string_or(clock, "real"), number_of(clock, "time_scale"));
  print_heading(out, "STACKS");
  for (const auto& stack : array_of(status, "stacks")) {
    out += fmt::format("  {:<32} {} {}\n", string_or(stack, "name"), colored(string_or(stack, "status"), 24),
                       string_or(stack, "reason"));
  }
  print_heading(out, fmt::format("{:<34} {:>7} {:>7} {:>7} {:>8} {:>8} {:>8}", "SERVICES", "desired",
                                 "running", "pending", "CPU %", "target", "max"));
  for (const auto& service : array_of(status, "services")) {
    out += fmt::format("  {:<32} {:>7} {:>7} {:>7} {:>8} {:>8} {:>8}\n",
                       string_or(service, "cluster") + "/" + string_or(service, "name"),
                       number_of(service, "desired"), number_of(service, "running"),
                       number_of(service, "pending"), number_of(service, "cpu_percent"),
                       number_of(service, "target"), number_of(service, "max"));
    if (const auto event = string_or(service, "last_event"); !event.empty()) out += "    " + event + "\n";
    if (const auto dropped = number_of(service, "dropped_log_lines", "0"); dropped != "0") {
      out += "    " + dropped + " lines of output were lost before they could be stored\n";
    }
  }
  print_heading(out, "ALARMS");
  for (const auto& alarm : array_of(status, "alarms")) {
    out += fmt::format("  {} {}  since {}\n", colored(string_or(alarm, "state"), 18),
                       string_or(alarm, "name"), string_or(alarm, "since"));
  }
  print_heading(out, "LOAD BALANCERS");
  for (const auto& balancer : array_of(status, "load_balancers")) {
    std::vector<std::string> urls;
    for (const auto& url : array_of(balancer, "urls")) urls.emplace_back(url.as_string());
    out += fmt::format("  {:<32} {}\n", string_or(balancer, "name"), join(urls, "  "));
  }
  for (const auto& group : array_of(status, "target_groups")) {
    for (const auto& target : array_of(group, "targets")) {
      out += fmt::format("    {} {}:{} {} {}\n", string_or(group, "name"), string_or(target, "address"),
                         number_of(target, "port"), colored(string_or(target, "state"), 10),
                         string_or(target, "description"));
    }
  }
  if (!array_of(status, "repositories").empty()) {
    const json::value* registry = find(status, "registry");
    print_heading(out, "REPOSITORIES at " + (registry ? string_or(*registry, "address") : ""));
    for (const auto& repository : array_of(status, "repositories")) {
      out += fmt::format("  {:<32} images: {}\n", string_or(repository, "name"),
                         number_of(repository, "images"));
    }
  }
  if (!array_of(status, "problems").empty()) {
    print_heading(out, "PROBLEMS");
    for (const auto& problem : array_of(status, "problems"))
      out += "  " + std::string(problem.as_string()) + "\n";
  }
  return out;
}

}  // namespace

int show_status(const Where& where, const StatusOptions& options) {
  for (;;) {
    const auto status = get_json(where, "/_berth/status");
    if (!status) return explain(where, status.error());
    const std::string text = options.json ? pretty(*status) + "\n" : screen_of(*status);
    if (options.watch && !options.json) std::cout << "\033[H\033[2J";
    std::cout << text << std::flush;
    if (!options.watch) return 0;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

}  // namespace berth::cli
