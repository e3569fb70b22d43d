#include "control/time_zone.h"

#include <gtest/gtest.h>

#include <string>

namespace berth::control {
namespace {

std::string block(char version, std::size_t time_size,
                  const std::vector<std::pair<std::int64_t, char>>& transitions,
                  const std::vector<std::int32_t>& offsets) {
  const auto put = [](std::string& out, std::int64_t value, std::size_t size) {
    for (std::size_t i = size; i-- > 0;) out += static_cast<char>(value >> (8 * i));
  };
  std::string out = std::string("TZif") + version + std::string(15, '\0');
  const std::size_t numbers[] = {0, 0, 0, transitions.size(), offsets.size(), 1};
  for (const std::size_t number : numbers) put(out, static_cast<std::int64_t>(number), 4);
  for (const auto& each : transitions) put(out, each.first, time_size);
  for (const auto& each : transitions) out += each.second;
  for (const auto offset : offsets) {
    put(out, offset, 4);
    out += std::string(2, '\0');
  }
  return out + '\0';
}

// Nothing but a rule, as in a slim file.
TimeZone zone_of(const std::string& rule) {
  const auto zone = TimeZone::parse(block('2', 4, {}, {0}) + block('2', 8, {}, {0}) + "\n" + rule + "\n");
  EXPECT_TRUE(zone) << rule;
  return *zone;
}

std::string to_utc(const TimeZone& zone, const char* local) {
  return iso_s(zone.from_local(*parse_iso(local)));
}

TEST(TimeZone, DefaultIsUtc) {
  EXPECT_EQ(TimeZone().offset_at(from_unix_seconds(1'750'000'000)), Duration{});
}

TEST(TimeZone, EuropeanRule) {
  const TimeZone berlin = zone_of("CET-1CEST,M3.5.0,M10.5.0/3");
  EXPECT_EQ(to_utc(berlin, "2026-01-15T12:00:00"), "2026-01-15T11:00:00Z");
  EXPECT_EQ(to_utc(berlin, "2026-07-15T12:00:00"), "2026-07-15T10:00:00Z");
  // 2026-03-29 02:00 -> 03:00 and 2026-10-25 03:00 -> 02:00.
  EXPECT_EQ(berlin.offset_at(*parse_iso("2026-03-29T00:59:59Z")), Duration::seconds(3600));
  EXPECT_EQ(berlin.offset_at(*parse_iso("2026-03-29T01:00:00Z")), Duration::seconds(7200));
  EXPECT_EQ(berlin.offset_at(*parse_iso("2026-10-25T00:59:59Z")), Duration::seconds(7200));
  EXPECT_EQ(berlin.offset_at(*parse_iso("2026-10-25T01:00:00Z")), Duration::seconds(3600));
  EXPECT_EQ(to_utc(berlin, "2026-03-29T02:30:00"), "2026-03-29T01:30:00Z");  // skipped: 03:30 on the clock
  EXPECT_EQ(to_utc(berlin, "2026-10-25T02:30:00"), "2026-10-25T00:30:00Z");  // twice: the first
}

TEST(TimeZone, OtherFormsOfRules) {
  EXPECT_EQ(to_utc(zone_of("EST5EDT,M3.2.0,M11.1.0"), "2026-07-01T08:00:00"), "2026-07-01T12:00:00Z");
  EXPECT_EQ(to_utc(zone_of("<+0545>-5:45"), "2026-07-01T05:45:00"), "2026-07-01T00:00:00Z");
  EXPECT_EQ(to_utc(zone_of("AEST-10AEDT,M10.1.0,M4.1.0/3"), "2026-01-01T11:00:00"),
            "2026-01-01T00:00:00Z");  // south
  EXPECT_EQ(to_utc(zone_of("XXX0YYY,J60,J300"), "2026-06-01T01:00:00"), "2026-06-01T00:00:00Z");
}

TEST(TimeZone, TableOfTransitions) {
  const auto zone = TimeZone::parse(block('1', 4, {{1000, 1}, {2000, 0}}, {3600, 7200}));
  ASSERT_TRUE(zone);
  for (const auto& [at, expected] :
       {std::pair{999, 3600.0}, {1000, 7200.0}, {1999, 7200.0}, {2000, 3600.0}}) {
    EXPECT_EQ(zone->offset_at(from_unix_seconds(at)), Duration::seconds(expected)) << at;
  }
}

TEST(TimeZone, RefusesMalformedData) {
  const std::string good = block('2', 4, {}, {0}) + block('2', 8, {{1, 0}}, {0}) + "\nUTC0\n";
  ASSERT_TRUE(TimeZone::parse(good));
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(TimeZone::parse(good.substr(0, size))) << size;
  EXPECT_FALSE(TimeZone::parse(block('1', 4, {{1000, 9}}, {0})));
  EXPECT_FALSE(TimeZone::parse(block('2', 4, {}, {0}) + block('2', 8, {}, {0}) + "\nnonsense\n"));
}

TEST(TimeZone, Names) {
  for (const char* name : {"Europe/Berlin", "UTC", "Etc/GMT+5", "America/Argentina/Buenos_Aires"}) {
    EXPECT_TRUE(is_zone_name(name)) << name;
  }
  for (const char* name : {"", "/etc/passwd", "../UTC", "Europe/", "Europe/Ber lin"})
    EXPECT_FALSE(is_zone_name(name)) << name;
}

}  // namespace
}  // namespace berth::control
