// Regions, Availability Zones and the account's attributes: what a client reads before it makes anything.
#include "services/ec2/zones.h"

#include <fmt/format.h>

#include "base/text.h"
#include "handlers/ec2.h"
#include "services/ec2/listing.h"

namespace berth::ec2 {
namespace {

// "us-east-1" -> "use1", "ap-southeast-2" -> "apse2", "us-gov-west-1" -> "usgw1".
std::string short_region(const std::string& region) {
  const auto parts = split(region, '-');
  std::string out = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    std::string_view part = parts[i];
    for (const std::string_view direction : {"north", "south"}) {
      if (part.starts_with(direction) && part.size() > direction.size()) {
        out += part.front();
        part.remove_prefix(direction.size());
        break;
      }
    }
    if (!part.empty()) out += part.front();
  }
  return out;
}

Error bad_zone(const std::string& name) {
  return invalid_parameter(fmt::format("Invalid availability zone: [{}]", name));
}

AvailabilityZone describe(const std::string& region, const Zone& zone) {
  AvailabilityZone out;
  out.opt_in_status = "opt-in-not-required";
  out.region_name = region;
  out.zone_name = zone.name;
  out.zone_id = zone.id;
  out.group_name = region + "-zg-1";
  out.network_border_group = region;
  out.zone_type = "availability-zone";
  out.state = "available";
  out.messages.emplace();
  return out;
}

bool named(const std::vector<std::string>& wanted, const std::optional<std::string>& name) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), name.value_or("")) != wanted.end();
}

}  // namespace

std::vector<Zone> zones_of(const std::string& region) {
  const int count = region == "us-east-1" ? 6 : 3;
  std::vector<Zone> zones;
  for (int i = 0; i < count; ++i) {
    zones.push_back(
        {region + static_cast<char>('a' + i), fmt::format("{}-az{}", short_region(region), i + 1)});
  }
  return zones;
}

Result<DescribeAvailabilityZonesResult> describe_availability_zones(
    Context& context, const DescribeAvailabilityZonesRequest& input) {
  const std::string& region = context.settings.region;
  std::vector<AvailabilityZone> zones;
  for (const Zone& zone : zones_of(region)) zones.push_back(describe(region, zone));
  for (const std::string& name : list_of(input.zone_names)) {
    if (std::none_of(zones.begin(), zones.end(), [&](const auto& zone) { return zone.zone_name == name; })) {
      return bad_zone(name);
    }
  }
  for (const std::string& id : list_of(input.zone_ids)) {
    if (std::none_of(zones.begin(), zones.end(), [&](const auto& zone) { return zone.zone_id == id; })) {
      return bad_zone(id);
    }
  }
  std::erase_if(zones, [&](const AvailabilityZone& zone) {
    return !named(list_of(input.zone_names), zone.zone_name) || !named(list_of(input.zone_ids), zone.zone_id);
  });
  auto kept = filtered(std::move(zones), input.filters, [](const AvailabilityZone& zone) {
    return Facets()
        .add("group-name", zone.group_name)
        .add("opt-in-status", zone.opt_in_status)
        .add("region-name", zone.region_name)
        .add("state", zone.state)
        .add("zone-id", zone.zone_id)
        .add("zone-name", zone.zone_name)
        .add("zone-type", zone.zone_type);
  });
  if (!kept) return kept.error();
  return answer(input, DescribeAvailabilityZonesResult{std::move(*kept)});
}

Result<DescribeRegionsResult> describe_regions(Context& context, const DescribeRegionsRequest& input) {
  Region region;
  region.region_name = context.settings.region;
  region.endpoint = fmt::format("ec2.{}.amazonaws.com", context.settings.region);
  region.opt_in_status = "opt-in-not-required";
  for (const std::string& name : list_of(input.region_names)) {
    if (name != context.settings.region) {
      return invalid_parameter(fmt::format("Invalid region names: [{}]", name));
    }
  }
  auto kept = filtered(std::vector{region}, input.filters, [](const Region& item) {
    return Facets()
        .add("endpoint", item.endpoint)
        .add("opt-in-status", item.opt_in_status)
        .add("region-name", item.region_name);
  });
  if (!kept) return kept.error();
  return answer(input, DescribeRegionsResult{std::move(*kept)});
}

Result<DescribeAccountAttributesResult> describe_account_attributes(
    Context&, const DescribeAccountAttributesRequest& input) {
  static const std::pair<const char*, const char*> attributes[] = {
      {"supported-platforms", "VPC"}, {"vpc-max-security-groups-per-interface", "5"},
      {"max-elastic-ips", "5"},       {"max-instances", "20"},
      {"vpc-max-elastic-ips", "5"},   {"default-vpc", "none"},
  };
  DescribeAccountAttributesResult output;
  output.account_attributes.emplace();
  for (const auto& [name, value] : attributes) {
    if (!named(list_of(input.attribute_names), name)) continue;
    output.account_attributes->push_back(
        {name, std::vector{AccountAttributeValue{.attribute_value = value}}});
  }
  return answer(input, std::move(output));
}

}  // namespace berth::ec2
