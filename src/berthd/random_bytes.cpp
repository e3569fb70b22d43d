#include "berthd/random_bytes.h"

#include <openssl/rand.h>

#include "base/check.h"

namespace berth {

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  BERTH_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1);
  return bytes;
}

}  // namespace berth
