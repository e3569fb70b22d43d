// What ECR's operations and the registry's own API have in common: which repository is meant, and the rules
// by which an image gets a tag or loses it. Everything but the finders needs a transaction.
#pragma once

#include <optional>
#include <string>

#include "services/ecr/manifest.h"
#include "services/ecr/rows.h"

namespace berth::ecr {

// ECR: 2 to 256 characters, lower case words joined by `.`, `_`, `-` or `/`.
Result<> check_repository_name(const std::string& name);

// The repository that a request names; `registry` is the account that it names, if any.
Result<const RepositoryRow*> find_repository(const Context& context, const std::optional<std::string>& name,
                                             const std::optional<std::string>& registry);
Result<RepositoryRow*> edit_repository(Context& context, const std::optional<std::string>& name,
                                       const std::optional<std::string>& registry);

// What every answer about a repository's documents begins with.
template <class Response>
Response answer_for(const Context& context, const RepositoryRow& row) {
  Response response;
  response.registry_id = context.settings.account;
  response.repository_name = row.name;
  return response;
}

std::string repository_arn(const Settings& settings, std::string_view name);
std::string repository_uri(const Settings& settings, std::string_view name);

// Whether the tag, once given, stays where it is.
bool is_immutable(const RepositoryRow& repository, std::string_view tag);
// Whether the tag may come to mean the image with the digest: ImageTagAlreadyExistsException.
Result<> check_tag_move(const Store& store, const RepositoryRow& repository, std::string_view tag,
                        std::string_view digest);

// Puts the image, if it is new, and gives it the tag, if there is one, taking that from whichever had it.
void store_image(Store& store, const RepositoryRow& repository, const Manifest& manifest,
                 std::string_view text, std::string_view tag, bool in_registry, Time now);

// The digests of the lists that name the image.
std::vector<std::string> lists_of(const Store& store, const ImageRow& image);

}  // namespace berth::ecr
