#include "handlers/elbv2.h"

#include <gtest/gtest.h>

#include "services/all_tables.h"
#include "services/ec2/rows.h"
#include "services/elbv2/resources.h"
#include "services/elbv2/targets.h"
#include "services/testing.h"

namespace berth::elbv2 {
namespace {

constexpr const char* vpc = "vpc-0000000000000000a";

struct Elbv2 : testing::Test, services::HandlerTest {
  Elbv2() {
    services::add_tables(store);
    write([&] {
      ec2::VpcRow row;
      row.id = vpc;
      row.description.cidr_block = "10.0.0.0/16";
      store.put(row);
      put_subnet("subnet-a", "10.0.1.0/24", "us-east-1a");
      put_subnet("subnet-b", "10.0.2.0/24", "us-east-1b");
      put_subnet("subnet-a2", "10.0.3.0/24", "us-east-1a");
      ec2::InternetGatewayRow gateway;
      gateway.id = "igw-1";
      gateway.description.attachments = {ec2::InternetGatewayAttachment{"available", vpc}};
      store.put(gateway);
      ec2::SecurityGroupRow group;
      group.id = "sg-default";
      group.vpc_id = vpc;
      group.description.group_name = "default";
      store.put(group);
    });
  }

  void put_subnet(const std::string& id, const std::string& cidr, const std::string& zone) {
    ec2::SubnetRow row;
    row.id = id;
    row.vpc_id = vpc;
    row.description.cidr_block = cidr;
    row.description.availability_zone = zone;
    store.put(row);
  }

  CreateLoadBalancerInput balancer_input(const std::string& name = "web") {
    CreateLoadBalancerInput input;
    input.name = name;
    input.subnets = {"subnet-a", "subnet-b"};
    return input;
  }
  std::string make_balancer(const std::string& name = "web") {
    return *call(create_load_balancer, balancer_input(name))->load_balancers->at(0).load_balancer_arn;
  }

  CreateTargetGroupInput group_input(const std::string& name = "tg") {
    CreateTargetGroupInput input;
    input.name = name;
    input.protocol = "HTTP";
    input.port = 80;
    input.vpc_id = vpc;
    input.target_type = "ip";
    return input;
  }
  std::string make_group(const std::string& name = "tg") {
    return *call(create_target_group, group_input(name))->target_groups->at(0).target_group_arn;
  }

  Action forward(const std::string& group) {
    Action action;
    action.type = "forward";
    action.target_group_arn = group;
    return action;
  }
  CreateListenerInput listener_input(const std::string& balancer, const Action& action,
                                     std::int64_t port = 80) {
    CreateListenerInput input;
    input.load_balancer_arn = balancer;
    input.protocol = "HTTP";
    input.port = port;
    input.default_actions = {action};
    return input;
  }
  std::string make_listener(const std::string& balancer, const Action& action, std::int64_t port = 80) {
    return *call(create_listener, listener_input(balancer, action, port))->listeners->at(0).listener_arn;
  }

  CreateRuleInput rule_input(const std::string& listener, const Action& action, std::int64_t priority,
                             std::vector<std::string> paths = {"/api/*"}) {
    RuleCondition condition;
    condition.field = "path-pattern";
    condition.values = std::move(paths);
    CreateRuleInput input;
    input.listener_arn = listener;
    input.priority = priority;
    input.conditions = {condition};
    input.actions = {action};
    return input;
  }

