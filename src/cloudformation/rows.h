// What berth keeps of CloudFormation: stacks, what they are deployed with, their resources and events, change
// sets.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/cloudformation.h"
#include "store/store.h"

namespace berth::cloudformation {

struct ParameterRecord {
  std::string key;
  std::string value;
  std::optional<std::string> resolved;  // of an SSM type
  bool is_list = false;
  bool no_echo = false;
};
BOOST_DESCRIBE_STRUCT(ParameterRecord, (), (key, value, resolved, is_list, no_echo))

// One template with the values it was or is to be deployed with.
struct Deployment {
  std::string template_body;
  std::vector<ParameterRecord> parameters;
  std::vector<Tag> tags;
  std::vector<std::string> capabilities;
  std::vector<std::string> notification_arns;
  std::vector<std::string> imports;  // names of the exports that it looks at
  std::string role_arn;
  std::string principal_arn;  // who deploys
  std::string principal_id;
};
BOOST_DESCRIBE_STRUCT(Deployment, (),
                      (template_body, parameters, tags, capabilities, notification_arns, imports, role_arn,
                       principal_arn, principal_id))

// What a stack yields to others.
struct StackResults {
  std::vector<Output> outputs;
  std::map<std::string, std::string> exports;  // export name -> value
  std::string description;
};
BOOST_DESCRIBE_STRUCT(StackResults, (), (outputs, exports, description))

struct StackRow {
  static constexpr const char* table = "cloudformation.stacks";
  std::string id;  // its ARN
  std::string name;
  std::string status;
  std::string status_reason;
  std::string description;
  std::vector<Output> outputs;
  std::map<std::string, std::string> exports;  // export name -> value
  bool disable_rollback = false;               // of the operation under way
  std::string on_failure = "ROLLBACK";         // ROLLBACK | DELETE | DO_NOTHING
  bool termination_protection = false;
  std::int64_t timeout_minutes = 0;           // 0: none
  std::vector<std::string> retain_resources;  // of a deletion under way
  std::string parent_id;                      // of a nested stack
  std::string root_id;
  std::optional<StackResults> former;  // of a nested stack that has been updated and may have to go back
  std::string change_set_id;
  std::string client_request_token;
  // A new one for each operation, a rollback being one of its own: rows that carry it have been visited by
  // it.
  std::string operation_id;
  std::string operation_type;  // as DescribeEvents has it: CREATE_STACK, UPDATE_STACK, ROLLBACK, ...
  std::vector<OperationEntry> last_operations;
  Time operation_started_at{};
  Time created_at{};
  std::optional<Time> updated_at;
  std::optional<Time> deleted_at;
  int event_count = 0;
  Time last_event_at{};

  std::string key() const { return id; }
};
BOOST_DESCRIBE_STRUCT(StackRow, (),
                      (id, name, status, status_reason, description, outputs, exports, disable_rollback,
                       on_failure, termination_protection, timeout_minutes, retain_resources, parent_id,
                       root_id, former, change_set_id, client_request_token, operation_id, operation_type,
                       last_operations, operation_started_at, created_at, updated_at, deleted_at, event_count,
                       last_event_at))

// Apart from the stack's row, which every event touches: a template is large.
struct DeploymentRow {
  static constexpr const char* table = "cloudformation.deployments";
  static constexpr const char* current = "current";  // what is in place (or being created)
  static constexpr const char* target = "target";  // what an update leads to, until it is complete or undone
  std::string stack_id;
  std::string slot;
  Deployment deployment;

  std::string key() const { return key_of(stack_id, slot); }
  static std::string key_of(std::string_view stack_id, std::string_view slot) {
    return std::string(stack_id) + "|" + std::string(slot);
  }
};
BOOST_DESCRIBE_STRUCT(DeploymentRow, (), (stack_id, slot, deployment))

// A resource as one deployment has it.
struct ResourceVersion {
  json::value properties;        // evaluated; dynamic references as written
  json::value looked_up;         // the same with dynamic references looked up; null: there are none
  std::string shown_properties;  // as events show them: no NoEcho value, no reference looked up
  std::vector<std::string> dependencies;
  std::string deletion_policy = "Delete";
  std::string update_replace_policy = "Delete";
  std::vector<Tag> stack_tags;
};
BOOST_DESCRIBE_STRUCT(ResourceVersion, (),
                      (properties, looked_up, shown_properties, dependencies, deletion_policy,
                       update_replace_policy, stack_tags))

// Why a resource waits for its end while its stack lives on.
enum class Retired { no, replaced, removed, undone, undone_replacement };
BOOST_DESCRIBE_ENUM(Retired, no, replaced, removed, undone, undone_replacement)

// A resource of a stack. While an update replaces it, the one that is to go has a row of its own (`retired`).
struct StackResourceRow {
  static constexpr const char* table = "cloudformation.resources";
  std::string stack_id;
  std::string logical_id;
  int generation = 0;  // tells a retired row from its successor
  std::string physical_id;
  std::string type;
  std::string status;
  std::string status_reason;
  ResourceVersion version;                  // what it was last created or updated with
  std::optional<ResourceVersion> previous;  // what the update under way may have to go back to
  bool added = false;                       // by the update under way
  Retired retired = Retired::no;
  bool removal_begun = false;  // the type's remove() has answered
  std::string operation_id;    // the last operation that looked at it
  Time updated_at{};
  Time operation_started_at{};

  std::string key() const { return stack_id + "|" + logical_id + "|" + std::to_string(generation); }
};
BOOST_DESCRIBE_STRUCT(StackResourceRow, (),
                      (stack_id, logical_id, generation, physical_id, type, status, status_reason, version,
                       previous, added, retired, removal_begun, operation_id, updated_at,
                       operation_started_at))

struct StackEventRow {
  static constexpr const char* table = "cloudformation.events";
  std::string stack_id;
  int sequence = 0;
  StackEvent event;

  std::string key() const;
};
BOOST_DESCRIBE_STRUCT(StackEventRow, (), (stack_id, sequence, event))

struct ChangeSetRow {
  static constexpr const char* table = "cloudformation.change_sets";
  std::string id;  // its ARN
  std::string name;
  std::string stack_id;
  std::string stack_name;
  std::string type;    // CREATE | UPDATE
  std::string status;  // CREATE_COMPLETE | FAILED
  std::string status_reason;
  std::string execution_status;  // AVAILABLE | UNAVAILABLE | EXECUTE_IN_PROGRESS | EXECUTE_COMPLETE | ...
  std::string description;
  std::string on_stack_failure;
  Deployment deployment;
  std::vector<Change> changes;
  Time created_at{};

  std::string key() const { return id; }
};
BOOST_DESCRIBE_STRUCT(ChangeSetRow, (),
                      (id, name, stack_id, stack_name, type, status, status_reason, execution_status,
                       description, on_stack_failure, deployment, changes, created_at))

inline bool is_failed(const StackResourceRow& row) {
  return row.status.ends_with("_FAILED");
}

bool same_tags(const std::vector<Tag>& a, const std::vector<Tag>& b);

void add_tables(Store& store);

}  // namespace berth::cloudformation
