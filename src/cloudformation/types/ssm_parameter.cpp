// AWS::SSM::Parameter. Ref: the name; GetAtt Type, Value.
#include "cloudformation/types/retagging.h"
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/ssm.h"
#include "services/ssm/rows.h"

namespace berth::cfn {
namespace {

class SsmParameter final : public TableType {
 public:
  SsmParameter()
      : TableType("AWS::SSM::Parameter", {{"Name", false, replaces, as_text},
                                          {"Type", true, in_place, as_text},
                                          {"Value", true, in_place, as_text},
                                          {"Description", false, in_place, as_text},
                                          {"AllowedPattern", false, in_place, as_text},
                                          {"Tier", false, in_place, as_text},
                                          {"Policies", false, in_place, as_text},
                                          {"DataType", false, in_place, as_text},
                                          {"Tags", false, in_place, as_list}}) {}

  Result<> check(const json::object& properties) const override {
    if (auto table = TableType::check(properties); !table) return table;
    if (text_property(properties, "Type") != "SecureString") return {};
    // AWS: CloudFormation does not make SecureString parameters, whose value would stand in the template.
    return Error{"ValidationError", "#/Type: #: only 1 subschema matches out of 2"};
  }

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request = request_of<ssm::PutParameterRequest>(renamed(resource.properties, {{"Tags", ""}}));
    if (!request) return request.error();
    if (!request->name) request->name = context.generated_name(resource);
    if (const auto tags = tags_of(context, resource.properties); !tags.empty()) {
      request->tags = tag_structs<ssm::Tag>(tags);
    }
    if (auto put = ssm::put_parameter(context.context, *request); !put) return put.error();
    return Created{*request->name};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    auto request = request_of<ssm::PutParameterRequest>(renamed(properties, {{"Tags", ""}}));
    if (!request) return request.error();
    request->name = resource.physical_id;
    request->overwrite = true;
    if (auto put = ssm::put_parameter(context.context, *request); !put) return put.error();
    return retag_parameter(context, resource.physical_id, tag_change(context, resource, properties));
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    ssm::DeleteParameterRequest request;
    request.name = resource.physical_id;
    return ignoring(ssm::delete_parameter(context.context, request), {"ParameterNotFound"});
  }

  std::optional<json::value> attribute(TypeContext& context, const ResourceView& resource,
                                       std::string_view name) const override {
    const auto* row = context.context.store.find<ssm::ParameterRow>(resource.physical_id);
    if (!row) return std::nullopt;
    if (name == "Value") return json::string(row->latest().value);
    if (name == "Type") return json::string(row->latest().type);
    return std::nullopt;
  }
};

}  // namespace

types::Made types::ssm_parameter() {
  return std::make_unique<SsmParameter>();
}

}  // namespace berth::cfn
