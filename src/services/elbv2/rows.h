// What berth keeps of Elastic Load Balancing: load balancers, listeners, rules, target groups and targets.
#pragma once

#include <string>
#include <vector>

#include "model/elbv2.h"
#include "store/row_codec.h"
#include "store/store.h"

namespace berth::elbv2 {

struct LoadBalancerRow {
  static constexpr const char* table = "elbv2.load_balancers";
  std::string arn;
  std::string name;
  LoadBalancer description;  // as DescribeLoadBalancers answers
  std::map<std::string, std::string> attributes;
  std::vector<Tag> tags;
  std::string address;                       // its own loopback address, 127.x.y.z
  std::map<std::string, std::string> nodes;  // subnet -> its address there, see nodes.h

  std::string key() const { return arn; }
};
BOOST_DESCRIBE_STRUCT(LoadBalancerRow, (), (arn, name, description, attributes, tags, address, nodes))

struct ListenerRow {
  static constexpr const char* table = "elbv2.listeners";
  std::string arn;
  std::string load_balancer_arn;
  Listener description;
  std::map<std::string, std::string> attributes;
  std::vector<Tag> tags;

  std::string key() const { return arn; }
};
BOOST_DESCRIBE_STRUCT(ListenerRow, (), (arn, load_balancer_arn, description, attributes, tags))

struct RuleRow {
  static constexpr const char* table = "elbv2.rules";
  std::string arn;
  std::string listener_arn;
  int priority = 0;
  Rule description;
  std::vector<Tag> tags;

  std::string key() const { return arn; }
};
BOOST_DESCRIBE_STRUCT(RuleRow, (), (arn, listener_arn, priority, description, tags))

struct TargetGroupRow {
  static constexpr const char* table = "elbv2.target_groups";
  std::string arn;
  std::string name;
  TargetGroup description;  // without load_balancer_arns, which follow from listeners and rules
  std::map<std::string, std::string> attributes;
  std::vector<Tag> tags;

  std::string key() const { return arn; }
};
BOOST_DESCRIBE_STRUCT(TargetGroupRow, (), (arn, name, description, attributes, tags))

// A registered target. It stays, draining, from deregistration until the delay is over, then the row goes.
struct TargetRow {
  static constexpr const char* table = "elbv2.targets";
  std::string target_group_arn;
  std::string address;  // ip targets only
  int port = 0;
  std::string state = "initial";  // initial | healthy | unhealthy | draining
  std::string reason = "Elb.RegistrationInProgress";
  std::string description = "Target registration is in progress";
  bool was_healthy = false;
  Time registered_at{};
  Time state_since{};
  std::optional<Time> drain_until;

  std::string key() const { return target_group_arn + "|" + address + ":" + std::to_string(port); }
};
BOOST_DESCRIBE_STRUCT(TargetRow, (),
                      (target_group_arn, address, port, state, reason, description, was_healthy,
                       registered_at, state_since, drain_until))

void add_tables(Store& store);

}  // namespace berth::elbv2
