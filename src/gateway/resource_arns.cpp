#include "gateway/resource_arns.h"

#include <fmt/format.h>

#include "base/arn.h"
#include "base/digest.h"
#include "base/text.h"
#include "services/lists.h"
#include "services/s3/rows.h"

namespace berth::gateway {
namespace {

// {Member} stands for a string of the input or for each of a list, {Member|other} for `other` where it is
// absent. A last member that is an ARN already is the whole.
struct ResourceRule {
  const char* service;
  const char* operations;
  const char* resource;
  const char* action = nullptr;  // where it is not the operation's name
};

constexpr ResourceRule resource_rules[] = {
    {"ecs", "DescribeServices", "service/{cluster|default}/{services}"},
    {"ecs", "UpdateService DeleteService DescribeServiceDeployments ListServiceDeployments",
     "service/{cluster|default}/{service}"},
    {"ecs", "CreateService", "service/{cluster|default}/{serviceName}"},
    {"ecs", "DescribeTasks GetTaskProtection UpdateTaskProtection", "task/{cluster|default}/{tasks}"},
    {"ecs", "StopTask ExecuteCommand", "task/{cluster|default}/{task}"},
    {"ecs", "RunTask StartTask", "task-definition/{taskDefinition}"},
    {"ecs", "DescribeClusters", "cluster/{clusters|default}"},
    {"ecs", "DeleteCluster UpdateCluster UpdateClusterSettings PutClusterCapacityProviders",
     "cluster/{cluster|default}"},
    {"ecs", "CreateCluster", "cluster/{clusterName|default}"},
    {"ecs", "TagResource UntagResource ListTagsForResource", "{resourceArn}"},
    {"ssm", "GetParameter PutParameter DeleteParameter GetParameterHistory LabelParameterVersion",
     "parameter/{Name}"},
    {"ssm", "GetParameters DeleteParameters", "parameter/{Names}"},
    {"ssm", "GetParametersByPath", "parameter/{Path}"},
    {"logs", "CreateLogStream DeleteLogStream PutLogEvents GetLogEvents",
     "log-group:{logGroupName}:log-stream:{logStreamName}"},
    {"logs",
     "CreateLogGroup DeleteLogGroup PutRetentionPolicy DeleteRetentionPolicy DescribeLogStreams "
     "FilterLogEvents",
     "log-group:{logGroupName}:log-stream:"},
    {"logs", "DescribeLogGroups", "log-group:{logGroupNamePrefix|}:log-stream:"},
    {"sns",
     "Publish PublishBatch Subscribe DeleteTopic GetTopicAttributes SetTopicAttributes "
     "ListSubscriptionsByTopic",
     "{TopicArn}"},
    {"sns", "CreateTopic", "{Name}"},
    {"events", "PutRule DeleteRule DescribeRule EnableRule DisableRule", "rule/{Name}"},
    {"events", "PutTargets RemoveTargets ListTargetsByRule", "rule/{Rule}"},
    {"events", "PutEvents", "event-bus/default"},
    {"events", "TagResource UntagResource ListTagsForResource", "{ResourceARN}"},
    {"ecr",
     "CreateRepository DeleteRepository DescribeImages ListImages BatchGetImage BatchDeleteImage PutImage "
     "BatchCheckLayerAvailability GetDownloadUrlForLayer InitiateLayerUpload UploadLayerPart "
     "CompleteLayerUpload GetLifecyclePolicy PutLifecyclePolicy DeleteLifecyclePolicy "
     "StartLifecyclePolicyPreview GetLifecyclePolicyPreview GetRepositoryPolicy SetRepositoryPolicy "
     "DeleteRepositoryPolicy PutImageTagMutability PutImageScanningConfiguration",
     "repository/{repositoryName}"},
    {"ecr", "DescribeRepositories", "repository/{repositoryNames}"},
    {"codebuild", "StartBuild DeleteProject UpdateProject ListBuildsForProject InvalidateProjectCache",
     "project/{projectName}"},
    {"codebuild", "CreateProject UpdateProject DeleteProject", "project/{name}"},
    {"codebuild", "BatchGetProjects", "project/{names}"},
    {"cloudwatch", "PutMetricAlarm SetAlarmState PutCompositeAlarm", "alarm:{AlarmName}"},
    {"cloudwatch", "DeleteAlarms EnableAlarmActions DisableAlarmActions", "alarm:{AlarmNames}"},
    {"elbv2", "DeleteLoadBalancer ModifyLoadBalancerAttributes SetSecurityGroups SetSubnets CreateListener",
     "{LoadBalancerArn}"},
    {"elbv2",
     "RegisterTargets DeregisterTargets ModifyTargetGroup DeleteTargetGroup ModifyTargetGroupAttributes",
     "{TargetGroupArn}"},
    {"elbv2", "DeleteListener ModifyListener CreateRule", "{ListenerArn}"},
    {"elbv2", "DeleteRule ModifyRule", "{RuleArn}"},
    {"cloudformation",
     "CreateStack UpdateStack DeleteStack DescribeStacks DescribeStackEvents DescribeStackResource "
     "DescribeStackResources ListStackResources GetTemplate CreateChangeSet DescribeChangeSet "
     "ExecuteChangeSet DeleteChangeSet",
     "stack/{StackName}/*"},
    {"iam",
     "GetRole CreateRole DeleteRole UpdateRole PutRolePolicy GetRolePolicy DeleteRolePolicy AttachRolePolicy "
     "DetachRolePolicy ListRolePolicies ListAttachedRolePolicies UpdateAssumeRolePolicy TagRole UntagRole",
     "role/{RoleName}"},
    {"iam",
     "CreateInstanceProfile GetInstanceProfile DeleteInstanceProfile AddRoleToInstanceProfile "
     "RemoveRoleFromInstanceProfile",
     "instance-profile/{InstanceProfileName}"},
    {"iam", "GetPolicy DeletePolicy GetPolicyVersion CreatePolicyVersion DeletePolicyVersion", "{PolicyArn}"},
    {"servicediscovery", "GetNamespace DeleteNamespace UpdatePrivateDnsNamespace", "namespace/{Id}"},
    {"servicediscovery", "GetService DeleteService UpdateService", "service/{Id}"},
    {"servicediscovery",
     "RegisterInstance DeregisterInstance GetInstance ListInstances GetInstancesHealthStatus "
     "UpdateInstanceCustomHealthStatus",
     "service/{ServiceId}"},
    {"sts", "AssumeRole", "{RoleArn}"},
    {"s3", "ListObjects ListObjectsV2 HeadBucket", "{Bucket}", "ListBucket"},
    {"s3", "ListMultipartUploads", "{Bucket}", "ListBucketMultipartUploads"},
    {"s3",
     "CreateBucket DeleteBucket GetBucketLocation GetBucketTagging PutBucketTagging GetBucketVersioning "
     "PutBucketVersioning GetBucketPolicy PutBucketPolicy DeleteBucketPolicy GetBucketOwnershipControls "
     "PutBucketOwnershipControls",
     "{Bucket}"},
    {"s3", "DeleteBucketTagging", "{Bucket}", "PutBucketTagging"},
    {"s3", "DeleteBucketOwnershipControls", "{Bucket}", "PutBucketOwnershipControls"},
    {"s3", "GetBucketEncryption", "{Bucket}", "GetEncryptionConfiguration"},
    {"s3", "PutBucketEncryption DeleteBucketEncryption", "{Bucket}", "PutEncryptionConfiguration"},
    {"s3", "GetPublicAccessBlock", "{Bucket}", "GetBucketPublicAccessBlock"},
    {"s3", "PutPublicAccessBlock DeletePublicAccessBlock", "{Bucket}", "PutBucketPublicAccessBlock"},
    {"s3", "GetObject HeadObject", "{Bucket}/{Key}", "GetObject"},
    {"s3", "PutObject CopyObject CreateMultipartUpload UploadPart UploadPartCopy CompleteMultipartUpload",
     "{Bucket}/{Key}", "PutObject"},
    {"s3", "DeleteObject AbortMultipartUpload GetObjectTagging PutObjectTagging DeleteObjectTagging",
     "{Bucket}/{Key}"},
    {"s3", "ListParts", "{Bucket}/{Key}", "ListMultipartUploadParts"},
    {"s3", "ListBuckets", "*", "ListAllMyBuckets"},
};

// Roles that a call hands to a service.
struct PassedRole {
  const char* service;
  const char* operations;
  const char* member;  // or `List.Member`, of each element
};

constexpr PassedRole passed_roles[] = {
    {"ecs", "RegisterTaskDefinition", "taskRoleArn"}, {"ecs", "RegisterTaskDefinition", "executionRoleArn"},
    {"codebuild", "CreateProject", "serviceRole"},    {"codebuild", "UpdateProject", "serviceRole"},
    {"iam", "AddRoleToInstanceProfile", "RoleName"},  {"events", "PutRule", "RoleArn"},
    {"events", "PutTargets", "Targets.RoleArn"},
};

bool is_one_of(std::string_view operation, std::string_view names) {
  for (const auto& name : split(names, ' ')) {
    if (name == operation) return true;
  }
  return false;
}

// The string, or the strings of the list, that the input has as this member; `List.Member`: that each element
// of the list has.
std::vector<std::string> member_values(const model::Shape& shape, const void* object, std::string_view name) {
  const auto dot = name.find('.');
  for (const auto& member : shape.members) {
    if (name.substr(0, dot) != member.name) continue;
    const void* value = member.get(object);
    if (!value) return {};
    if (dot != name.npos) {
      std::vector<std::string> all;
      for (std::size_t i = 0; i < member.shape->list->size(value); ++i) {
        auto some =
            member_values(*member.shape->element, member.shape->list->at(value, i), name.substr(dot + 1));
        all.insert(all.end(), some.begin(), some.end());
      }
      return all;
    }
    if (member.shape->kind == model::Kind::string) return {*static_cast<const std::string*>(value)};
    if (member.shape->kind != model::Kind::list || member.shape->element->kind != model::Kind::string)
      return {};
    std::vector<std::string> values;
    for (std::size_t i = 0; i < member.shape->list->size(value); ++i) {
      values.push_back(*static_cast<const std::string*>(member.shape->list->at(value, i)));
    }
    return values;
  }
  return {};
}

std::string arn_of(const Settings& settings, const std::string& prefix, const std::string& resource) {
  if (prefix == "s3") return resource == "*" ? resource : "arn:aws:s3:::" + resource;
  return prefix == "iam" ? settings.global_arn(prefix, resource) : settings.arn(prefix, resource);
}

// The resources of a rule; empty where the input lacks a member.
std::vector<std::string> expand(const Settings& settings, const std::string& prefix, std::string_view rule,
                                const model::Shape& shape, const void* input) {
  std::vector<std::string> heads{""};
  while (!rule.empty()) {
    const auto begin = rule.find('{'), end = rule.find('}');
    for (auto& head : heads) head += rule.substr(0, begin);
    if (begin == rule.npos) break;
    const std::string_view name = rule.substr(begin + 1, end - begin - 1);
    rule.remove_prefix(end + 1);
    const auto bar = name.find('|');
    auto values = member_values(shape, input, name.substr(0, bar));
    if (values.empty() && bar != name.npos) values.emplace_back(name.substr(bar + 1));
    std::vector<std::string> longer;
    for (const auto& head : heads) {
      for (std::string value : values) {
        const bool is_arn = value.starts_with("arn:");
        if (is_arn && (rule.empty() || rule == "/*")) {
          longer.push_back(value);
          continue;
        }
        if (is_arn) value = last_part(value);
        if (prefix != "s3" && head.ends_with('/') && value.starts_with('/')) value.erase(0, 1);
        longer.push_back(head + value);
      }
    }
    heads = std::move(longer);
  }
  for (auto& resource : heads) {
    if (!resource.starts_with("arn:")) resource = arn_of(settings, prefix, resource);
  }
  return heads;
}

// Objects that stand in a request's body, and those that are copied.
void add_named_objects(const model::Operation& operation, const void* input,
                       std::vector<Permission>& needed) {
  if (operation.name == std::string_view("DeleteObjects")) {
    const auto& request = *static_cast<const s3::DeleteObjectsRequest*>(input);
    for (const auto& object : services::list_of(request.delete_->objects)) {
      needed.push_back({"s3:DeleteObject", s3::bucket_arn(*request.bucket + "/" + object.key.value_or(""))});
    }
  }
  for (const auto& source : member_values(*operation.input, input, "CopySource")) {
    std::string path = percent_decode(source.substr(0, source.find("?versionId="))).value_or(source);
    if (path.starts_with('/')) path.erase(0, 1);
    needed.push_back({"s3:GetObject", s3::bucket_arn(path)});
  }
}

}  // namespace

std::string iam_prefix(const model::Service& service) {
  const std::string_view name = service.name;
  if (name == "elbv2") return "elasticloadbalancing";
  if (name == "autoscaling") return "application-autoscaling";
  return std::string(name);
}

std::vector<Permission> needed_permissions(const Settings& settings, const model::Service& service,
                                           const model::Operation& operation, const void* input) {
  const std::string prefix = iam_prefix(service);
  const std::string action = prefix + ":" + operation.name;
  std::vector<Permission> needed;
  for (const auto& rule : resource_rules) {
    if (rule.service != std::string_view(service.name) || !is_one_of(operation.name, rule.operations))
      continue;
    const std::string ruled = rule.action ? prefix + ":" + rule.action : action;
    for (auto& resource : expand(settings, prefix, rule.resource, *operation.input, input)) {
      needed.push_back({ruled, std::move(resource)});
    }
  }
  if (prefix == "s3") add_named_objects(operation, input, needed);
  if (needed.empty()) needed.push_back({action, "*"});
  for (const auto& role : passed_roles) {
    if (role.service != std::string_view(service.name) || !is_one_of(operation.name, role.operations))
      continue;
    for (const auto& name : member_values(*operation.input, input, role.member)) {
      needed.push_back(
          {"iam:PassRole", name.starts_with("arn:") ? name : settings.global_arn("iam", "role/" + name)});
    }
  }
  return needed;
}

void add_input_keys(const Settings& settings, const model::Service& service,
                    const model::Operation& operation, const void* input, control::PolicyRequest& request) {
  if (service.name == std::string_view("s3")) {
    for (const auto& prefix : member_values(*operation.input, input, "Prefix")) {
      request.keys["s3:prefix"] = {prefix};
    }
  }
  if (service.name != std::string_view("ecs")) return;
  for (const auto& cluster : member_values(*operation.input, input, "cluster")) {
    request.keys["ecs:cluster"] = {cluster.starts_with("arn:") ? cluster
                                                               : settings.arn("ecs", "cluster/" + cluster)};
  }
}

}  // namespace berth::gateway
