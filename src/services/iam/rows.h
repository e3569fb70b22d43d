// What berth keeps of IAM: roles, managed policies and instance profiles. What they allow, authorization.h says.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/iam.h"
#include "store/store.h"

namespace berth::iam {

struct RoleRow {
  static constexpr const char* table = "iam.roles";
  std::string name;
  std::string id;  // AROA...
  std::string arn;
  std::string path = "/";
  std::string description;
  std::string assume_role_policy;  // JSON
  int max_session_duration_s = 3600;
  std::map<std::string, std::string> inline_policies;  // name -> JSON
  std::vector<std::string> attached_policies;          // ARNs, in order of attachment
  std::string permissions_boundary;                    // ARN
  std::vector<Tag> tags;
  Time created_at{};

  std::string key() const { return name; }
};
BOOST_DESCRIBE_STRUCT(RoleRow, (),
                      (name, id, arn, path, description, assume_role_policy, max_session_duration_s,
                       inline_policies, attached_policies, permissions_boundary, tags, created_at))

struct PolicyVersionRow {
  std::string id;  // v1, v2, ...
  std::string document;
  Time created_at{};
};
BOOST_DESCRIBE_STRUCT(PolicyVersionRow, (), (id, document, created_at))

struct PolicyRow {
  static constexpr const char* table = "iam.policies";
  std::string arn;
  std::string name;
  std::string id;  // ANPA...
  std::string path = "/";
  std::string description;
  std::string default_version = "v1";
  int last_version = 1;
  std::vector<PolicyVersionRow> versions;
  std::vector<Tag> tags;
  Time created_at{};
  Time updated_at{};

  std::string key() const { return arn; }
};
BOOST_DESCRIBE_STRUCT(PolicyRow, (),
                      (arn, name, id, path, description, default_version, last_version, versions, tags,
                       created_at, updated_at))

// For EC2 instances, which berth does not have; stacks make them all the same, and they hold roles.
struct InstanceProfileRow {
  static constexpr const char* table = "iam.instance_profiles";
  std::string name;
  std::string id;  // AIPA...
  std::string arn;
  std::string path = "/";
  std::string role;  // its name; empty: none
  std::vector<Tag> tags;
  Time created_at{};

  std::string key() const { return name; }
};
BOOST_DESCRIBE_STRUCT(InstanceProfileRow, (), (name, id, arn, path, role, tags, created_at))

void add_tables(Store& store);

// The role that an ARN or a bare name means, or null.
const RoleRow* find_role(const Store& store, std::string_view arn_or_name);

}  // namespace berth::iam
