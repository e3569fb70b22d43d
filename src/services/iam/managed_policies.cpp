#include "services/iam/managed_policies.h"

#include "base/json.h"
#include "base/text.h"

namespace berth::iam {
namespace {

constexpr std::string_view aws_policies = "arn:aws:iam::aws:policy/";

// Most allow some actions on everything.
struct AllowOnEverything {
  const char* name;  // with its path
  const char* actions;
};

constexpr AllowOnEverything simple_policies[] = {
    {"AdministratorAccess", "*"},
    {"AmazonEC2ContainerRegistryFullAccess", "ecr:* cloudtrail:LookupEvents"},
    {"AmazonEC2ContainerRegistryPowerUser",
     "ecr:GetAuthorizationToken ecr:BatchCheckLayerAvailability ecr:GetDownloadUrlForLayer "
     "ecr:GetRepositoryPolicy ecr:DescribeRepositories ecr:ListImages ecr:DescribeImages ecr:BatchGetImage "
     "ecr:GetLifecyclePolicy ecr:GetLifecyclePolicyPreview ecr:ListTagsForResource "
     "ecr:DescribeImageScanFindings ecr:InitiateLayerUpload ecr:UploadLayerPart ecr:CompleteLayerUpload "
     "ecr:PutImage"},
    {"AmazonEC2ContainerRegistryReadOnly",
     "ecr:GetAuthorizationToken ecr:BatchCheckLayerAvailability ecr:GetDownloadUrlForLayer "
     "ecr:GetRepositoryPolicy ecr:DescribeRepositories ecr:ListImages ecr:DescribeImages ecr:BatchGetImage "
     "ecr:GetLifecyclePolicy ecr:GetLifecyclePolicyPreview ecr:ListTagsForResource "
     "ecr:DescribeImageScanFindings"},
    {"AmazonEC2ContainerRegistryPullOnly",
     "ecr:GetAuthorizationToken ecr:BatchGetImage ecr:GetDownloadUrlForLayer ecr:BatchImportUpstreamImage"},
    {"AmazonEC2FullAccess", "ec2:* elasticloadbalancing:* cloudwatch:* autoscaling:*"},
    {"AmazonEC2ReadOnlyAccess",
     "ec2:Describe* ec2:Get* elasticloadbalancing:Describe* cloudwatch:ListMetrics "
     "cloudwatch:GetMetricStatistics cloudwatch:Describe* autoscaling:Describe*"},
    {"AmazonS3FullAccess", "s3:* s3-object-lambda:*"},
    {"AmazonS3ReadOnlyAccess", "s3:Get* s3:List* s3:Describe* s3-object-lambda:Get* s3-object-lambda:List*"},
    {"AmazonSNSFullAccess", "sns:*"},
    {"AmazonSNSReadOnlyAccess", "sns:GetTopicAttributes sns:List*"},
    {"AmazonSSMFullAccess",
     "cloudwatch:PutMetricData ds:CreateComputer ds:DescribeDirectories ec2:DescribeInstanceStatus logs:* "
     "ssm:* ec2messages:*"},
    {"AmazonSSMReadOnlyAccess", "ssm:Describe* ssm:Get* ssm:List*"},
    {"AmazonVPCReadOnlyAccess", "ec2:Describe* ec2:Get* ec2:List*"},
    {"AWSCloudFormationFullAccess", "cloudformation:*"},
    {"AWSCloudFormationReadOnlyAccess",
     "cloudformation:Describe* cloudformation:EstimateTemplateCost cloudformation:Get* cloudformation:List* "
     "cloudformation:ValidateTemplate cloudformation:Detect*"},
    {"AWSCodeBuildAdminAccess",
     "codebuild:* ecr:DescribeRepositories ecr:ListImages logs:GetLogEvents logs:DeleteLogGroup "
     "cloudwatch:GetMetricStatistics s3:GetBucketLocation s3:ListAllMyBuckets ssm:StartSession"},
    {"AWSCodeBuildDeveloperAccess",
     "codebuild:StartBuild codebuild:StopBuild codebuild:StartBuildBatch codebuild:StopBuildBatch "
     "codebuild:RetryBuild codebuild:RetryBuildBatch codebuild:BatchGet* codebuild:GetResourcePolicy "
     "codebuild:DescribeTestCases codebuild:DescribeCodeCoverages codebuild:List* "
     "cloudwatch:GetMetricStatistics "
     "logs:GetLogEvents"},
    {"AWSCodeBuildReadOnlyAccess",
     "codebuild:BatchGet* codebuild:GetResourcePolicy codebuild:List* codebuild:DescribeTestCases "
     "codebuild:DescribeCodeCoverages cloudwatch:GetMetricStatistics logs:GetLogEvents"},
    {"CloudWatchFullAccess",
     "autoscaling:Describe* cloudwatch:* logs:* sns:* iam:GetPolicy iam:GetPolicyVersion iam:GetRole"},
    {"CloudWatchLogsFullAccess", "logs:* cloudwatch:GenerateQuery"},
    {"CloudWatchLogsReadOnlyAccess",
     "logs:Describe* logs:Get* logs:List* logs:StartQuery logs:StopQuery logs:TestMetricFilter "
     "logs:FilterLogEvents logs:StartLiveTail logs:StopLiveTail cloudwatch:GenerateQuery"},
    {"CloudWatchReadOnlyAccess",
     "application-autoscaling:DescribeScalingPolicies autoscaling:Describe* cloudwatch:BatchGet* "
     "cloudwatch:Describe* cloudwatch:GenerateQuery cloudwatch:Get* cloudwatch:List* logs:Get* logs:List* "
     "logs:StartQuery logs:StopQuery logs:Describe* logs:TestMetricFilter logs:FilterLogEvents sns:Get* "
     "sns:List*"},
    {"ElasticLoadBalancingFullAccess",
     "elasticloadbalancing:* ec2:DescribeAccountAttributes ec2:DescribeAddresses "
     "ec2:DescribeInternetGateways ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeVpcs "
     "ec2:DescribeNetworkInterfaces ec2:GetCoipPoolUsage ec2:DescribeCoipPools"},
    {"ElasticLoadBalancingReadOnly", "elasticloadbalancing:Describe* elasticloadbalancing:Get*"},
    {"IAMFullAccess", "iam:* organizations:DescribeAccount"},
    {"IAMReadOnlyAccess",
     "iam:GenerateCredentialReport iam:GenerateServiceLastAccessedDetails iam:Get* iam:List* "
     "iam:SimulateCustomPolicy iam:SimulatePrincipalPolicy"},
    // Of the several hundred services that AWS's document names, those of berth.
    {"ReadOnlyAccess",
     "application-autoscaling:Describe* application-autoscaling:List* cloudformation:Describe* "
     "cloudformation:Detect* cloudformation:EstimateTemplateCost cloudformation:Get* cloudformation:List* "
     "cloudformation:ValidateTemplate cloudwatch:Describe* cloudwatch:Get* cloudwatch:List* "
     "codebuild:BatchGet* codebuild:Describe* codebuild:List* ec2:Describe* ec2:Get* ec2:List* "
     "ecr:BatchCheck* ecr:BatchGet* ecr:Describe* ecr:Get* ecr:List* ecs:Describe* ecs:List* "
     "elasticloadbalancing:Describe* events:Describe* events:List* events:Test* iam:Generate* iam:Get* "
     "iam:List* iam:Simulate* logs:Describe* logs:FilterLogEvents logs:Get* logs:List* logs:StartQuery "
     "logs:StopQuery logs:TestMetricFilter s3:Describe* s3:Get* s3:List* servicediscovery:Get* "
     "servicediscovery:List* sns:Check* sns:Get* sns:List* ssm:Describe* ssm:Get* ssm:List* sts:Get* "
     "tag:Get*"},
    {"service-role/AmazonEC2ContainerServiceAutoscaleRole",
     "ecs:DescribeServices ecs:UpdateService cloudwatch:DescribeAlarms cloudwatch:PutMetricAlarm"},
    {"service-role/AmazonEC2ContainerServiceEventsRole", "ecs:RunTask ecs:TagResource iam:PassRole"},
    {"service-role/AmazonECSTaskExecutionRolePolicy",
     "ecr:GetAuthorizationToken ecr:BatchCheckLayerAvailability ecr:GetDownloadUrlForLayer ecr:BatchGetImage "
     "logs:CreateLogStream logs:PutLogEvents"},
    {"service-role/AWSLambdaBasicExecutionRole",
     "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents"},
    {"AmazonECS_FullAccess",
     "application-autoscaling:* cloudformation:CreateStack cloudformation:DeleteStack "
     "cloudformation:DescribeStack* cloudformation:UpdateStack cloudwatch:DeleteAlarms "
     "cloudwatch:DescribeAlarms cloudwatch:GetMetricStatistics cloudwatch:PutMetricAlarm "
     "ec2:AssociateRouteTable ec2:AttachInternetGateway ec2:AuthorizeSecurityGroupIngress "
     "ec2:CreateInternetGateway ec2:CreateRoute ec2:CreateRouteTable ec2:CreateSecurityGroup "
     "ec2:CreateSubnet ec2:CreateVpc ec2:DeleteRoute ec2:DeleteRouteTable ec2:DeleteSecurityGroup "
     "ec2:DeleteSubnet ec2:DeleteVpc ec2:Describe* ec2:DetachInternetGateway ec2:DisassociateRouteTable "
     "ec2:ModifySubnetAttribute ec2:ModifyVpcAttribute ecs:* elasticloadbalancing:CreateListener "
     "elasticloadbalancing:CreateLoadBalancer elasticloadbalancing:CreateRule "
     "elasticloadbalancing:CreateTargetGroup elasticloadbalancing:DeleteListener "
     "elasticloadbalancing:DeleteLoadBalancer elasticloadbalancing:DeleteRule "
     "elasticloadbalancing:DeleteTargetGroup elasticloadbalancing:Describe* events:DeleteRule "
     "events:DescribeRule events:ListRuleNamesByTarget events:ListTargetsByRule events:PutRule "
     "events:PutTargets events:RemoveTargets iam:ListAttachedRolePolicies iam:ListInstanceProfiles "
     "iam:ListRoles logs:CreateLogGroup logs:DescribeLogGroups logs:FilterLogEvents servicediscovery:* "
     "sns:ListTopics"},
};

struct OwnDocument {
  const char* name;
  const char* document;
};

constexpr OwnDocument other_policies[] = {
    {"CloudWatchAgentServerPolicy",
     R"({"Version":"2012-10-17","Statement":[
       {"Effect":"Allow","Action":["cloudwatch:PutMetricData","ec2:DescribeVolumes","ec2:DescribeTags",
         "logs:PutLogEvents","logs:PutRetentionPolicy","logs:DescribeLogStreams","logs:DescribeLogGroups",
         "logs:CreateLogStream","logs:CreateLogGroup","xray:PutTraceSegments","xray:PutTelemetryRecords",
         "xray:GetSamplingRules","xray:GetSamplingTargets","xray:GetSamplingStatisticSummaries"],
        "Resource":"*"},
       {"Effect":"Allow","Action":"ssm:GetParameter",
        "Resource":"arn:aws:ssm:*:*:parameter/AmazonCloudWatch-*"}]})"},
    {"PowerUserAccess",
     R"({"Version":"2012-10-17","Statement":[
       {"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},
       {"Effect":"Allow","Action":["account:GetAccountInformation","account:GetPrimaryEmail",
         "account:ListRegions","iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole","iam:ListRoles",
         "organizations:DescribeEffectivePolicy","organizations:DescribeOrganization"],
        "Resource":"*"}]})"},
};

}  // namespace

bool is_aws_policy(std::string_view arn) {
  return arn.starts_with(aws_policies);
}

std::optional<std::string> aws_policy_document(std::string_view arn) {
  if (!is_aws_policy(arn)) return std::nullopt;
  const std::string_view name = arn.substr(aws_policies.size());
  for (const auto& policy : other_policies) {
    if (name == policy.name) return policy.document;
  }
  for (const auto& policy : simple_policies) {
    if (name != policy.name) continue;
    json::array actions;
    for (const auto& action : split(policy.actions, ' ')) actions.emplace_back(action);
    const json::object statement{{"Effect", "Allow"}, {"Action", std::move(actions)}, {"Resource", "*"}};
    return json::serialize(json::object{{"Version", "2012-10-17"}, {"Statement", json::array{statement}}});
  }
  return std::nullopt;
}

}  // namespace berth::iam
