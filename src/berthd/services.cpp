#include "berthd/services.h"

#include "handlers/ec2.h"
#include "handlers/ecs.h"
#include "handlers/elbv2.h"
#include "handlers/ssm.h"
#include "handlers/sts.h"

namespace berth {

std::span<const services::ServiceHandlers> implemented_services() {
  static const services::ServiceHandlers list[] = {
      ec2::handlers(),
      ecs::handlers(),
      elbv2::handlers(),
      ssm::handlers(),
      sts::handlers(),
  };
  return list;
}

}  // namespace berth