  DescribeTargetHealthOutput health(const std::string& group) {
    DescribeTargetHealthInput input;
    input.target_group_arn = group;
    return *call(describe_target_health, input);
  }
};

TEST_F(Elbv2, LoadBalancerAsAwsDescribesIt) {
  auto made = call(create_load_balancer, balancer_input());
  ASSERT_TRUE(made);
  const LoadBalancer& balancer = made->load_balancers->at(0);
  EXPECT_EQ(balancer.state->code, "provisioning");
  EXPECT_EQ(balancer.scheme, "internet-facing");
  EXPECT_EQ(balancer.canonical_hosted_zone_id, "Z35SXDOTRQ7X7K");
  EXPECT_EQ(balancer.security_groups, std::vector<std::string>{"sg-default"});
  EXPECT_TRUE(balancer.dns_name->starts_with("web-"));
  EXPECT_TRUE(balancer.dns_name->ends_with(".us-east-1.elb.localhost"));
  EXPECT_EQ(balancer.dns_name->size(), std::string("web-1234567890.us-east-1.elb.localhost").size());
}

TEST_F(Elbv2, LoadBalancersHaveAddressesOfTheirOwn) {
  std::set<std::string> addresses;
  for (int i = 0; i < 20; ++i) {
    const auto* row = store.find<LoadBalancerRow>(make_balancer("web" + std::to_string(i)));
    EXPECT_TRUE(row->address.starts_with("127."));
    EXPECT_FALSE(row->address.starts_with("127.0."));
    addresses.insert(row->address);
  }
  EXPECT_EQ(addresses.size(), 20u);
}

TEST_F(Elbv2, CreatingAgainIsIdempotentOrRefused) {
  const std::string arn = make_balancer();
  EXPECT_EQ(make_balancer(), arn);
  auto input = balancer_input();
  input.scheme = "internal";
  EXPECT_EQ(code_of(create_load_balancer, input), "DuplicateLoadBalancerNameException");
  const std::string group = make_group();
  EXPECT_EQ(make_group(), group);
  auto other = group_input();
  other.port = 81;
  EXPECT_EQ(message_of(create_target_group, other),
            "A target group with the same name 'tg' exists, but with different settings");
  const std::string listener = make_listener(arn, forward(group));
  EXPECT_EQ(make_listener(arn, forward(group)), listener);
  EXPECT_EQ(code_of(create_listener, listener_input(arn, forward(make_group("tg2")))),
            "DuplicateListenerException");
}

TEST_F(Elbv2, PlacementIsChecked) {
  auto input = balancer_input();
  input.subnets = {"subnet-a"};
  EXPECT_EQ(message_of(create_load_balancer, input),
            "At least two subnets in two different Availability Zones must be specified");
  input.subnets = {"subnet-a", "subnet-a2"};
  EXPECT_EQ(code_of(create_load_balancer, input), "InvalidConfigurationRequestException");
  input.subnets = {"subnet-a", "subnet-x"};
  EXPECT_EQ(message_of(create_load_balancer, input), "The subnet ID 'subnet-x' does not exist");
  input = balancer_input();
  input.security_groups = {"sg-x"};
  EXPECT_EQ(code_of(create_load_balancer, input), "InvalidSecurityGroupException");
  write([&] { store.erase<ec2::InternetGatewayRow>("igw-1"); });
  EXPECT_EQ(message_of(create_load_balancer, balancer_input()),
            std::string("VPC ") + vpc + " has no internet gateway");
  input = balancer_input();
  input.scheme = "internal";
  EXPECT_TRUE(
      call(create_load_balancer, input)->load_balancers->at(0).dns_name->starts_with("internal-web-"));
}

TEST_F(Elbv2, NamesAreChecked) {
  for (const auto& [name, part] :
       std::map<std::string, std::string>{{std::string(33, 'a'), "cannot be longer than '32' characters"},
                                          {"a_b", "can only contain characters that are alphanumeric"},
                                          {"-a", "cannot begin or end with '-'"},
                                          {"internal-a", "cannot begin with 'internal-'"}}) {
    EXPECT_NE(message_of(create_load_balancer, balancer_input(name)).find(part), std::string::npos) << name;
  }
}

TEST_F(Elbv2, WhatIsNotSupportedIsRefusedByName) {
  auto network = balancer_input();
  network.type = "network";
  EXPECT_EQ(message_of(create_load_balancer, network),
            "Load balancer type 'network' is not supported by berth.");
  const std::string balancer = make_balancer();
  const std::string group = make_group();
  auto https = listener_input(balancer, forward(group), 443);
  https.protocol = "HTTPS";
  EXPECT_EQ(code_of(create_listener, https), "UnsupportedProtocolException");
  Action login;
  login.type = "authenticate-oidc";
  EXPECT_EQ(message_of(create_listener, listener_input(balancer, login)),
            "Action type 'authenticate-oidc' is not supported by berth.");
  auto instances = group_input("other");
  instances.target_type.reset();
  EXPECT_EQ(message_of(create_target_group, instances), "Target type 'instance' is not supported by berth.");
  ModifyLoadBalancerAttributesInput logs;
  logs.load_balancer_arn = balancer;
  logs.attributes = {LoadBalancerAttribute{"access_logs.s3.enabled", "true"}};
  EXPECT_EQ(message_of(modify_load_balancer_attributes, logs),
            "Value 'true' of attribute 'access_logs.s3.enabled' is not supported by berth.");
}

TEST_F(Elbv2, TargetGroupDefaultsAndChecks) {
  auto made = call(create_target_group, group_input());
  const TargetGroup& group = made->target_groups->at(0);
  EXPECT_EQ(group.health_check_interval_seconds, 30);
  EXPECT_EQ(group.health_check_timeout_seconds, 5);
  EXPECT_EQ(group.healthy_threshold_count, 5);
  EXPECT_EQ(group.unhealthy_threshold_count, 2);
  EXPECT_EQ(group.health_check_path, "/");
  EXPECT_EQ(group.matcher->http_code, "200");
  EXPECT_TRUE(group.load_balancer_arns->empty());
  auto input = group_input("b");
  input.health_check_interval_seconds = 5;
  EXPECT_EQ(message_of(create_target_group, input),
            "Health check interval must be greater than the timeout.");
  input = group_input("b");
  input.matcher = Matcher{"200-600", std::nullopt};
  EXPECT_EQ(code_of(create_target_group, input), "ValidationError");
  input.matcher = Matcher{"200-299,404", std::nullopt};
  input.vpc_id = "vpc-0000000000000000b";
  EXPECT_EQ(message_of(create_target_group, input), "The VPC ID 'vpc-0000000000000000b' is not found");
  input.vpc_id.reset();
  EXPECT_EQ(message_of(create_target_group, input), "A VPC ID must be specified");
}

TEST_F(Elbv2, TargetGroupAttributes) {
  ModifyTargetGroupAttributesInput input;
  input.target_group_arn = make_group();
  input.attributes = {TargetGroupAttribute{"deregistration_delay.timeout_seconds", "20"}};
  auto changed = call(modify_target_group_attributes, input);
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->attributes->at(1).value, "20");
  EXPECT_EQ(changed->attributes->at(0).value, "false");
  input.attributes = {TargetGroupAttribute{"deregistration_delay.timeout_seconds", "3601"}};
  EXPECT_EQ(code_of(modify_target_group_attributes, input), "ValidationError");
  input.attributes = {TargetGroupAttribute{"colour", "red"}};
  EXPECT_EQ(message_of(modify_target_group_attributes, input),
            "Target group attribute key 'colour' is not recognized");
  input.attributes = {TargetGroupAttribute{"slow_start.duration_seconds", "10"}};
  EXPECT_EQ(code_of(modify_target_group_attributes, input), "ValidationError");
  input.attributes = {TargetGroupAttribute{"slow_start.duration_seconds", "30"},
                      TargetGroupAttribute{"load_balancing.algorithm.type", "least_outstanding_requests"}};
  EXPECT_EQ(code_of(modify_target_group_attributes, input), "InvalidConfigurationRequestException");
}

TEST_F(Elbv2, ForwardShowsInBothForms) {
  const std::string group = make_group();
  auto made = call(create_listener, listener_input(make_balancer(), forward(group)));
  const Action& action = made->listeners->at(0).default_actions->at(0);
  EXPECT_EQ(action.target_group_arn, group);
  EXPECT_EQ(action.forward_config->target_groups->at(0).weight, 1);
  EXPECT_EQ(action.forward_config->target_group_stickiness_config->enabled, false);
}

TEST_F(Elbv2, TargetGroupBelongsToOneLoadBalancer) {
  const std::string group = make_group();
  const std::string first = make_balancer("first");
  make_listener(first, forward(group));
  const auto input = listener_input(make_balancer("second"), forward(group));
  EXPECT_EQ(message_of(create_listener, input),
            "The following target groups cannot be associated with more than one load balancer: " + group);
  DescribeTargetGroupsInput describe;
  describe.load_balancer_arn = first;
  EXPECT_EQ(call(describe_target_groups, describe)->target_groups->at(0).load_balancer_arns->at(0), first);
  DeleteTargetGroupInput remove;
  remove.target_group_arn = group;
  EXPECT_EQ(code_of(delete_target_group, remove), "ResourceInUseException");
}

TEST_F(Elbv2, RedirectsAndFixedResponses) {
  const std::string balancer = make_balancer();
  Action redirect;
  redirect.type = "redirect";
  redirect.redirect_config = RedirectActionConfig{};
  redirect.redirect_config->status_code = "HTTP_301";
  EXPECT_EQ(message_of(create_listener, listener_input(balancer, redirect)),
            "The options you specified will result in infinite redirection.");
  redirect.redirect_config->protocol = "HTTPS";
  redirect.redirect_config->port = "443";
  auto made = call(create_listener, listener_input(balancer, redirect));
  EXPECT_EQ(made->listeners->at(0).default_actions->at(0).redirect_config->path, "/#{path}");
  Action fixed;
  fixed.type = "fixed-response";
  fixed.fixed_response_config = FixedResponseActionConfig{};
  fixed.fixed_response_config->status_code = "301";
  EXPECT_EQ(code_of(create_listener, listener_input(balancer, fixed, 81)),
            "InvalidLoadBalancerActionException");
  fixed.fixed_response_config->status_code = "404";
  EXPECT_EQ(code_of(create_listener, listener_input(balancer, fixed, 81)), "");
}

TEST_F(Elbv2, RulesStandByPriorityWithTheDefaultLast) {
  const std::string group = make_group();
  const std::string listener = make_listener(make_balancer(), forward(group));
  ASSERT_TRUE(call(create_rule, rule_input(listener, forward(group), 20)));
  ASSERT_TRUE(call(create_rule, rule_input(listener, forward(group), 3, {"/x"})));
  EXPECT_EQ(message_of(create_rule, rule_input(listener, forward(group), 3)),
            "Priority '3' is currently in use");
  EXPECT_EQ(code_of(create_rule, rule_input(listener, forward(group), 50001)), "ValidationError");
  DescribeRulesInput describe;
  describe.listener_arn = listener;
  const auto rules = *call(describe_rules, describe)->rules;
  ASSERT_EQ(rules.size(), 3u);
  EXPECT_EQ(rules[0].priority, "3");
  EXPECT_EQ(rules[0].conditions->at(0).path_pattern_config->values, std::vector<std::string>{"/x"});
  EXPECT_EQ(rules[1].priority, "20");
  EXPECT_EQ(rules[2].priority, "default");
  EXPECT_EQ(rules[2].actions->at(0).target_group_arn, group);
  DeleteRuleInput remove;
  remove.rule_arn = rules[2].rule_arn;
  EXPECT_EQ(code_of(delete_rule, remove), "OperationNotPermittedException");
  SetRulePrioritiesInput swap;
  swap.rule_priorities = {RulePriorityPair{rules[0].rule_arn, 20}, RulePriorityPair{rules[1].rule_arn, 3}};
  EXPECT_EQ(code_of(set_rule_priorities, swap), "");
  EXPECT_EQ(call(describe_rules, describe)->rules->at(0).rule_arn, rules[1].rule_arn);
  swap.rule_priorities = {RulePriorityPair{rules[0].rule_arn, 3}};
  EXPECT_EQ(code_of(set_rule_priorities, swap), "PriorityInUseException");
}

TEST_F(Elbv2, ConditionLimits) {
  const std::string group = make_group();
  const std::string listener = make_listener(make_balancer(), forward(group));
  EXPECT_EQ(
      message_of(create_rule, rule_input(listener, forward(group), 1, {"/1", "/2", "/3", "/4", "/5", "/6"})),
      "A rule can only have '5' condition values");
  EXPECT_EQ(message_of(create_rule, rule_input(listener, forward(group), 1, {"/*/*/*/*/*/*"})),
            "A rule can only have '5' condition wildcards");
  EXPECT_EQ(code_of(create_rule, rule_input(listener, forward(group), 1, {"/with space"})),
            "ValidationError");
  auto input = rule_input(listener, forward(group), 1);
  input.conditions->at(0).field = "colour";
  EXPECT_NE(message_of(create_rule, input).find("Condition field 'colour' must be one of"),
            std::string::npos);
  input.conditions->at(0).field = "source-ip";
  input.conditions->at(0).values = {"10.0.0.0"};
  EXPECT_EQ(code_of(create_rule, input), "ValidationError");
  input.conditions = {RuleCondition{}};
  input.conditions->at(0).field = "query-string";
  input.conditions->at(0).query_string_config = QueryStringConditionConfig{};
  input.conditions->at(0).query_string_config->values = {QueryStringKeyValuePair{"version", "v1"}};
  EXPECT_EQ(code_of(create_rule, input), "");
}

TEST_F(Elbv2, HealthWithEveryReason) {
  const std::string group = make_group();
  RegisterTargetsInput registration;
  registration.target_group_arn = group;
  registration.targets = {TargetDescription{.id = "10.0.1.10"},
                          TargetDescription{.id = "10.0.2.10", .port = 8080}};
  ASSERT_TRUE(call(register_targets, registration));
  auto unused = health(group);
  EXPECT_EQ(unused.target_health_descriptions->at(0).target_health->reason, "Target.NotInUse");
  make_listener(make_balancer(), forward(group));
  auto fresh = health(group);
  const auto& first = fresh.target_health_descriptions->at(0);
  EXPECT_EQ(first.target_health->state, "initial");
  EXPECT_EQ(first.target_health->reason, "Elb.RegistrationInProgress");
  EXPECT_EQ(first.health_check_port, "80");
  EXPECT_EQ(first.target->availability_zone, "us-east-1a");
  EXPECT_EQ(fresh.target_health_descriptions->at(1).health_check_port, "8080");
  DescribeTargetHealthInput other;
  other.target_group_arn = group;
  other.targets = {TargetDescription{.id = "10.0.1.11"}};
  EXPECT_EQ(call(describe_target_health, other)->target_health_descriptions->at(0).target_health->reason,
            "Target.NotRegistered");
  DeregisterTargetsInput leave;
  leave.target_group_arn = group;
  leave.targets = {TargetDescription{.id = "10.0.1.10"}, TargetDescription{.id = "10.0.1.99"}};
  EXPECT_EQ(code_of(deregister_targets, leave), "");
  EXPECT_EQ(health(group).target_health_descriptions->at(0).target_health->reason,
            "Target.DeregistrationInProgress");
}

TEST_F(Elbv2, TargetsInZonesWithoutTheLoadBalancerAreUnused) {
  write([&] { put_subnet("subnet-c", "10.0.4.0/24", "us-east-1c"); });
  const std::string group = make_group();
  make_listener(make_balancer(), forward(group));
  RegisterTargetsInput registration;
  registration.target_group_arn = group;
  registration.targets = {TargetDescription{.id = "10.0.4.10"}};
  ASSERT_TRUE(call(register_targets, registration));
  EXPECT_EQ(health(group).target_health_descriptions->at(0).target_health->description,
            "Target is in an Availability Zone that is not enabled for the load balancer");
}

TEST_F(Elbv2, TargetsLieInTheVpc) {
  RegisterTargetsInput input;
  input.target_group_arn = make_group();
  input.targets = {TargetDescription{.id = "10.9.0.1"}};
  EXPECT_EQ(message_of(register_targets, input),
            "The Availability Zone is required for IP address '10.9.0.1' because it is not in the VPC");
  input.targets = {TargetDescription{.id = "10.0.1.10", .availability_zone = "all"}};
  EXPECT_EQ(
      message_of(register_targets, input),
      "The IP address '10.0.1.10' is within the VPC, and cannot have its Availability Zone overridden to "
      "'all' from 'us-east-1a'");
  input.targets = {TargetDescription{.id = "i-1"}};
  EXPECT_EQ(code_of(register_targets, input), "ValidationError");
  EXPECT_TRUE(store.all<TargetRow>().empty());
}

TEST_F(Elbv2, LookupsThatFail) {
  DescribeLoadBalancersInput balancers;
  balancers.names = {"nope"};
  EXPECT_EQ(message_of(describe_load_balancers, balancers), "Load balancers '[nope]' not found");
  balancers.names.reset();
  balancers.load_balancer_arns = {"arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/nope/1"};
  EXPECT_EQ(message_of(describe_load_balancers, balancers), "One or more load balancers not found");
  balancers.load_balancer_arns = {"nope"};
  EXPECT_EQ(message_of(describe_load_balancers, balancers), "'nope' is not a valid load balancer ARN");
  EXPECT_EQ(message_of(describe_listeners, {}),
            "You must specify either listener ARNs or a load balancer ARN");
  DescribeTargetGroupsInput groups;
  groups.names = {"nope"};
  EXPECT_EQ(code_of(describe_target_groups, groups), "TargetGroupNotFoundException");
}

TEST_F(Elbv2, PagesJoinToTheWhole) {
  for (int i = 0; i < 5; ++i) make_group("tg" + std::to_string(i));
  DescribeTargetGroupsInput input;
  input.page_size = 2;
  std::size_t seen = 0;
  for (int pages = 0; pages < 3; ++pages) {
    auto page = call(describe_target_groups, input);
    seen += page->target_groups->size();
    input.marker = page->next_marker;
  }
  EXPECT_EQ(seen, 5u);
  EXPECT_FALSE(input.marker);
  input.page_size = 401;
  EXPECT_EQ(code_of(describe_target_groups, input), "ValidationError");
}

TEST_F(Elbv2, DeletingALoadBalancerTakesItsListenersAlong) {
  const std::string group = make_group();
  const std::string balancer = make_balancer();
  const std::string listener = make_listener(balancer, forward(group));
  ASSERT_TRUE(call(create_rule, rule_input(listener, forward(group), 1)));
  ModifyLoadBalancerAttributesInput protect;
  protect.load_balancer_arn = balancer;
  protect.attributes = {LoadBalancerAttribute{"deletion_protection.enabled", "true"}};
  ASSERT_TRUE(call(modify_load_balancer_attributes, protect));
  DeleteLoadBalancerInput remove;
  remove.load_balancer_arn = balancer;
  EXPECT_EQ(code_of(delete_load_balancer, remove), "OperationNotPermittedException");
  protect.attributes = {LoadBalancerAttribute{"deletion_protection.enabled", "false"}};
  ASSERT_TRUE(call(modify_load_balancer_attributes, protect));
  EXPECT_EQ(code_of(delete_load_balancer, remove), "");
  EXPECT_EQ(code_of(delete_load_balancer, remove), "");
  EXPECT_TRUE(store.all<ListenerRow>().empty());
  EXPECT_TRUE(store.all<RuleRow>().empty());
  DeleteTargetGroupInput remove_group;
  remove_group.target_group_arn = group;
  EXPECT_EQ(code_of(delete_target_group, remove_group), "");
}

TEST_F(Elbv2, TagsOfEveryKind) {
  const std::string group = make_group();
  const std::string balancer = make_balancer();
  const std::string listener = make_listener(balancer, forward(group));
  AddTagsInput add;
  add.resource_arns = {group, balancer, listener};
  add.tags = {Tag{"team", "learner"}};
  EXPECT_EQ(code_of(add_tags, add), "");
  DescribeTagsInput describe;
  describe.resource_arns = add.resource_arns;
  const auto described = call(describe_tags, describe);
  for (const auto& entry : *described->tag_descriptions) EXPECT_EQ(entry.tags->at(0).value, "learner");
  RemoveTagsInput remove;
  remove.resource_arns = {group};
  remove.tag_keys = {"team"};
  EXPECT_EQ(code_of(remove_tags, remove), "");
  describe.resource_arns = {group};
  EXPECT_TRUE(call(describe_tags, describe)->tag_descriptions->at(0).tags->empty());
  add.tags = {Tag{"a", "1"}, Tag{"a", "2"}};
  EXPECT_EQ(code_of(add_tags, add), "DuplicateTagKeysException");
}

}  // namespace
}  // namespace berth::elbv2
