// What berth keeps of the Elastic Container Registry: repositories, and images with their manifests and tags.
// Layers are too large for rows and lie in the registry's storage; what is listed, pulled and retagged is
// what stands here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/ecr.h"
#include "services/context.h"
#include "store/store.h"

namespace berth::ecr {

struct RepositoryRow {
  static constexpr const char* table = "ecr.repositories";
  std::string name;
  Time created_at{};
  std::string tag_mutability = "MUTABLE";
  std::vector<ImageTagMutabilityExclusionFilter> mutability_exclusions;
  bool scan_on_push = false;
  std::string encryption_type = "AES256";
  std::string kms_key;
  std::vector<Tag> tags;
  std::optional<std::string> policy;
  std::optional<std::string> lifecycle_policy;
  std::optional<Time> lifecycle_evaluated_at;

  std::string key() const { return name; }
};
BOOST_DESCRIBE_STRUCT(RepositoryRow, (),
                      (name, created_at, tag_mutability, mutability_exclusions, scan_on_push, encryption_type,
                       kms_key, tags, policy, lifecycle_policy, lifecycle_evaluated_at))

struct ImageRow {
  static constexpr const char* table = "ecr.images";
  std::string repository;
  std::string digest;  // "sha256:..." of the manifest
  std::string media_type;
  std::string artifact_type;  // media type of the configuration
  std::string manifest;       // as pushed, byte for byte
  std::int64_t size_bytes = 0;
  Time pushed_at{};
  std::optional<Time> pulled_at;
  std::vector<std::string> tags;
  bool in_registry = false;  // its manifest holds its layers in the registry's storage

  static std::string key_of(std::string_view repository, std::string_view digest);
  std::string key() const { return key_of(repository, digest); }
  const std::string& belongs_to() const { return repository; }
};
BOOST_DESCRIBE_STRUCT(ImageRow, (),
                      (repository, digest, media_type, artifact_type, manifest, size_bytes, pushed_at,
                       pulled_at, tags, in_registry))

struct LifecyclePreviewRow {
  static constexpr const char* table = "ecr.lifecycle_previews";
  std::string repository;
  std::string policy;
  std::vector<LifecyclePolicyPreviewResult> expired;

  std::string key() const { return repository; }
};
BOOST_DESCRIBE_STRUCT(LifecyclePreviewRow, (), (repository, policy, expired))

// There is one as soon as somebody may want to talk to the registry: a password was given out.
struct RegistryUseRow {
  static constexpr const char* table = "ecr.registry_use";
  Time first_password_at{};

  std::string key() const { return "registry"; }
};
BOOST_DESCRIBE_STRUCT(RegistryUseRow, (), (first_password_at))

void add_tables(Store& store);

// "123456789012.dkr.ecr.us-east-1.amazonaws.com", AWS's name of this account's registry.
std::string registry_host(const Settings& settings);

struct RepositoryImage {
  std::string repository;
  std::string reference;  // a tag, or "sha256:..."
};
// What an image name means in this account's registry, by AWS's name of it; nullopt: it is another
// registry's.
std::optional<RepositoryImage> parse_image_name(const Settings& settings, std::string_view image);

// By tag or digest; null when the repository has no such image.
const ImageRow* find_image(const Store& store, std::string_view repository, std::string_view reference);
const ImageRow* find_tagged(const Store& store, std::string_view repository, std::string_view tag);

}  // namespace berth::ecr
