// A seeded stream of random numbers, one per purpose, the same on every compiler (splitmix64; no std::
// distribution, whose results differ between libraries).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace berth {

class Rng {
 public:
  explicit Rng(std::uint64_t seed = 0) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }

  // Uniform in [0, bound); `bound` > 0.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  // Uniform in [0, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

// Identifiers in AWS's forms.
std::string random_hex(Rng& rng, int digits);
std::string random_digits(Rng& rng, int digits);           // no leading zero
std::string random_alphanumeric(Rng& rng, int characters);  // 0-9A-Z
std::string random_uuid(Rng& rng);

}  // namespace berth
