#include "services/ecs/rows.h"

namespace berth::ecs {

void add_tables(Store& store) {
  store.add<ClusterRow>();
  store.add<TaskDefinitionRow>();
  store.add<FamilyRow>();
  store.add<ServiceRow>();
  store.add<ServiceRevisionRow>();
  store.add<ServiceDeploymentRow>();
  store.add<TaskRow>();
}

}  // namespace berth::ecs
