// What this machine has to give before berthd can work: programs, rights, cgroups, kernel features, ports,
// disk. Each is tried, not guessed, and leaves nothing behind; what is wrong comes with how to mend it. It
// needs no running berthd, and says nothing of one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace berth::host {

struct Finding {
  std::string subject;
  bool good = true;
  std::string text;
  std::string mend{};  // empty where there is nothing to mend
};

struct MachineCheck {
  std::string data_dir;
  std::string haproxy = "haproxy";
  std::vector<int> balancer_ports{80, 443};
};

std::vector<Finding> check_machine(const MachineCheck& check);

// The API's address: free, berthd's, or somebody else's.
Finding check_api_address(const std::string& address, int port);

// Pieces of the above that decide by figures alone.
Finding judge_disk(const std::string& folder, std::int64_t free_bytes, std::int64_t free_inodes);
Finding judge_memory(std::int64_t total_bytes, std::int64_t available_bytes);

}  // namespace berth::host
