#include "services/servicediscovery/rows.h"

#include "base/arn.h"

namespace berth::servicediscovery {
namespace {

void count_revision(Store& store, const std::string& service) {
  if (auto* row = store.edit<ServiceRow>(service)) ++row->instances_revision;
}

}  // namespace

void add_tables(Store& store) {
  store.add<NamespaceRow>();
  store.add<ServiceRow>();
  store.add<InstanceRow>();
  store.add<OperationRow>();
}

void put_instance(Store& store, InstanceRow instance) {
  count_revision(store, instance.service_id);
  store.put(std::move(instance));
}

void erase_instance(Store& store, const std::string& service, const std::string& id) {
  if (store.erase<InstanceRow>(InstanceRow::key_of(service, id))) count_revision(store, service);
}

const NamespaceRow* find_namespace(const Store& store, std::string_view id_or_arn) {
  return store.find<NamespaceRow>(last_part(id_or_arn));
}

const ServiceRow* find_service(const Store& store, std::string_view id_or_arn) {
  return store.find<ServiceRow>(last_part(id_or_arn));
}

}  // namespace berth::servicediscovery
