#include "services/servicediscovery/resolve.h"

#include <algorithm>

#include "base/text.h"
#include "services/lists.h"

namespace berth::servicediscovery {
namespace {

constexpr std::size_t answers_max = 8;  // AWS: of a multivalue answer

using Instances = std::vector<const InstanceRow*>;

// "a.b" of "a.b.space"; nullopt when the name lies elsewhere.
std::optional<std::string> below(const std::string& name, const std::string& space) {
  if (name == space) return "";
  if (!name.ends_with("." + space)) return std::nullopt;
  return name.substr(0, name.size() - space.size() - 1);
}

// The longest namespace of the VPC that the name lies in.
const NamespaceRow* namespace_of(const Store& store, const std::string& vpc_id, const std::string& name) {
  const NamespaceRow* longest = nullptr;
  for (const auto& [id, row] : store.all<NamespaceRow>()) {
    if (row.vpc_id == vpc_id && below(name, row.name) && (!longest || row.name.size() > longest->name.size()))
      longest = &row;
  }
  return longest;
}

const ServiceRow* service_named(const Store& store, const NamespaceRow& space, const std::string& name) {
  for (const auto* entry : store.rows_of<ServiceRow>(space.id)) {
    if (equal_ignoring_case(entry->second.name, name)) return &entry->second;
  }
  return nullptr;
}

const DnsRecord* record_of(const ServiceRow& service, std::string_view type) {
  for (const auto& record : services::list_of(service.dns_config.dns_records)) {
    if (*record.type == type) return &record;
  }
  return nullptr;
}

std::string attribute(const InstanceRow& instance, const char* name) {
  const auto found = instance.attributes.find(name);
  return found == instance.attributes.end() ? "" : found->second;
}

Instances answering(const Store& store, Rng& rng, const ServiceRow& service) {
  Instances all, healthy;
  for (const auto* entry : store.rows_of<InstanceRow>(service.id)) {
    all.push_back(&entry->second);
    if (entry->second.healthy) healthy.push_back(&entry->second);
  }
  Instances chosen = healthy.empty() ? all : healthy;
  for (std::size_t i = chosen.size(); i > 1; --i) std::swap(chosen[i - 1], chosen[rng.below(i)]);
  const std::size_t most = service.dns_config.routing_policy == "WEIGHTED" ? 1 : answers_max;
  if (chosen.size() > most) chosen.resize(most);
  return chosen;
}

NameRecord record_for(const InstanceRow& instance, const DnsRecord& record, const std::string& service_name) {
  NameRecord out{.type = *record.type, .ttl_s = static_cast<int>(record.ttl.value_or(60))};
  if (out.type == "A") {
    out.address = attribute(instance, "AWS_INSTANCE_IPV4");
  } else {
    out.port = static_cast<int>(parse_integer(attribute(instance, "AWS_INSTANCE_PORT")).value_or(0));
    out.target = instance.id + "." + service_name;
  }
  return out;
}

// An SRV record's target is a name of its own: <instance>.<service>.<namespace>.
void resolve_instance(const Store& store, const NamespaceRow& space, const std::string& rest,
                      std::string_view type, Resolution& out) {
  const auto dot = rest.find('.');
  if (dot == rest.npos) return;
  const auto* service = service_named(store, space, rest.substr(dot + 1));
  const auto* record = service ? record_of(*service, "SRV") : nullptr;
  const auto* instance =
      record ? store.find<InstanceRow>(InstanceRow::key_of(service->id, rest.substr(0, dot))) : nullptr;
  if (!instance) return;
  out.name_exists = true;
  if (type != "A") return;
  out.records.push_back({.type = "A",
                         .ttl_s = static_cast<int>(record->ttl.value_or(60)),
                         .address = attribute(*instance, "AWS_INSTANCE_IPV4")});
}

}  // namespace

Resolution resolve(const Store& store, Rng& rng, const std::string& vpc_id, std::string_view name,
                   std::string_view type) {
  const std::string wanted = lower(name);
  Resolution out;
  const auto* space = namespace_of(store, vpc_id, wanted);
  if (!space) return out;
  out.in_namespace = true;
  const std::string rest = *below(wanted, space->name);
  if (rest.empty()) {
    out.name_exists = true;
    return out;
  }
  const auto* service = service_named(store, *space, rest);
  if (!service) {
    resolve_instance(store, *space, rest, type, out);
    return out;
  }
  // Route 53 has records of a name only while there are instances.
  const auto instances = answering(store, rng, *service);
  const bool by_dns = !services::list_of(service->dns_config.dns_records).empty();
  out.name_exists = by_dns && !instances.empty();
  const auto* record = record_of(*service, type);
  if (!record) return out;
  for (const auto* instance : instances) out.records.push_back(record_for(*instance, *record, wanted));
  return out;
}

}  // namespace berth::servicediscovery
