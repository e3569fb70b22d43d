#include "services/context.h"

#include "handlers/ssm.h"
#include "handlers/sts.h"

namespace berth::services {

std::span<const ServiceHandlers> all() {
  static const ServiceHandlers list[] = {ssm::handlers(), sts::handlers()};
  return list;
}

}  // namespace berth::services
