// AWS::ECR::Repository. Ref: the name; GetAtt Arn, RepositoryUri.
#include "base/text.h"
#include "cloudformation/types/retagging.h"
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/ecr.h"
#include "services/ecr/repository.h"

namespace berth::cfn {
namespace {

constexpr std::size_t repository_name_characters_max = 256;

json::value member_of(const json::object& properties, std::string_view property, std::string_view member) {
  const auto* object = properties.if_contains(property);
  const auto* found = object ? find(*object, member) : nullptr;
  return found ? *found : json::value(nullptr);
}

// The template's names for what the API calls filterType and filter.
std::vector<ecr::ImageTagMutabilityExclusionFilter> exclusions_of(const json::object& properties) {
  std::vector<ecr::ImageTagMutabilityExclusionFilter> filters;
  const auto* list = properties.if_contains("ImageTagMutabilityExclusionFilters");
  if (!list || !list->is_array()) return filters;
  for (const auto& entry : list->get_array()) {
    filters.push_back({string_or(entry, "ImageTagMutabilityExclusionFilterType"),
                       string_or(entry, "ImageTagMutabilityExclusionFilterValue")});
  }
  return filters;
}

bool is_true(const json::value& value) {
  return value.is_bool() ? value.get_bool() : value.is_string() && value.get_string() == "true";
}

class Repository final : public TableType {
 public:
  Repository()
      : TableType("AWS::ECR::Repository", {{"RepositoryName", false, replaces, as_text},
                                           {"EncryptionConfiguration", false, replaces, as_object},
                                           {"EmptyOnDelete", false, in_place, as_boolean},
                                           {"ImageScanningConfiguration", false, in_place, as_object},
                                           {"ImageTagMutability", false, in_place, as_text},
                                           {"ImageTagMutabilityExclusionFilters", false, in_place, as_list},
                                           {"LifecyclePolicy", false, in_place, as_object},
                                           {"RepositoryPolicyText", false, in_place, as_document},
                                           {"Tags", false, in_place, as_list}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request = request_of<ecr::CreateRepositoryRequest>(
        renamed(resource.properties, {{"Tags", ""},
                                      {"EmptyOnDelete", ""},
                                      {"ImageTagMutabilityExclusionFilters", ""},
                                      {"LifecyclePolicy", ""},
                                      {"RepositoryPolicyText", ""}}));
    if (!request) return request.error();
    if (!request->repository_name) {
      request->repository_name = lower(context.generated_name(resource, repository_name_characters_max));
    }
    if (auto filters = exclusions_of(resource.properties); !filters.empty()) {
      request->image_tag_mutability_exclusion_filters = std::move(filters);
    }
    if (const auto tags = tags_of(context, resource.properties); !tags.empty()) {
      request->tags = tag_structs<ecr::Tag>(tags);
    }
    if (auto created = ecr::create_repository(context.context, *request); !created) return created.error();
    const std::string& name = *request->repository_name;
    if (auto put = put_policies(context, name, {}, resource.properties); !put) return put.error();
    return Created{name};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    const std::string& name = resource.physical_id;
    ecr::PutImageTagMutabilityRequest mutability{name, text_property(properties, "ImageTagMutability")};
    if (mutability.image_tag_mutability->empty()) mutability.image_tag_mutability = "MUTABLE";
    mutability.image_tag_mutability_exclusion_filters = exclusions_of(properties);
    if (auto put = ecr::put_image_tag_mutability(context.context, mutability); !put) return put.error();
    ecr::PutImageScanningConfigurationRequest scanning{name};
    scanning.image_scanning_configuration.emplace().scan_on_push =
        is_true(member_of(properties, "ImageScanningConfiguration", "ScanOnPush"));
    if (auto put = ecr::put_image_scanning_configuration(context.context, scanning); !put) return put.error();
    if (auto put = put_policies(context, name, resource.properties, properties); !put) return put;
    const auto arn = ecr::repository_arn(context.context.settings, name);
    return retag_repository(context, arn, tag_change(context, resource, properties));
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    ecr::DeleteRepositoryRequest request;
    request.repository_name = resource.physical_id;
    const auto* empty = resource.properties.if_contains("EmptyOnDelete");
    request.force = empty != nullptr && is_true(*empty);
    return ignoring(ecr::delete_repository(context.context, request), {"RepositoryNotFoundException"});
  }

  std::optional<json::value> attribute(TypeContext& context, const ResourceView& resource,
                                       std::string_view name) const override {
    const auto& settings = context.context.settings;
    if (name == "Arn") return json::string(ecr::repository_arn(settings, resource.physical_id));
    if (name == "RepositoryUri") return json::string(ecr::repository_uri(settings, resource.physical_id));
    return std::nullopt;
  }

 private:
  static Result<> put_policies(TypeContext& context, const std::string& name, const json::object& before,
                               const json::object& after) {
    if (has_property(after, "RepositoryPolicyText")) {
      ecr::SetRepositoryPolicyRequest set;
      set.repository_name = name;
      set.policy_text = text_property(after, "RepositoryPolicyText");
      if (auto done_so = ecr::set_repository_policy(context.context, set); !done_so) return done_so.error();
    } else if (has_property(before, "RepositoryPolicyText")) {
      auto deleted = ecr::delete_repository_policy(context.context, {name});
      if (auto gone = ignoring(deleted, {"RepositoryPolicyNotFoundException"}); !gone) return gone;
    }
    const json::value lifecycle = member_of(after, "LifecyclePolicy", "LifecyclePolicyText");
    const json::value former = member_of(before, "LifecyclePolicy", "LifecyclePolicyText");
    if (lifecycle == former) return {};
    if (!lifecycle.is_string()) {
      return ignoring(ecr::delete_lifecycle_policy(context.context, {name}),
                      {"LifecyclePolicyNotFoundException"});
    }
    ecr::PutLifecyclePolicyRequest put;
    put.repository_name = name;
    put.lifecycle_policy_text = lifecycle.get_string();
    return done(ecr::put_lifecycle_policy(context.context, put));
  }
};

}  // namespace

types::Made types::ecr_repository() {
  return std::make_unique<Repository>();
}

}  // namespace berth::cfn
