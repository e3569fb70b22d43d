#include "berthd/build_admin.h"

#include "handlers/codebuild.h"
#include "services/codebuild/rows.h"
#include "services/lists.h"
#include "store/log_events.h"

namespace berth {
namespace {

constexpr int build_events_per_answer = 1000;

// Why it did not succeed: the last context that says something.
std::string reason_of(const codebuild::Build& build) {
  std::string reason;
  for (const auto& phase : services::list_of(build.phases)) {
    for (const auto& context : services::list_of(phase.contexts)) {
      const std::string message = context.message.value_or("");
      if (!message.empty()) reason = phase.phase_type.value_or("") + ": " + message;
    }
  }
  return reason;
}

}  // namespace

Result<json::value> start_build_for(Context& context, const std::string& project) {
  codebuild::StartBuildInput input;
  input.project_name = project;
  auto started = context.store.transact([&] { return codebuild::start_build(context, input); });
  if (!started) return started.error();
  return json::value(json::object{{"id", *started->build->id}});
}

Result<json::value> build_progress(Context& context, const std::string& id, long long after_us,
                                   long long after_sequence) {
  const auto* row = codebuild::find_build(context.store, id);
  if (!row) return Error{"NoSuchBuild", "no build " + id, 404};
  json::array events;
  if (row->build.logs && row->build.logs->group_name) {
    LogQuery query;
    query.group = *row->build.logs->group_name;
    query.streams = {*row->build.logs->stream_name};
    query.limit = build_events_per_answer;
    query.after_time = Time{after_us};
    query.after_sequence = after_sequence;
    const auto found = context.log_events.read(query);
    if (!found) return found.error();
    for (const auto& event : *found) {
      events.push_back(json::object{
          {"sequence", event.sequence}, {"time_us", event.timestamp.us}, {"message", event.message}});
    }
  }
  // With more to come than one answer holds, the end is not told yet.
  const bool complete = row->is_complete() && events.size() < build_events_per_answer;
  return json::value(json::object{{"status", row->build.build_status.value_or("")},
                                  {"phase", row->build.current_phase.value_or("")},
                                  {"complete", complete},
                                  {"reason", reason_of(row->build)},
                                  {"events", std::move(events)}});
}

}  // namespace berth
