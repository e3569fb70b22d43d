#include <fmt/format.h>

#include <iostream>

#include "base/data_dir.h"
#include "cli/commands.h"

namespace berth::cli {
namespace {

struct Finding {
  std::string subject;
  bool good = false;
  std::string text;
};

std::vector<Finding> examine(const Where& where) {
  std::vector<Finding> findings;
  const auto key = read_root_key(where.data_dir);
  findings.push_back(
      {"root key", key.has_value(),
       key ? credentials_path(where.data_dir)
           : "none in " + credentials_path(where.data_dir) + ": start berthd, or name its --data-dir"});
  const auto status = get_json(where, "/_berth/status");
  if (!status) {
    findings.push_back({"berthd", false, status.error().message + " (" + where.endpoint + ")"});
    return findings;
  }
  findings.push_back({"berthd", true, where.endpoint});
  const auto* engine = find(*status, "engine");
  const auto* reachable = engine ? find(*engine, "reachable") : nullptr;
  findings.push_back({"container engine", reachable && reachable->is_bool() && reachable->get_bool(),
                      engine ? string_or(*engine, "name") : ""});
  const auto* balancer = find(*status, "balancer");
  if (balancer) findings.push_back({"load balancer", true, string_or(*balancer, "name")});
  const auto* problems = find(*status, "problems");
  for (const auto& problem : problems && problems->is_array() ? problems->get_array() : json::array{}) {
    findings.push_back({"problem", false, std::string(problem.as_string())});
  }
  return findings;
}

}  // namespace

int check_up(const Where& where, bool as_json) {
  const auto findings = examine(where);
  bool all_good = true;
  json::array list;
  for (const auto& finding : findings) {
    all_good = all_good && finding.good;
    list.push_back(json::object{{"subject", finding.subject}, {"ok", finding.good}, {"text", finding.text}});
    if (!as_json)
      std::cout << fmt::format("{}  {:<18} {}\n", finding.good ? "ok " : "BAD", finding.subject,
                               finding.text);
  }
  if (as_json) std::cout << pretty(list) << "\n";
  return all_good ? 0 : 1;
}

}  // namespace berth::cli
