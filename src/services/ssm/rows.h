// What berth keeps of Systems Manager: parameters with all their versions.
#pragma once

#include <string>
#include <vector>

#include "model/ssm.h"
#include "store/store.h"

namespace berth::ssm {

struct ParameterVersion {
  std::int64_t version = 1;
  std::string value;
  std::string type;
  std::string description;
  std::string key_id;
  std::string allowed_pattern;
  std::string tier = "Standard";
  std::string data_type = "text";
  std::string modified_by;
  Time modified_at{};
  std::vector<std::string> labels;  // each on one version of a parameter at most
};
BOOST_DESCRIBE_STRUCT(ParameterVersion, (),
                      (version, value, type, description, key_id, allowed_pattern, tier, data_type,
                       modified_by, modified_at, labels))

struct ParameterRow {
  static constexpr const char* table = "ssm.parameters";
  std::string name;
  std::vector<ParameterVersion> versions;  // oldest first, never empty
  std::vector<Tag> tags;

  std::string key() const { return name; }
  const ParameterVersion& latest() const { return versions.back(); }
};
BOOST_DESCRIBE_STRUCT(ParameterRow, (), (name, versions, tags))

void add_tables(Store& store);

// The version that `name`, `name:3`, `name:label` or an ARN means, or null.
struct ParameterReference {
  const ParameterRow* row = nullptr;
  const ParameterVersion* version = nullptr;
  std::string selector;  // ":3" or ":label"
};
ParameterReference find_parameter(const Store& store, std::string_view reference);

}  // namespace berth::ssm
