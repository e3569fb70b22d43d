#include "host/names.h"

#include "base/digest.h"

namespace berth::host {

Names::Names(std::string_view data_dir) : daemon_("berth-" + hex(sha256(data_dir)).substr(0, 8)) {}

std::string Names::bridge(std::string_view subnet_id) {
  return "br" + hex(sha256(subnet_id)).substr(0, 10);
}

std::string Names::task_port(std::string_view task_id) {
  return "t" + hex(sha256(task_id)).substr(0, 12);
}

std::string Names::internet_port(std::string_view vpc_id) {
  return "v" + hex(sha256(vpc_id)).substr(0, 12);
}

}  // namespace berth::host
