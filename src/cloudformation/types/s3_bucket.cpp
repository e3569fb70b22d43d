// AWS::S3::Bucket. Ref: the name; GetAtt Arn, DomainName, RegionalDomainName, DualStackDomainName,
// WebsiteURL.
#include <fmt/format.h>

#include "base/text.h"
#include "cloudformation/types/retagging.h"
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/s3.h"
#include "services/s3/rows.h"

namespace berth::cfn {
namespace {

constexpr std::size_t bucket_name_characters_max = 63;

// The shape of the API that the property states; nullopt: the template does not have it.
template <class Shape>
Result<std::optional<Shape>> shape_in(const json::object& properties, std::string_view name) {
  const auto* value = properties.if_contains(name);
  if (!value) return std::optional<Shape>();
  auto shape = model::from_properties<Shape>(*value);
  if (!shape) return shape.error();
  return std::optional<Shape>(std::move(*shape));
}

// The template writes ServerSideEncryptionByDefault for the API's ApplyServerSideEncryptionByDefault.
json::object encryption_in_api_names(const json::value& encryption) {
  json::array rules;
  const auto* written = find(encryption, "ServerSideEncryptionConfiguration");
  if (written && written->is_array()) {
    for (const auto& rule : written->get_array()) {
      if (!rule.is_object()) continue;
      rules.push_back(renamed(rule.get_object(),
                              {{"ServerSideEncryptionByDefault", "ApplyServerSideEncryptionByDefault"}}));
    }
  }
  return {{"Rules", std::move(rules)}};
}

class Bucket final : public TableType {
 public:
  Bucket()
      : TableType("AWS::S3::Bucket", {{"BucketName", false, replaces, as_text},
                                      {"AccessControl", false, in_place, as_text},
                                      {"BucketEncryption", false, in_place, as_object},
                                      {"OwnershipControls", false, in_place, as_object},
                                      {"PublicAccessBlockConfiguration", false, in_place, as_object},
                                      {"Tags", false, in_place, as_list},
                                      {"VersioningConfiguration", false, in_place, as_object}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    std::string name = text_property(resource.properties, "BucketName");
    if (name.empty()) name = lower(context.generated_name(resource, bucket_name_characters_max));
    if (context.context.store.find<s3::BucketRow>(name)) return already_exists(this->name(), name);
    s3::CreateBucketRequest request;
    request.bucket = name;
    const std::string& region = context.context.settings.region;
    if (region != "us-east-1") request.create_bucket_configuration.emplace().location_constraint = region;
    if (auto created = s3::create_bucket(context.context, request); !created) return created.error();
    if (auto set = put_settings(context, name, resource.properties); !set) return set.error();
    return Created{name};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    return put_settings(context, resource.physical_id, properties);
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    return ignoring(s3::delete_bucket(context.context, {resource.physical_id}), {"NoSuchBucket"});
  }

  std::optional<json::value> attribute(TypeContext& context, const ResourceView& resource,
                                       std::string_view attribute) const override {
    const std::string& name = resource.physical_id;
    const std::string& region = context.context.settings.region;
    const auto text = [](const std::string& value) { return json::value(json::string(value)); };
    if (attribute == "Arn") return text(s3::bucket_arn(name));
    if (attribute == "DomainName") return text(name + ".s3.amazonaws.com");
    if (attribute == "RegionalDomainName") return text(fmt::format("{}.s3.{}.amazonaws.com", name, region));
    if (attribute == "DualStackDomainName") {
      return text(fmt::format("{}.s3.dualstack.{}.amazonaws.com", name, region));
    }
    if (attribute == "WebsiteURL") {
      return text(fmt::format("http://{}.s3-website-{}.amazonaws.com", name, region));
    }
    return std::nullopt;
  }

 private:
  static Result<> put_settings(TypeContext& context, const std::string& name,
                               const json::object& properties) {
    const std::string access = text_property(properties, "AccessControl");
    if (!access.empty() && access != "Private") {
      return Error{"AccessControlListNotSupported", "The bucket does not allow ACLs"};
    }
    if (auto put = put_encryption(context, name, properties); !put) return put;
    if (auto put = put_access(context, name, properties); !put) return put;
    if (auto put = put_versioning(context, name, properties); !put) return put;
    // All of the bucket's tags are the template's and the stack's.
    auto* row = context.context.store.edit<s3::BucketRow>(name);
    row->tags = tag_structs<s3::Tag>(tags_of(context, properties));
    return {};
  }

  static Result<> put_encryption(TypeContext& context, const std::string& name,
                                 const json::object& properties) {
    const auto* encryption = properties.if_contains("BucketEncryption");
    if (!encryption) {
      return done(s3::delete_bucket_encryption(context.context, s3::DeleteBucketEncryptionRequest{name}));
    }
    auto shape =
        model::from_properties<s3::ServerSideEncryptionConfiguration>(encryption_in_api_names(*encryption));
    if (!shape) return shape.error();
    s3::PutBucketEncryptionRequest request;
    request.bucket = name;
    request.server_side_encryption_configuration = std::move(*shape);
    return done(s3::put_bucket_encryption(context.context, request));
  }

  static Result<> put_access(TypeContext& context, const std::string& name, const json::object& properties) {
    auto access = shape_in<s3::PublicAccessBlockConfiguration>(properties, "PublicAccessBlockConfiguration");
    if (!access) return access.error();
    auto ownership = shape_in<s3::OwnershipControls>(properties, "OwnershipControls");
    if (!ownership) return ownership.error();
    auto* row = context.context.store.edit<s3::BucketRow>(name);
    row->public_access_block.reset();
    row->ownership_controls.reset();
    if (*access) {
      s3::PutPublicAccessBlockRequest request;
      request.bucket = name;
      request.public_access_block_configuration = std::move(**access);
      if (auto put = s3::put_public_access_block(context.context, request); !put) return put.error();
    }
    if (!*ownership) return {};
    s3::PutBucketOwnershipControlsRequest request;
    request.bucket = name;
    request.ownership_controls = std::move(**ownership);
    return done(s3::put_bucket_ownership_controls(context.context, request));
  }

  // Versioning that was on cannot be taken back, only suspended.
  static Result<> put_versioning(TypeContext& context, const std::string& name,
                                 const json::object& properties) {
    auto versioning = shape_in<s3::VersioningConfiguration>(properties, "VersioningConfiguration");
    if (!versioning) return versioning.error();
    const auto* row = context.context.store.find<s3::BucketRow>(name);
    if (!*versioning && row->versioning.empty()) return {};
    s3::PutBucketVersioningRequest request;
    request.bucket = name;
    auto& wanted = request.versioning_configuration.emplace();
    wanted.status = *versioning ? (*versioning)->status : std::optional<std::string>("Suspended");
    return done(s3::put_bucket_versioning(context.context, request));
  }
};

class BucketPolicy final : public TableType {
 public:
  BucketPolicy()
      : TableType("AWS::S3::BucketPolicy",
                  {{"Bucket", true, replaces, as_text}, {"PolicyDocument", true, in_place, as_document}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    const std::string bucket = text_property(resource.properties, "Bucket");
    const auto* row = context.context.store.find<s3::BucketRow>(bucket);
    if (row && !row->policy.empty()) {
      return Error{"AlreadyExists", fmt::format("The bucket policy already exists on bucket {}.", bucket)};
    }
    if (auto put = put_policy(context, bucket, resource.properties); !put) return put.error();
    return Created{bucket};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    return put_policy(context, resource.physical_id, properties);
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    s3::DeleteBucketPolicyRequest request;
    request.bucket = resource.physical_id;
    return ignoring(s3::delete_bucket_policy(context.context, request), {"NoSuchBucket"});
  }

 private:
  static Result<> put_policy(TypeContext& context, const std::string& bucket,
                             const json::object& properties) {
    s3::PutBucketPolicyRequest request;
    request.bucket = bucket;
    request.policy = text_property(properties, "PolicyDocument");
    return done(s3::put_bucket_policy(context.context, request));
  }
};

}  // namespace

types::Made types::s3_bucket() {
  return std::make_unique<Bucket>();
}

types::Made types::s3_bucket_policy() {
  return std::make_unique<BucketPolicy>();
}

}  // namespace berth::cfn
