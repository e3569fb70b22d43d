#include "services/all_tables.h"

#include "services/autoscaling/rows.h"
#include "services/cloudwatch/rows.h"
#include "services/codebuild/rows.h"
#include "services/ec2/rows.h"
#include "services/ecr/rows.h"
#include "services/ecs/rows.h"
#include "services/elbv2/rows.h"
#include "services/events/rows.h"
#include "services/iam/rows.h"
#include "services/logs/rows.h"
#include "services/s3/rows.h"
#include "services/servicediscovery/rows.h"
#include "services/sns/rows.h"
#include "services/ssm/rows.h"
#include "services/sts/rows.h"

namespace berth::services {

void add_tables(Store& store) {
  autoscaling::add_tables(store);
  cloudwatch::add_tables(store);
  codebuild::add_tables(store);
  ec2::add_tables(store);
  ecr::add_tables(store);
  ecs::add_tables(store);
  elbv2::add_tables(store);
  events::add_tables(store);
  iam::add_tables(store);
  logs::add_tables(store);
  s3::add_tables(store);
  servicediscovery::add_tables(store);
  sns::add_tables(store);
  ssm::add_tables(store);
  sts::add_tables(store);
}

}  // namespace berth::services
