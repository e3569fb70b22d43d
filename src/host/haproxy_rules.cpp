#include "host/haproxy_rules.h"

#include <fmt/format.h>

#include <set>

#include "base/text.h"
#include "host/haproxy_text.h"

namespace berth::host::haproxy {
namespace {

constexpr const char* rule_chosen = "{ var(txn.rule) -m found }";

// How one pattern with AWS wildcards is matched: whole, by its beginning, or as an expression.
std::string match_words(const std::string& pattern) {
  if (!has_wildcard(pattern)) return "-m str -- " + word(pattern);
  const std::string beginning = pattern.substr(0, pattern.size() - 1);
  if (pattern.back() == '*' && !beginning.empty() && !has_wildcard(beginning)) {
    return "-m beg -- " + word(beginning);
  }
  return "-m reg -- " + word("^" + wildcard_regex(pattern) + "$");
}

// ALB looks for any `key=value` of the query that matches, whatever its case; without a key any value will
// do.
std::string query_words(const std::pair<std::string, std::string>& pair) {
  constexpr std::string_view any = "[^&]";
  const std::string key = pair.first.empty() ? "([^&=]*=)?" : wildcard_regex(pair.first, any) + "=";
  return "-i -m reg -- " + word("(^|&)" + key + wildcard_regex(pair.second, any) + "(&|$)");
}

std::vector<std::string> acl_tests(const world::ConditionSpec& condition) {
  std::vector<std::string> tests;
  for (const auto& pair : condition.query_values) tests.push_back("query " + query_words(pair));
  for (const auto& value : condition.values) {
    if (condition.field == "host-header") {
      tests.push_back("req.hdr(host),host_only -i " + match_words(value));
    } else if (condition.field == "path-pattern") {
      tests.push_back("path " + match_words(value));
    } else if (condition.field == "http-header") {
      tests.push_back(word("req.fhdr(" + condition.http_header_name + ")") + " -i " + match_words(value));
    } else if (condition.field == "http-request-method") {
      tests.push_back("method " + word(value));
    } else if (condition.field == "source-ip") {
      tests.push_back("src " + word(value));
    }
  }
  return tests;
}

// What an action writes: `condition` is empty or begins with "if".
struct ActionWriter {
  const RuleContext& context;
  std::string answers;   // http-request lines that end the request
  std::string picks;     // http-request lines of those that go on
  std::string backends;  // use_backend and default_backend

  void write(const world::ActionSpec& action, const std::string& condition) {
    if (action.type == "redirect") {
      write_redirect(action, condition);
    } else if (action.type == "fixed-response") {
      write_fixed(action, condition);
    } else {
      write_forward(action, condition);
    }
  }

  void answer(int status, const std::string& what, const std::string& condition) {
    answers += fmt::format("  http-request return status {}{} hdr Server awselb/2.0{}\n", status, what,
                           condition.empty() ? "" : " " + condition);
  }

  void write_fixed(const world::ActionSpec& action, const std::string& condition) {
    std::string type = action.content_type.empty() ? "text/plain" : action.content_type;
    if (type.starts_with("text/")) type += "; charset=utf-8";
    const auto& body = action.message_body;
    answer(action.status_code,
           body.empty() ? "" : fmt::format(" content-type {} string {}", word(type), word(body)), condition);
  }

  std::string part(const std::string& text, const std::string& fallback) const {
    std::string format = log_format_literal(text.empty() ? fallback : text);
    format = replace_all(std::move(format), "#{protocol}", "http");
    format = replace_all(std::move(format), "#{port}", std::to_string(context.port));
    format = replace_all(std::move(format), "#{host}", "%[req.hdr(host),host_only]");
    format = replace_all(std::move(format), "#{path}", "%[path,bytes(1)]");
    return replace_all(std::move(format), "#{query}", "%[query]");
  }

