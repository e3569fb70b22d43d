// What berth keeps of Cloud Map: private DNS namespaces, their services and the services' instances.
// Operations are over as they begin; what became of them is kept for a while.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/servicediscovery.h"
#include "services/context.h"
#include "store/store.h"

namespace berth::servicediscovery {

struct NamespaceRow {
  static constexpr const char* table = "servicediscovery.namespaces";
  std::string id;  // ns-...
  std::string arn;
  std::string name;  // "internal.example"
  std::string description;
  std::string vpc_id;
  std::string hosted_zone_id;
  int soa_ttl_s = 15;
  std::string creator_request_id;
  std::vector<Tag> tags;
  Time created_at{};

  std::string key() const { return id; }
};
BOOST_DESCRIBE_STRUCT(NamespaceRow, (),
                      (id, arn, name, description, vpc_id, hosted_zone_id, soa_ttl_s, creator_request_id,
                       tags, created_at))

struct ServiceRow {
  static constexpr const char* table = "servicediscovery.services";
  std::string id;  // srv-...
  std::string arn;
  std::string name;
  std::string namespace_id;
  std::string description;
  DnsConfig dns_config;
  bool has_custom_health = false;
  std::string creator_request_id;
  std::int64_t instances_revision = 0;
  std::vector<Tag> tags;
  Time created_at{};

  std::string key() const { return id; }
  const std::string& belongs_to() const { return namespace_id; }
};
BOOST_DESCRIBE_STRUCT(ServiceRow, (),
                      (id, arn, name, namespace_id, description, dns_config, has_custom_health,
                       creator_request_id, instances_revision, tags, created_at))

struct InstanceRow {
  static constexpr const char* table = "servicediscovery.instances";
  std::string service_id;
  std::string id;
  std::map<std::string, std::string> attributes;
  bool healthy = true;  // as somebody said
  bool by_ecs = false;  // a task of an ECS service, which comes and goes with it

  static std::string key_of(const std::string& service, const std::string& id) { return service + "/" + id; }
  std::string key() const { return key_of(service_id, id); }
  const std::string& belongs_to() const { return service_id; }
};
BOOST_DESCRIBE_STRUCT(InstanceRow, (), (service_id, id, attributes, healthy, by_ecs))

struct OperationRow {
  static constexpr const char* table = "servicediscovery.operations";
  std::string id;
  Operation operation;

  std::string key() const { return id; }
};
BOOST_DESCRIBE_STRUCT(OperationRow, (), (id, operation))

void add_tables(Store& store);

// Each with a revision of the service's instances more, inside a transaction.
void put_instance(Store& store, InstanceRow instance);
void erase_instance(Store& store, const std::string& service, const std::string& id);

// By id or ARN; null: there is none.
const NamespaceRow* find_namespace(const Store& store, std::string_view id_or_arn);
const ServiceRow* find_service(const Store& store, std::string_view id_or_arn);

}  // namespace berth::servicediscovery
