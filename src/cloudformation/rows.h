// What berth keeps of CloudFormation: stacks, their resources and events, change sets and exports.
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
  std::string role_arn;
};
BOOST_DESCRIBE_STRUCT(Deployment, (), (template_body, parameters, tags, capabilities, notification_arns, role_arn))

struct StackRow {
  static constexpr const char* table = "cloudformation.stacks";
  std::string id;  // its ARN
  std::string name;
  std::string status;
  std::string status_reason;
  std::string description;
  Deployment current;                // what is in place (or being created)
  std::optional<Deployment> target;  // what an update leads to, while it is under way
  std::vector<Output> outputs;
  std::map<std::string, std::string> exports;  // export name -> value
  bool disable_rollback = false;
  std::string on_failure = "ROLLBACK";  // ROLLBACK | DELETE | DO_NOTHING
  bool termination_protection = false;
  std::int64_t timeout_minutes = 0;  // 0: none
  std::vector<std::string> retain_resources;  // of a deletion under way
  std::string change_set_id;
  std::string client_request_token;
  std::string cancel_requested;  // not empty: CancelUpdateStack's reason
  Time created_at{};
  std::optional<Time> updated_at;
  std::optional<Time> deleted_at;
  Time operation_started_at{};
  int event_count = 0;

  std::string key() const { return id; }
};
BOOST_DESCRIBE_STRUCT(StackRow, (),
                      (id, name, status, status_reason, description, current, target, outputs, exports,
                       disable_rollback, on_failure, termination_protection, timeout_minutes, retain_resources,
                       change_set_id, client_request_token, cancel_requested, created_at, updated_at, deleted_at,
                       operation_started_at, event_count))

// A resource of a stack. While an update replaces it, the one that is to go has a row of its own (`retired`).
struct StackResourceRow {
  static constexpr const char* table = "cloudformation.resources";
  std::string stack_id;
  std::string logical_id;
  std::string physical_id;
  std::string type;
  std::string status;
  std::string status_reason;
  json::value properties;          // resolved, as in place
  json::value previous_properties; // before the update under way; null: none
  std::string previous_physical_id;
  std::string deletion_policy = "Delete";
  std::string update_replace_policy = "Delete";
  bool retired = false;  // replaced or removed: cleaned up after the update
  int generation = 0;    // tells a retired row from its successor
  Time updated_at{};
  Time operation_started_at{};

  std::string key() const { return stack_id + "|" + logical_id + "|" + std::to_string(generation); }
};
BOOST_DESCRIBE_STRUCT(StackResourceRow, (),
                      (stack_id, logical_id, physical_id, type, status, status_reason, properties,
                       previous_properties, previous_physical_id, deletion_policy, update_replace_policy, retired,
                       generation, updated_at, operation_started_at))

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
  std::string type;              // CREATE | UPDATE
  std::string status;            // CREATE_COMPLETE | FAILED | ...
  std::string status_reason;
  std::string execution_status;  // AVAILABLE | UNAVAILABLE | EXECUTE_IN_PROGRESS | EXECUTE_COMPLETE | OBSOLETE
  std::string description;
  Deployment deployment;
  std::vector<Change> changes;
  Time created_at{};

  std::string key() const { return id; }
};
BOOST_DESCRIBE_STRUCT(ChangeSetRow, (),
                      (id, name, stack_id, stack_name, type, status, status_reason, execution_status, description,
                       deployment, changes, created_at))

void add_tables(Store& store);

}  // namespace berth::cloudformation
