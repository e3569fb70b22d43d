// The names that a daemon gives to what it makes outside itself. They begin with a short hash of its data
// folder, so that two daemons run side by side and each finds its own things again.
#pragma once

#include <string>
#include <string_view>

namespace berth::host {

class Names {
 public:
  // `data_dir` is an absolute path.
  explicit Names(std::string_view data_dir);

  const std::string& daemon() const { return daemon_; }  // "berth-1a2b3c4d"
  std::string vpc_namespace(std::string_view vpc_id) const { return daemon_ + "-" + std::string(vpc_id); }
  std::string task_namespace(std::string_view task_id) const { return task_prefix() + std::string(task_id); }
  std::string task_prefix() const { return daemon_ + "-task-"; }
  std::string build_prefix() const { return daemon_ + "-build-"; }
  std::string vpc_prefix() const { return daemon_ + "-vpc-"; }
  std::string internet_namespace() const { return daemon_ + "-internet"; }
  std::string container(std::string_view task_id, std::string_view container) const {
    return daemon_ + "-" + std::string(task_id) + "-" + std::string(container);
  }

  // Names of interfaces have 15 characters at most; these are unique within their VPC's namespace.
  static std::string bridge(std::string_view subnet_id);
  static std::string task_port(std::string_view task_namespace);
  static std::string internet_port(std::string_view vpc_id);

 private:
  std::string daemon_;
};

}  // namespace berth::host