  void write_redirect(const world::ActionSpec& action, const std::string& condition) {
    const std::string location =
        lower(part(action.redirect_protocol, "#{protocol}")) + "://" + part(action.redirect_host, "#{host}") +
        ":" + part(action.redirect_port, "#{port}") + part(action.redirect_path, "/#{path}");
    const std::string& query = action.redirect_query;
    const auto answer_with = [&](const std::string& target, const std::string& when) {
      const std::string page =
          alb_page(fmt::format("{} {}", action.status_code, alb_reason(action.status_code)));
      answer(action.status_code,
             fmt::format(" content-type text/html string {} hdr Location {}", word(page), word(target)),
             when);
    };
    if (query == "#{query}") {
      const std::string has_query = "{ query -m len gt 0 }";
      answer_with(location + "?%[query]",
                  condition.empty() ? "if " + has_query : condition + " " + has_query);
    }
    const bool has_fixed_query = !query.empty() && query != "#{query}";
    answer_with(has_fixed_query ? location + "?" + part(query, "") : location, condition);
  }

  void write_forward(const world::ActionSpec& action, const std::string& condition) {
    std::vector<std::pair<std::string, int>> weighted;
    int total = 0;
    for (const auto& target : action.forward) {
      const auto backend = context.backends->find(target.target_group_arn);
      if (backend == context.backends->end() || target.weight <= 0) continue;
      weighted.emplace_back(backend->second, total += target.weight);
    }
    if (weighted.empty()) {
      const std::string line = "503 " + alb_reason(503);
      return answer(503, " content-type text/html string " + word(alb_page(line)), condition);
    }
    if (weighted.size() > 1) {
      picks += fmt::format("  http-request set-var(txn.pick) rand({}){}\n", total,
                           condition.empty() ? "" : " " + condition);
    }
    const std::string when = condition.empty() ? "if" : condition;
    for (std::size_t i = 0; i + 1 < weighted.size(); ++i) {
      backends += fmt::format("  use_backend {} {} {{ var(txn.pick) -m int lt {} }}\n", weighted[i].first,
                              when, weighted[i].second);
    }
    backends += condition.empty() ? fmt::format("  default_backend {}\n", weighted.back().first)
                                  : fmt::format("  use_backend {} {}\n", weighted.back().first, condition);
  }
};

}  // namespace

std::string alb_reason(int status) {
  switch (status) {
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Not Allowed";
    case 408:
      return "Request Time-out";
    case 413:
      return "Request Entity Too Large";
    case 414:
      return "Request-URI Too Large";
    case 463:
      return "";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 504:
      return "Gateway Time-out";
    default:
      return "Service Temporarily Unavailable";
  }
}

std::string alb_page(const std::string& status_line) {
  return fmt::format(
      "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n</body>\r\n"
      "</html>\r\n",
      status_line);
}

std::string render_rules(const std::vector<RuleEntry>& entries, const RuleContext& context,
                         const std::string& forward_lines) {
  std::string acls, choice;
  ActionWriter writer{context, {}, {}, {}};
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto& entry = entries[i];
    std::string tests = entry.guard.empty() ? "" : " " + entry.guard;
    for (std::size_t c = 0; entry.conditions && c < entry.conditions->size(); ++c) {
      const std::string name = fmt::format("rule{}_{}", i + 1, c + 1);
      for (const auto& test : acl_tests((*entry.conditions)[c])) {
        acls += fmt::format("  acl {} {}\n", name, test);
      }
      tests += " " + name;
    }
    if (tests.empty()) {  // the default action, last of its listener
      writer.write(*entry.action, choice.empty() ? "" : fmt::format("if !{}", rule_chosen));
      continue;
    }
    choice += fmt::format("  http-request set-var(txn.rule) int({}) if{}{}\n", i + 1,
                          choice.empty() ? "" : fmt::format(" !{}", rule_chosen), tests);
    writer.write(*entry.action, fmt::format("if {{ var(txn.rule) -m int {} }}", i + 1));
  }
  return acls + choice + writer.answers + writer.picks + forward_lines + writer.backends;
}

}  // namespace berth::host::haproxy
