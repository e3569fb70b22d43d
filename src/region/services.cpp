#include "region/services.h"

#include "cloudformation/rows.h"
#include "handlers/autoscaling.h"
#include "handlers/cloudformation.h"
#include "handlers/cloudwatch.h"
#include "handlers/ec2.h"
#include "handlers/ecs.h"
#include "handlers/elbv2.h"
#include "handlers/iam.h"
#include "handlers/logs.h"
#include "handlers/sns.h"
#include "handlers/ssm.h"
#include "handlers/sts.h"
#include "services/autoscaling/rows.h"
#include "services/cloudwatch/rows.h"
#include "services/ec2/rows.h"
#include "services/ecs/rows.h"
#include "services/elbv2/rows.h"
#include "services/iam/rows.h"
#include "services/logs/rows.h"
#include "services/sns/rows.h"
#include "services/ssm/rows.h"
#include "services/sts/rows.h"

namespace berth {

std::span<const services::ServiceHandlers> implemented_services() {
  static const services::ServiceHandlers list[] = {
      autoscaling::handlers(), cloudformation::handlers(),
      cloudwatch::handlers(),  ec2::handlers(),
      ecs::handlers(),         elbv2::handlers(),
      iam::handlers(),         logs::handlers(),
      sns::handlers(),         ssm::handlers(),
      sts::handlers(),
  };
  return list;
}

void add_all_tables(Store& store) {
  autoscaling::add_tables(store);
  cloudformation::add_tables(store);
  cloudwatch::add_tables(store);
  ec2::add_tables(store);
  ecs::add_tables(store);
  elbv2::add_tables(store);
  iam::add_tables(store);
  logs::add_tables(store);
  sns::add_tables(store);
  ssm::add_tables(store);
  sts::add_tables(store);
}

}  // namespace berth
