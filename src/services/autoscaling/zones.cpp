#include "services/autoscaling/zones.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <map>

namespace berth::autoscaling {

namespace {

constexpr const char* zoneinfo = "/usr/share/zoneinfo/";

Result<control::TimeZone> read_zone(const std::string& name) {
  const Error unknown{"ValidationException", fmt::format("Invalid time zone: {}", name)};
  if (!control::is_zone_name(name)) return unknown;
  std::ifstream file(zoneinfo + name, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto zone = control::TimeZone::parse(bytes);
  if (!zone) return unknown;
  return zone;
}

}  // namespace

Result<control::TimeZone> find_zone(const std::string& name) {
  thread_local std::map<std::string, control::TimeZone> known{{"", {}}, {"UTC", {}}};
  const auto found = known.find(name);
  if (found != known.end()) return found->second;
  auto zone = read_zone(name);
  if (zone) known.emplace(name, *zone);
  return zone;
}

}  // namespace berth::autoscaling
