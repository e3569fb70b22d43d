// Outside: what a template refers to and does not create. The simulator makes it up (a network, a load
// balancer, names in SSM, a cluster) and says so; what cannot be guessed from where it is used is an error
// that names the parameter.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "cloudformation/template/template.h"

namespace berth::study {

using Values = std::map<std::string, std::string>;

enum class OutsideKind {
  none,
  subnets,
  subnet,
  security_group,
  vpc,
  target_group,
  load_balancer,
  listener,
  cluster,
  image,
  email,
  role
};

struct OutsideNeed {
  OutsideKind kind = OutsideKind::none;
  std::string parameter;  // of the template
  std::string ssm_name;   // the SSM parameter to make; empty: the template's parameter gets the value itself
};

struct Outside {
  std::vector<OutsideNeed> needs;
  std::vector<std::string> clusters;  // by name
  std::vector<std::string> roles;     // by name
  bool needs_network() const;
};

// `given`: the values a person passed for the template's parameters.
Result<Outside> outside_of(const cfn::Template& of, const Values& given);

// The template of the network and load balancer that are made up; its outputs are named by output_of().
extern const char* const surroundings_template;
std::string_view output_of(OutsideKind kind);
// "two public subnets", "an image", ... for telling a person.
std::string_view words_for(OutsideKind kind);

}  // namespace berth::study
