#include "region/services.h"

#include "cloudformation/rows.h"
#include "handlers/autoscaling.h"
#include "handlers/cloudformation.h"
#include "handlers/cloudwatch.h"
#include "handlers/codebuild.h"
#include "handlers/ec2.h"
#include "handlers/ecr.h"
#include "handlers/ecs.h"
#include "handlers/elbv2.h"
#include "handlers/events.h"
#include "handlers/iam.h"
#include "handlers/logs.h"
#include "handlers/s3.h"
#include "handlers/servicediscovery.h"
#include "handlers/sns.h"
#include "handlers/ssm.h"
#include "handlers/sts.h"
#include "services/all_tables.h"

namespace berth {

std::span<const services::ServiceHandlers> implemented_services() {
  static const services::ServiceHandlers list[] = {
      autoscaling::handlers(), cloudformation::handlers(),
      cloudwatch::handlers(),  codebuild::handlers(),
      ec2::handlers(),         ecr::handlers(),
      ecs::handlers(),         elbv2::handlers(),
      events::handlers(),      iam::handlers(),
      logs::handlers(),        s3::handlers(),
      servicediscovery::handlers(),
      sns::handlers(),         ssm::handlers(),
      sts::handlers(),
  };
  return list;
}

void add_all_tables(Store& store) {
  services::add_tables(store);
  cloudformation::add_tables(store);
}

}  // namespace berth
