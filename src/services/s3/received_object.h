// What the gateway has received as an object's bytes when a handler is asked to keep them.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace berth::s3 {

struct ReceivedObject {
  std::string blob;
  std::int64_t size_bytes = 0;
  std::string md5;                               // its bytes
  std::map<std::string, std::string> checksums;  // "CRC32" -> base64, those that the request named
};

}  // namespace berth::s3
