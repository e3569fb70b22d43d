// AWS::CodeBuild::Project. Ref: the name; GetAtt Arn.
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/codebuild.h"
#include "services/codebuild/replace_project.h"
#include "services/codebuild/rows.h"

namespace berth::cfn {
namespace {

// What CloudFormation writes otherwise inside the source: BuildSpec is the API's buildspec.
json::object as_request(const json::object& properties) {
  json::object out = renamed(properties, {{"Tags", ""}});
  if (auto* source = out.if_contains("Source"); source != nullptr && source->is_object()) {
    *source = renamed(source->get_object(), {{"BuildSpec", "Buildspec"}});
  }
  return out;
}

class Project final : public TableType {
 public:
  Project()
      : TableType("AWS::CodeBuild::Project", {{"Artifacts", true, in_place, as_object},
                                              {"Environment", true, in_place, as_object},
                                              {"ServiceRole", true, in_place, as_text},
                                              {"Source", true, in_place, as_object},
                                              {"Name", false, replaces, as_text},
                                              {"BadgeEnabled", false, in_place, as_boolean},
                                              {"BuildBatchConfig", false, in_place, as_object},
                                              {"Cache", false, in_place, as_object},
                                              {"ConcurrentBuildLimit", false, in_place, as_integer},
                                              {"Description", false, in_place, as_text},
                                              {"EncryptionKey", false, in_place, as_text},
                                              {"FileSystemLocations", false, in_place, as_list},
                                              {"LogsConfig", false, in_place, as_object},
                                              {"QueuedTimeoutInMinutes", false, in_place, as_integer},
                                              {"SecondaryArtifacts", false, in_place, as_list},
                                              {"SecondarySources", false, in_place, as_list},
                                              {"SecondarySourceVersions", false, in_place, as_list},
                                              {"SourceVersion", false, in_place, as_text},
                                              {"Tags", false, in_place, as_list},
                                              {"TimeoutInMinutes", false, in_place, as_integer},
                                              {"AutoRetryLimit", false, in_place, as_integer},
                                              {"VpcConfig", false, in_place, as_object}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request = request_of<codebuild::CreateProjectInput>(as_request(resource.properties));
    if (!request) return request.error();
    if (!request->name) request->name = context.generated_name(resource);
    request->tags = tag_structs<codebuild::Tag>(tags_of(context, resource.properties));
    if (auto created = codebuild::create_project(context.context, *request); !created) return created.error();
    return Created{*request->name};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    auto request = request_of<codebuild::CreateProjectInput>(as_request(properties));
    if (!request) return request.error();
    // A template states the whole project: what it leaves out is not kept.
    request->name = resource.physical_id;
    request->tags = tag_structs<codebuild::Tag>(tags_of(context, properties));
    return codebuild::replace_project(context.context, *request);
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    codebuild::DeleteProjectInput request;
    request.name = resource.physical_id;
    return done(codebuild::delete_project(context.context, request));
  }

  std::optional<json::value> attribute(TypeContext& context, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name != "Arn") return std::nullopt;
    return json::string(codebuild::project_arn(context.context.settings, resource.physical_id));
  }
};

}  // namespace

types::Made types::codebuild_project() {
  return std::make_unique<Project>();
}

}  // namespace berth::cfn
