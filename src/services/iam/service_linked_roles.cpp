// IAM: the roles that AWS's services make for themselves.
#include "services/iam/service_linked_roles.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "handlers/iam.h"
#include "loop/rng.h"
#include "services/autoscaling/rows.h"
#include "services/ecs/rows.h"
#include "services/elbv2/rows.h"
#include "services/iam/documents.h"
#include "services/iam/roles.h"

namespace berth::iam {
namespace {

constexpr std::string_view linked_path = "/aws-service-role/";

// AWS refuses while the service still has resources that need the role.
bool is_in_use(const Store& store, const std::string& role) {
  if (role == "AWSServiceRoleForElasticLoadBalancing") return !store.all<elbv2::LoadBalancerRow>().empty();
  if (role == "AWSServiceRoleForECS") {
    const auto& clusters = store.all<ecs::ClusterRow>();
    return std::any_of(clusters.begin(), clusters.end(),
                       [](const auto& entry) { return entry.second.status == "ACTIVE"; });
  }
  return !store.all<autoscaling::ScalableTargetRow>().empty();
}

const std::map<std::string, std::string>& role_names() {
  static const std::map<std::string, std::string> names = {
      {"ecs.amazonaws.com", "AWSServiceRoleForECS"},
      {"elasticloadbalancing.amazonaws.com", "AWSServiceRoleForElasticLoadBalancing"},
      {"ecs.application-autoscaling.amazonaws.com", "AWSServiceRoleForApplicationAutoScaling_ECSService"},
  };
  return names;
}

}  // namespace

Result<std::string> service_linked_role(Context& context, const std::string& service) {
  if (const auto* role = context.store.find<RoleRow>(role_names().at(service))) return role->arn;
  const auto created = create_service_linked_role(context, {.aws_service_name = service});
  if (!created) return created.error();
  return created->role->arn.value_or("");
}

Result<CreateServiceLinkedRoleResponse> create_service_linked_role(
    Context& context, const CreateServiceLinkedRoleRequest& input) {
  const std::string service = input.aws_service_name.value_or("");
  const auto name = role_names().find(service);
  if (name == role_names().end()) {
    return Error{"InvalidInputException",
                 fmt::format("Service {} is not known to berth; service-linked roles "
                             "exist for ECS, Elastic Load Balancing and Application Auto "
                             "Scaling.",
                             service)};
  }
  if (context.store.find<RoleRow>(name->second)) {
    return Error{"InvalidInputException",
                 fmt::format("Service role name {} has been taken in this account, please "
                             "try a different suffix.",
                             name->second)};
  }
  RoleRow row = new_role(context, name->second, fmt::format("/aws-service-role/{}/", service));
  row.assume_role_policy = fmt::format(
      R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{}"}},"Action":"sts:AssumeRole"}}]}})",
      service);
  CreateServiceLinkedRoleResponse response;
  response.role = describe(row);
  context.store.put(std::move(row));
  return response;
}

// The answer to GetServiceLinkedRoleDeletionStatus is told by the task's name alone: the deletion is done or
// refused here.
Result<DeleteServiceLinkedRoleResponse> delete_service_linked_role(
    Context& context, const DeleteServiceLinkedRoleRequest& input) {
  const std::string name = input.role_name.value_or("");
  const auto* row = context.store.find<RoleRow>(name);
  if (!row || !row->path.starts_with(linked_path)) return no_such_role(name);
  const bool refused = is_in_use(context.store, name);
  const std::string task = fmt::format("task{}{}/{}", row->path, name, random_uuid(context.ids()));
  if (!refused) context.store.erase<RoleRow>(name);
  return DeleteServiceLinkedRoleResponse{task};
}

Result<GetServiceLinkedRoleDeletionStatusResponse> get_service_linked_role_deletion_status(
    Context& context, const GetServiceLinkedRoleDeletionStatusRequest& input) {
  const auto parts = split(input.deletion_task_id.value_or(""), '/');
  // task/aws-service-role/<service>/<role>/<uuid>
  if (parts.size() != 5 || parts[0] != "task") {
    return Error{"NoSuchEntityException",
                 fmt::format("Deletion task id {} not found.", input.deletion_task_id.value_or(""))};
  }
  const bool gone = !context.store.find<RoleRow>(parts[3]);
  GetServiceLinkedRoleDeletionStatusResponse response;
  response.status = gone ? "SUCCEEDED" : "FAILED";
  if (!gone) {
    response.reason = DeletionTaskFailureReasonType{};
    response.reason->reason = "The role cannot be deleted while resources of its service need it.";
  }
  return response;
}

}  // namespace berth::iam
