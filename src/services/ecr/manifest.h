// What a manifest says: the blobs an image consists of, or the images a list names. Reading only; whether
// they are there is the registry's matter.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth::ecr {

struct Manifest {
  struct Blob {
    std::string digest;
    std::int64_t size_bytes = 0;
  };

  std::string digest;  // of the text itself
  std::string media_type;
  std::string artifact_type;          // media type of the configuration; empty for a list
  std::vector<Blob> blobs;            // configuration and layers
  std::vector<std::string> children;  // digests of the images of a list

  std::int64_t size_bytes() const;  // of all blobs
};

// `media_type` as the client names it; without one the text's own is taken. The error is the registry's:
// MANIFEST_INVALID.
Result<Manifest> read_manifest(std::string_view text, std::string_view media_type);

std::string digest_of(std::string_view text);  // "sha256:..."
bool is_digest(std::string_view text);
bool is_tag(std::string_view text);
bool is_list_type(std::string_view media_type);

}  // namespace berth::ecr
