// BuildPlace: what a build's container stands on: its folder, its network namespace, the way to the registry,
// and the engine of a privileged build. Blocking; meant for Loop::offload.
//
// The namespace leads nowhere: it has berth's endpoint on one address and ECR's registry, by AWS's name, on
// another. The engine of a build is a Podman service in that namespace, with a process tree, mounts and
// images of its own: to end it, one process is killed, and the host's containers are never seen.
#pragma once

#include <string>

#include "base/result.h"
#include "host/cgroup.h"
#include "host/names.h"

namespace berth::host {

inline constexpr const char* build_endpoint_address = "169.254.170.2";
inline constexpr const char* build_registry_address = "169.254.170.3";

struct BuildPlaceConfig {
  std::string data_dir;  // absolute
  std::string haproxy;
  std::string registry_name;     // "123456789012.dkr.ecr.us-east-1.amazonaws.com"
  std::string registry_address;  // where it listens here
};

// The paths and names of one build. `id` may be any word.
struct BuildNames {
  BuildNames(const BuildPlaceConfig& config, const Names& names, const std::string& build_id);
  static BuildNames of_word(const BuildPlaceConfig& config, const Names& names, const std::string& word);

  std::string word;  // short: the path of a socket has 107 characters at most
  std::string folder, source, agent, orders, reports, hosts, registries, engine_socket;
  std::string netns;
  std::string container;
  std::string source_in_container;

 private:
  BuildNames() = default;
};

std::string build_folders(const BuildPlaceConfig& config);
std::string build_caches(const BuildPlaceConfig& config);

// Makes folder, namespace and forwarder; yields a socket that listens at the endpoint's address.
Result<int> make_build_place(const BuildPlaceConfig& config, const BuildNames& names);
// `images`: where what it builds and pulls lies; empty: in the build's folder.
Result<> start_build_engine(const BuildPlaceConfig& config, const BuildNames& names,
                            const std::string& images);
Result<> remove_build_place(const BuildPlaceConfig& config, const BuildNames& names);

}  // namespace berth::host
