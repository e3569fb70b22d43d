#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "base/data_dir.h"
#include "base/text.h"
#include "cli/commands.h"
#include "host/machine_check.h"

namespace berth::cli {
namespace {

using host::Finding;

// "http://127.0.0.1:4566"
Finding check_endpoint(const std::string& endpoint) {
  const auto start = endpoint.find("://");
  const std::string authority = start == std::string::npos ? endpoint : endpoint.substr(start + 3);
  const auto colon = authority.rfind(':');
  const auto port = colon == std::string::npos ? std::nullopt : parse_integer(authority.substr(colon + 1));
  if (!port) return {"endpoint", false, endpoint + " has no port", "give one like http://127.0.0.1:4566"};
  return host::check_api_address(authority.substr(0, colon), static_cast<int>(*port));
}

void look_at_running_daemon(const Where& where, std::vector<Finding>& findings) {
  const auto status = get_json(where, "/_berth/status");
  if (!status && status.error().code == "Unreachable") {
    findings.push_back(
        {"berthd", true,
         "does not run at " + where.endpoint + " (berthd --data-dir " + where.data_dir + " starts it)"});
    return;
  }
  if (!status) {
    findings.push_back({"berthd", false, status.error().message + " (" + where.endpoint + ")",
                        "name the data folder of the berthd that listens there with --data-dir"});
    return;
  }
  findings.push_back({"berthd", true, "runs at " + where.endpoint});
  const auto* engine = find(*status, "engine");
  if (engine) {
    const auto* reachable = find(*engine, "reachable");
    const bool good = reachable && reachable->is_bool() && reachable->get_bool();
    findings.push_back({"container engine", good, good ? string_or(*engine, "name") : "does not answer",
                        good ? "" : "see the problem below"});
  }
  const auto* balancer = find(*status, "balancer");
  if (balancer) {
    const std::string name = string_or(*balancer, "name");
    findings.push_back({"load balancer", !name.empty(), name.empty() ? "HAProxy has not been found" : name,
                        name.empty() ? "see the problem below" : ""});
  }
  const auto* problems = find(*status, "problems");
  for (const auto& problem : problems && problems->is_array() ? problems->get_array() : json::array{}) {
    findings.push_back({"problem", false, std::string(problem.as_string())});
  }
}

std::vector<Finding> examine(const Where& where) {
  host::MachineCheck check;
  check.data_dir = std::filesystem::absolute(where.data_dir).lexically_normal().string();
  auto findings = host::check_machine(check);
  findings.push_back(check_endpoint(where.endpoint));
  const bool has_key = read_root_key(where.data_dir).has_value();
  findings.push_back(
      {"root key", true, has_key ? credentials_path(where.data_dir) : "berthd's first start makes it"});
  look_at_running_daemon(where, findings);
  return findings;
}

void print(const Finding& finding) {
  const bool colors = ::isatty(STDOUT_FILENO) != 0;
  const std::string mark = finding.good ? "ok " : "BAD";
  std::cout << (colors ? fmt::format("\033[{}m{}\033[0m", finding.good ? 32 : 31, mark) : mark)
            << fmt::format("  {:<18} {}\n", finding.subject, finding.text);
  if (!finding.mend.empty()) std::cout << fmt::format("     {:<18} -> {}\n", "", finding.mend);
}

}  // namespace

int check_up(const Where& where, bool as_json) {
  bool all_good = true;
  json::array list;
  for (const auto& finding : examine(where)) {
    all_good = all_good && finding.good;
    list.push_back(json::object{
        {"subject", finding.subject}, {"ok", finding.good}, {"text", finding.text}, {"mend", finding.mend}});
    if (!as_json) print(finding);
  }
  if (as_json) std::cout << pretty(list) << "\n";
  return all_good ? 0 : 1;
}

}  // namespace berth::cli
