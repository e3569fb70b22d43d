#include "berthd/admin.h"

#include <fmt/format.h>

#include "base/arn.h"
#include "base/digest.h"
#include "base/text.h"
#include "berthd/build_admin.h"
#include "berthd/clock.h"
#include "berthd/status.h"
#include "host/mail_message.h"
#include "services/cloudwatch/metric_store.h"
#include "services/ecs/rows.h"
#include "store/log_events.h"

namespace berth {
namespace {

constexpr int log_events_per_answer = 1000;

wire::Response json_answer(int status, const json::value& body) {
  return {status, {{"Content-Type", "application/json"}}, json::serialize(body)};
}

wire::Response refusal(int status, std::string_view message) {
  return json_answer(status, json::object{{"message", message}});
}

std::string query_value(const wire::Request& request, std::string_view name) {
  for (const auto& part : split(request.query(), '&')) {
    const auto equals = part.find('=');
    if (equals != std::string::npos && part.substr(0, equals) == name) {
      return percent_decode(std::string_view(part).substr(equals + 1), true).value_or("");
    }
  }
  return {};
}

const ecs::ServiceRow* find_service(const Store& store, const std::string& name) {
  const ecs::ServiceRow* found = nullptr;
  for (const auto& [key, row] : store.all<ecs::ServiceRow>()) {
    if ((row.name == name || key == name) && row.status != "INACTIVE") found = &row;
  }
  return found;
}

}  // namespace

Admin::Admin(Context context, const Options& options, const RootKey& key, World& world,
             const SqliteJournal& journal, const ServiceHistory& history, Callback stop)
    : context_(std::move(context)),
      options_(options),
      key_(key),
      world_(world),
      journal_(journal),
      history_(history),
      stop_(std::move(stop)) {}

void Admin::add_routes(gateway::Routes& routes) {
  routes.add("GET", "/_berth/health", [](const auto&, const auto&, const net::Respond& respond) {
    respond(json_answer(200, json::object{{"status", "ok"}}));
  });
  add(routes, "GET", "/_berth/status", [this](const auto&, const auto& respond) { show_status(respond); });
  add(routes, "GET", "/_berth/logs",
      [this](const auto& request, const auto& respond) { show_logs(request, respond); });
  add(routes, "POST", "/_berth/build",
      [this](const auto& request, const auto& respond) { start_build(request, respond); });
  add(routes, "GET", "/_berth/build",
      [this](const auto& request, const auto& respond) { show_build(request, respond); });
  add(routes, "GET", "/_berth/record",
      [this](const auto& request, const auto& respond) { show_record(request, respond); });
  add(routes, "GET", "/_berth/usage",
      [this](const auto& request, const auto& respond) { show_usage(request, respond); });
  add(routes, "GET", "/_berth/mail",
      [this](const auto& request, const auto& respond) { show_mail(request, respond); });
  add(routes, "POST", "/_berth/down", [this](const auto&, const auto& respond) { take_down(respond); });
  add(routes, "POST", "/_berth/shutdown", [this](const auto&, const auto& respond) {
    respond(json_answer(200, json::object{{"status", "stopping"}}));
    context_.loop.post(stop_);
  });
  if (!options_.allow_reset) return;
  // For test harnesses, which asked for it by --allow-reset: no key.
  routes.add("POST", "/_berth/reset",
             [this](const auto&, const auto&, const net::Respond& respond) { reset(respond); });
}

void Admin::add(gateway::Routes& routes, const char* method, const char* path, Answer answer) {
  routes.add(method, path,
             [this, answer = std::move(answer)](const wire::Request& request, const auto&,
                                                const net::Respond& respond) {
               if (!admits(request)) return respond(refusal(403, "the account's root key is needed"));
               answer(request, respond);
             });
}

bool Admin::admits(const wire::Request& request) const {
  if (options_.auth == "any") return true;
  const std::string wanted = "Basic " + base64(key_.access_key_id + ":" + key_.secret_access_key);
  return equal_in_constant_time(request.header("authorization"), wanted);
}

void Admin::show_status(const net::Respond& respond) {
  respond(json_answer(200, status_of({context_.store, context_.loop, context_.settings, context_.metrics,
                                      world_.runtime_info(), world_.balancer_info(), world_.registry_info(),
                                      world_.network_problem(), journal_.problem(), options_.metric_lag_s})));
}

// ?service=<name>&after_us=<time>&after=<sequence>: the events of the log groups that the service's task
// definition writes to.
void Admin::show_logs(const wire::Request& request, const net::Respond& respond) {
  const std::string name = query_value(request, "service");
  const auto after_us = parse_integer(query_value(request, "after_us"));
  const auto* service = find_service(context_.store, name);
  if (!service) return respond(refusal(404, fmt::format("no service {}", name)));
  const auto* definition = context_.store.find<ecs::TaskDefinitionRow>(service->task_definition);
  std::set<std::string> groups;
  if (definition && definition->definition.container_definitions) {
    for (const auto& container : *definition->definition.container_definitions) {
      if (!container.log_configuration || !container.log_configuration->options) continue;
      const auto& options = *container.log_configuration->options;
      if (const auto group = options.find("awslogs-group"); group != options.end())
        groups.insert(group->second);
    }
  }
  json::array events;
  for (const auto& group : groups) {
    LogQuery query;
    query.group = group;
    query.limit = log_events_per_answer;
    query.newest_first = !after_us;
    if (after_us) {
      query.after_time = Time{*after_us};
      query.after_sequence = parse_integer(query_value(request, "after")).value_or(-1);
    }
    auto found = context_.log_events.read(query);
    if (!found) return respond(refusal(500, found.error().message));
    if (query.newest_first) std::reverse(found->begin(), found->end());
    for (const auto& event : *found) {
      events.push_back(json::object{{"sequence", event.sequence},
                                    {"time_us", event.timestamp.us},
                                    {"stream", last_part(event.stream)},
                                    {"message", event.message}});
    }
  }
  respond(json_answer(200, json::object{{"events", std::move(events)}}));
}

// ?project=<name>
void Admin::start_build(const wire::Request& request, const net::Respond& respond) {
  const auto started = start_build_for(context_, query_value(request, "project"));
  respond(started ? json_answer(200, *started) : refusal(400, started.error().message));
}

// ?id=<build>&after_us=<time>&after=<sequence>
void Admin::show_build(const wire::Request& request, const net::Respond& respond) {
  const auto shown = build_progress(context_, query_value(request, "id"),
                                    parse_integer(query_value(request, "after_us")).value_or(0),
                                    parse_integer(query_value(request, "after")).value_or(-1));
  respond(shown ? json_answer(200, *shown) : refusal(404, shown.error().message));
}

// ?service=<name>: what its scaling decisions were made from, and the decisions.
void Admin::show_record(const wire::Request& request, const net::Respond& respond) {
  const std::string name = query_value(request, "service");
  const auto* service = find_service(context_.store, name);
  if (!service) return respond(refusal(404, fmt::format("no service {}", name)));
  respond({200, {{"Content-Type", "application/jsonl"}}, history_.record_of(service->key())});
}

// ?service=<name>: the CPU time and memory of its running tasks at this moment, and when they were started.
void Admin::show_usage(const wire::Request& request, const net::Respond& respond) {
  const std::string name = query_value(request, "service");
  const auto* service = find_service(context_.store, name);
  if (!service) return respond(refusal(404, fmt::format("no service {}", name)));
  json::array tasks;
  for (const auto& [id, task] : context_.store.all<ecs::TaskRow>()) {
    if (task.cluster != service->cluster || task.service != service->name || task.last_status != "RUNNING")
      continue;
    const auto usage = world_.usage(id);
    if (!usage) continue;
    json::object entry{{"id", id},
                       {"vcpu", task.cpu_vcpu},
                       {"cpu_us", usage->cpu_us},
                       {"memory_bytes", usage->memory_bytes},
                       {"measured_at_us", usage->measured_at.us}};
    if (task.pull_started_at) entry["pull_started_at_us"] = task.pull_started_at->us;
    if (task.pull_stopped_at) entry["pull_stopped_at_us"] = task.pull_stopped_at->us;
    if (task.started_at) entry["started_at_us"] = task.started_at->us;
    tasks.push_back(std::move(entry));
  }
  respond(json_answer(200,
                      json::object{{"time_scale", context_.loop.time_scale()}, {"tasks", std::move(tasks)}}));
}

// /_berth/mail lists, /_berth/mail/<number> shows one.
void Admin::show_mail(const wire::Request& request, const net::Respond& respond) {
  const auto* mailbox = world_.mailbox();
  if (!mailbox) return respond(refusal(404, "mails go to the relay " + options_.mail.url));
  const auto number = parse_integer(last_part(request.path()));
  if (number) {
    const auto text = mailbox->read(*number);
    if (!text) return respond(refusal(404, text.error().message));
    const auto mail = host::read_mail_message(*text);
    return respond(json_answer(200, json::object{{"number", *number},
                                                 {"from", mail.from_address},
                                                 {"to", mail.to},
                                                 {"subject", mail.subject},
                                                 {"time", iso_s(mail.time)},
                                                 {"body", mail.body}}));
  }
  const auto stored = mailbox->list();
  if (!stored) return respond(refusal(500, stored.error().message));
  json::array mails;
  for (const auto& entry : *stored) {
    mails.push_back(json::object{{"number", entry.sequence},
                                 {"to", entry.mail.to},
                                 {"subject", entry.mail.subject},
                                 {"time", iso_s(entry.mail.time)}});
  }
  respond(json_answer(200, json::object{{"mails", std::move(mails)}}));
}

void Admin::take_down(const net::Respond& respond) {
  world_.take_down([respond](const Error& delay) { respond(refusal(503, delay.message)); },
                   [this, respond] {
                     respond(json_answer(200, json::object{{"status", "down"}}));
                     context_.loop.post(stop_);
                   });
}

void Admin::reset(const net::Respond& respond) {
  const ClockRow clock = *context_.store.find<ClockRow>("clock");
  auto emptied = context_.store.reset();
  if (emptied) {
    emptied = context_.store.transact([&]() -> Result<> {
      context_.store.put(clock);
      return {};
    });
  }
  context_.metrics.clear();
  if (!emptied) return respond(refusal(500, emptied.error().message));
  respond(json_answer(200, json::object{{"status", "reset"}}));
}

}  // namespace berth
