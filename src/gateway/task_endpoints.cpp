#include "gateway/task_endpoints.h"

#include <fmt/format.h>

#include "base/arn.h"
#include "base/digest.h"
#include "base/text.h"
#include "gateway/role_credentials.h"
#include "gateway/signature.h"
#include "services/ec2/networking.h"
#include "services/iam/rows.h"

namespace berth::gateway {
namespace {

std::string without_port(const std::string& address) {
  const auto colon = address.rfind(':');
  return colon == std::string::npos || address.find(':') != colon ? address : address.substr(0, colon);
}

void add_time(json::object& to, const char* name, const std::optional<Time>& time) {
  if (time) to[name] = iso_ms(*time);
}

json::object container_metadata(const Settings& settings, const Store& store, const ecs::TaskRow& task,
                                const ecs::ContainerRow& container) {
  const std::string family_and_revision(last_part(task.task_definition));
  const auto colon = family_and_revision.rfind(':');
  json::object labels{{"com.amazonaws.ecs.cluster", settings.arn("ecs", "cluster/" + task.cluster)},
                      {"com.amazonaws.ecs.container-name", container.name},
                      {"com.amazonaws.ecs.task-arn", task.arn},
                      {"com.amazonaws.ecs.task-definition-family", family_and_revision.substr(0, colon)},
                      {"com.amazonaws.ecs.task-definition-version", family_and_revision.substr(colon + 1)}};
  json::object network{{"NetworkMode", "awsvpc"},
                       {"IPv4Addresses", json::array{json::string(task.address)}},
                       {"AttachmentIndex", 0},
                       {"MACAddress", task.mac_address}};
  if (const auto subnet = ec2::find_subnet(store, task.subnet_id))
    network["IPv4SubnetCIDRBlock"] = subnet->cidr;
  json::object out{{"DockerId", container.runtime_id},
                   {"Name", container.name},
                   {"DockerName", container.name},
                   {"Image", container.image},
                   {"ImageID", container.image_digest},
                   {"Labels", std::move(labels)},
                   {"DesiredStatus", task.desired_status},
                   {"KnownStatus", container.last_status},
                   {"Limits", json::object{{"CPU", 0}}},
                   {"Type", "NORMAL"},
                   {"ContainerARN", settings.arn("ecs", fmt::format("container/{}/{}/{}", task.cluster,
                                                                    task.id, container.name))},
                   {"Networks", json::array{std::move(network)}}};
  if (!container.log_group.empty()) {
    out["LogDriver"] = "awslogs";
    out["LogOptions"] = json::object{{"awslogs-group", container.log_group},
                                     {"awslogs-region", settings.region},
                                     {"awslogs-stream", container.log_stream}};
  }
  if (container.exit_code) out["ExitCode"] = *container.exit_code;
  add_time(out, "CreatedAt", task.pull_stopped_at);
  add_time(out, "StartedAt", task.started_at);
  return out;
}

json::object task_metadata(const Settings& settings, const Store& store, const ecs::TaskRow& task) {
  const std::string family_and_revision(last_part(task.task_definition));
  const auto colon = family_and_revision.rfind(':');
  json::array containers;
  for (const auto& container : task.containers) {
    containers.push_back(container_metadata(settings, store, task, container));
  }
  json::object out{{"Cluster", settings.arn("ecs", "cluster/" + task.cluster)},
                   {"TaskARN", task.arn},
                   {"Family", family_and_revision.substr(0, colon)},
                   {"Revision", family_and_revision.substr(colon + 1)},
                   {"DesiredStatus", task.desired_status},
                   {"KnownStatus", task.last_status},
                   {"Limits", json::object{{"CPU", task.cpu_vcpu}, {"Memory", task.memory_mib}}},
                   {"AvailabilityZone", task.availability_zone},
                   {"LaunchType", task.launch_type},
                   {"VPCID", task.vpc_id},
                   {"Containers", std::move(containers)}};
  if (!task.service.empty()) out["ServiceName"] = task.service;
  add_time(out, "PullStartedAt", task.pull_started_at);
  add_time(out, "PullStoppedAt", task.pull_stopped_at);
  add_time(out, "ExecutionStoppedAt", task.execution_stopped_at);
  return out;
}

json::object with_tags(json::object metadata, const ecs::TaskRow& task) {
  json::object tags;
  for (const auto& tag : task.tags) tags[tag.key.value_or("")] = tag.value.value_or("");
  metadata["TaskTags"] = std::move(tags);
  return metadata;
}

}  // namespace

void TaskEndpoints::handle(const std::string& vpc_id, wire::Request request,
                           const std::string& remote_address, net::Respond respond) {
  const std::string path(request.path());
  const auto* task = find_task(vpc_id, without_port(remote_address));
  if (request.method == "GET" && path.starts_with(credentials_path)) {
    return respond(credentials(task, std::string_view(path).substr(credentials_path.size())));
  }
  for (const std::string_view version : {"/v4/", "/v3/"}) {
    if (request.method == "GET" && path.starts_with(version)) {
      return respond(metadata(task, std::string_view(path).substr(version.size())));
    }
  }
  respond(credentials_refusal(404, "NotFound",
                              "Only credentials and metadata are here; AWS's API is at AWS_ENDPOINT_URL"));
}

void TaskEndpoints::handle_call(const std::string& vpc_id, wire::Request request,
                                const std::string& remote_address, net::Respond respond) {
  const auto* task = find_task(vpc_id, without_port(remote_address));
  const auto subnet = task ? ec2::find_subnet(store_, task->subnet_id) : std::nullopt;
  const auto scope = read_scope(request);
  const std::string service = scope ? scope->service : "";
  // ECR's other endpoint is that of the registry.
  const std::string endpoint = service == "ecr" ? "ecr.api" : service;
  if (!subnet || !ec2::reaches_service(store_, *subnet, !task->public_address.empty(), endpoint)) {
    return respond(credentials_refusal(
        504, "GatewayTimeout",
        fmt::format("No route from {} to {}: {} has no endpoint for it and the subnet no way "
                    "to the internet",
                    task ? task->subnet_id : "here", service, vpc_id)));
  }
  api_.handle(std::move(request), remote_address, std::move(respond));
}

const ecs::TaskRow* TaskEndpoints::find_task(const std::string& vpc_id, const std::string& address) const {
  for (const auto& [id, task] : store_.all<ecs::TaskRow>()) {
    if (task.vpc_id == vpc_id && task.address == address && task.last_status != "STOPPED") return &task;
  }
  return nullptr;
}

wire::Response TaskEndpoints::credentials(const ecs::TaskRow* task, std::string_view id) {
  if (!task || task->credentials_id.empty() || !equal_in_constant_time(task->credentials_id, id)) {
    return credentials_refusal(400, "InvalidIdInRequest", "CredentialsV2Request: Credentials not found");
  }
  const auto* role = iam::find_role(store_, task->role_arn);
  if (!role) {
    return credentials_refusal(400, "NoAssociatedRole",
                               "The role of the task does not exist: " + task->role_arn);
  }
  return role_credentials(store_, loop_, *role, task->id);
}

// <container id>, <container id>/task, <container id>/taskWithTags
wire::Response TaskEndpoints::metadata(const ecs::TaskRow* task, std::string_view path) const {
  const auto slash = path.find('/');
  const std::string_view id = path.substr(0, slash);
  const std::string_view what = slash == std::string_view::npos ? "" : path.substr(slash + 1);
  if (!task)
    return credentials_refusal(404, "NotFound", "V4 container metadata handler: unable to find the task");
  if (what == "task") return json_response(200, task_metadata(settings_, store_, *task));
  if (what == "taskWithTags")
    return json_response(200, with_tags(task_metadata(settings_, store_, *task), *task));
  for (const auto& container : task->containers) {
    if (what.empty() && container.id == id) {
      return json_response(200, container_metadata(settings_, store_, *task, container));
    }
  }
  return credentials_refusal(404, "NotFound",
                             fmt::format("V4 metadata handler: berth does not serve /{}", what));
}

}  // namespace berth::gateway
