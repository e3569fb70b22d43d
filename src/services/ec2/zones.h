// The Availability Zones of a region.
#pragma once

#include <string>
#include <vector>

namespace berth::ec2 {

struct Zone {
  std::string name;  // us-east-1a
  std::string id;    // use1-az1
};

std::vector<Zone> zones_of(const std::string& region);

}  // namespace berth::ec2
