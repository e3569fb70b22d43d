// What follows from a service's row and its tasks: counts, whether a deployment is under way, and how the API
// describes it. Counts are derived at each look, never stored. Application Auto Scaling reads and sets the
// desired count here.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "services/context.h"
#include "services/ecs/rows.h"

namespace berth::ecs {

struct TaskCounts {
  int running = 0;
  int pending = 0;  // wanted, but not RUNNING yet
};

// Of one task: RUNNING counts as running, what comes before it as pending, what comes after as neither.
void count_task(const TaskRow& task, TaskCounts& counts);

// Over all deployments, by deployment id.
std::map<std::string, TaskCounts> counts_by_deployment(const Store& store, const ServiceRow& service);
TaskCounts service_counts(const Store& store, const ServiceRow& service);
TaskCounts service_counts(const Store& store, std::string_view service_key);
std::map<std::string, TaskCounts> counts_by_service(const Store& store);  // ServiceRow::key() -> counts

// Tasks of a service that are not STOPPED.
std::vector<const TaskRow*> live_tasks(const Store& store, const ServiceRow& service);

// The PRIMARY deployment is not COMPLETED: scale-in waits.
bool deployment_in_progress(const ServiceRow& service);

// Inside a transaction. False: there is no such ACTIVE service. A new desired count alone is no new
// deployment.
bool set_desired_count(Store& store, const std::string& key, int desired_count, Time now);

// By a service that is not INACTIVE or a task that is not STOPPED.
bool task_definition_in_use(const Store& store, const std::string& arn);

// What to warn of when `tasks` tasks of this size exceed the machine; nullopt when they fit or it is not
// known.
std::optional<std::string> host_warning(const Settings& settings, const TaskDefinition& definition,
                                        int tasks);

Service describe_service(const Store& store, const Settings& settings, const ServiceRow& service,
                         bool with_tags);

}  // namespace berth::ecs
