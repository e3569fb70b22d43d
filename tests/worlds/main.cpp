// worlds: plays seeded worlds, each an article's service under faults, and checks the invariants of each.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "base/log.h"
#include "base/read_file.h"
#include "world.h"

namespace berth::worlds {
namespace {

void tell_failure(std::uint64_t seed, const Outcome& outcome, Breakage breakage) {
  fmt::print("seed {}: invariant {} broken at {}: {}\n", seed, outcome.problem->invariant, outcome.at,
             outcome.problem->text);
  fmt::print("  replay: build/release/bin/worlds --seed {} --trace", seed);
  if (breakage != Breakage::none) fmt::print(" --break {}", name_of(breakage));
  fmt::print("\n");
}

int play(std::uint64_t from, std::uint64_t count, const Templates& templates, Breakage breakage,
         bool tracing) {
  const auto begun = std::chrono::steady_clock::now();
  std::uint64_t broken = 0;
  double virtual_s = 0;
  for (std::uint64_t seed = from; seed < from + count; ++seed) {
    const Outcome outcome = World(seed, templates, breakage, tracing).run();
    virtual_s += outcome.lasted.in_seconds();
    if (!outcome.problem) continue;
    ++broken;
    tell_failure(seed, outcome, breakage);
    std::fflush(stdout);
  }
  const double wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  fmt::print("{} worlds, {} broken, {:.1f} s, {:.1f} worlds/s, {:.0f} virtual hours\n", count, broken, wall_s,
             static_cast<double>(count) / wall_s, virtual_s / 3600);
  return broken == 0 ? 0 : 1;
}

// Each breakage must be noticed by the invariant that is there for it, in one of a few worlds.
int prove_invariants(const Templates& templates) {
  constexpr std::uint64_t worlds_max = 20;
  int missed = 0;
  for (const auto& info : breakages()) {
    std::string noticed;
    for (std::uint64_t seed = 1; seed <= worlds_max && noticed.empty(); ++seed) {
      const Outcome outcome = World(seed, templates, info.breakage, false).run();
      if (outcome.problem && outcome.problem->invariant == info.invariant) noticed = std::to_string(seed);
    }
    fmt::print("{:20} {:12} {}\n", info.name, info.invariant,
               noticed.empty() ? "NOT NOTICED" : "noticed, seed " + noticed);
    if (noticed.empty()) ++missed;
  }
  return missed == 0 ? 0 : 1;
}

// The same seed must give the same world.
int play_twice(std::uint64_t from, std::uint64_t count, const Templates& templates) {
  int different = 0;
  for (std::uint64_t seed = from; seed < from + count; ++seed) {
    const auto once = World(seed, templates, Breakage::none, false).run().digest;
    const auto again = World(seed, templates, Breakage::none, false).run().digest;
    if (once != again) fmt::print("seed {} is not the same when played again\n", seed), ++different;
  }
  fmt::print("{} worlds twice, {} different\n", count, different);
  return different == 0 ? 0 : 1;
}

}  // namespace
}  // namespace berth::worlds

int main(int argc, char** argv) {
  using namespace berth::worlds;
  std::uint64_t from = 1, count = 1, seed = 0;
  std::string break_name;
  bool tracing = false, prove = false, twice = false;
  CLI::App app("worlds: seeded worlds under faults");
  app.add_option("--seeds", count, "How many worlds");
  app.add_option("--from", from, "The first seed");
  app.add_option("--seed", seed, "This one alone");
  app.add_flag("--trace", tracing, "Print what happens");
  app.add_option("--break", break_name, "Break these worlds on purpose");
  app.add_flag("--prove", prove, "Show that every invariant can fail");
  app.add_flag("--twice", twice, "Play each world twice and compare");
  CLI11_PARSE(app, argc, argv);
  spdlog::set_level(spdlog::level::off);
  const Templates templates{berth::read_file(BERTH_SOURCE_DIR "/examples/learner/prerequisites.yaml"),
                            berth::read_file(BERTH_SOURCE_DIR "/examples/learner/ecs_service.yaml")};
  Breakage breakage = Breakage::none;
  for (const auto& info : breakages()) {
    if (info.name == break_name) breakage = info.breakage;
  }
  if (!break_name.empty() && breakage == Breakage::none) {
    fmt::print("There is no breakage {}\n", break_name);
    return 2;
  }
  if (tracing) std::setvbuf(stdout, nullptr, _IOLBF, 0);
  if (prove) return prove_invariants(templates);
  if (seed != 0) from = seed, count = 1;
  if (twice) return play_twice(from, count, templates);
  return play(from, count, templates, breakage, tracing);
}
