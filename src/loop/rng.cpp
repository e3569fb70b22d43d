#include "loop/rng.h"

namespace berth {
namespace {

std::string pick(Rng& rng, int count, std::string_view alphabet) {
  std::string out;
  out.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) out.push_back(alphabet[rng.below(alphabet.size())]);
  return out;
}

}  // namespace

std::string random_hex(Rng& rng, int digits) { return pick(rng, digits, "0123456789abcdef"); }

std::string random_digits(Rng& rng, int digits) {
  return pick(rng, 1, "123456789") + pick(rng, digits - 1, "0123456789");
}

std::string random_alphanumeric(Rng& rng, int characters) {
  return pick(rng, characters, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

std::string random_uuid(Rng& rng) {
  std::string id = random_hex(rng, 32);
  id[12] = '4';
  id[16] = "89ab"[rng.below(4)];
  for (const std::size_t at : {8u, 13u, 18u, 23u}) id.insert(at, 1, '-');
  return id;
}

}  // namespace berth
