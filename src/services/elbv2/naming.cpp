#include "services/elbv2/naming.h"

#include <set>

#include "base/digest.h"
#include "loop/rng.h"

namespace berth::elbv2 {

std::string new_dns_name(const Context& context, const std::string& name, bool internal) {
  return fmt::format("{}{}-{}.{}.elb.localhost", internal ? "internal-" : "", name,
                     random_digits(context.ids(), 10), context.settings.region);
}

std::string new_loopback_address(const Store& store, const std::string& arn) {
  std::set<std::string> taken;
  for (const auto& [key, row] : store.all<LoadBalancerRow>()) taken.insert(row.address);
  const Sha256 digest = sha256(arn);
  // 127.0.0.0/16 and the ends of each range belong to others: 127.0.0.1, Debian's 127.0.1.1, broadcasts.
  constexpr unsigned usable = 254;
  constexpr unsigned all = usable * 256 * usable;
  const unsigned first = (digest[0] << 16 | digest[1] << 8 | digest[2]) % all;
  for (unsigned step = 0; step < all; ++step) {
    const unsigned number = (first + step) % all;
    const auto address =
        fmt::format("127.{}.{}.{}", 1 + number / (256 * usable), number / usable % 256, 1 + number % usable);
    if (!taken.contains(address)) return address;
  }
  return "127.0.0.1";
}

std::string hosted_zone_of(const std::string& region) {
  // https://docs.aws.amazon.com/general/latest/gr/elb.html
  static const std::map<std::string, const char*> zones{
      {"us-east-1", "Z35SXDOTRQ7X7K"},      {"us-east-2", "Z3AADJGX6KTTL2"},
      {"us-west-1", "Z368ELLRRE2KJ0"},      {"us-west-2", "Z1H1FL5HABSF5"},
      {"ca-central-1", "ZQSVJUPU6J1EY"},    {"eu-central-1", "Z215JYRZR1TBD5"},
      {"eu-west-1", "Z32O12XQLNTSW2"},      {"eu-west-2", "ZHURV8PSTC4K8"},
      {"eu-west-3", "Z3Q77PNBQS71R4"},      {"eu-north-1", "Z23TAZ6LKFMNIO"},
      {"ap-south-1", "ZP97RAFLXTNZK"},      {"ap-southeast-1", "Z1LMS91P8CMLE5"},
      {"ap-southeast-2", "Z1GM3OXH4ZPM65"}, {"ap-northeast-1", "Z14GRHDCWA56QT"},
      {"ap-northeast-2", "ZWKZPGTI48KDX"},  {"sa-east-1", "Z2P70J7HTTTPLU"},
  };
  const auto found = zones.find(region);
  return found == zones.end() ? "Z35SXDOTRQ7X7K" : found->second;
}

}  // namespace berth::elbv2
