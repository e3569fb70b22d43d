#include "gateway/authorizer.h"

#include <fmt/format.h>

#include "base/text.h"
#include "gateway/resource_arns.h"
#include "services/iam/authorization.h"

namespace berth::gateway {
namespace {

// These ask for no permission, or ask a role's trust policy as well: their handlers say what is allowed.
bool judges_itself(const model::Service& service) {
  return service.name == std::string_view("sts");
}

std::string without_port(const std::string& address) {
  const auto colon = address.rfind(':');
  return colon == std::string::npos || address.find(':') != colon ? address : address.substr(0, colon);
}

// The same refusal in the words of each protocol.
Error spelled(const Error& error, const std::string& action, const model::Service& service,
              wire::Protocol protocol) {
  if (protocol == wire::Protocol::ec2) {
    const std::string text = replace_all(error.message, " on resource: * ", " ");
    return {"UnauthorizedOperation", "You are not authorized to perform this operation. " + text, 403};
  }
  if (service.name == std::string_view("sns") && action.starts_with("sns:")) {
    return {"AuthorizationError", error.message, 403};
  }
  if (protocol == wire::Protocol::query || protocol == wire::Protocol::rest_xml)
    return {"AccessDenied", error.message, 403};
  return {"AccessDeniedException", error.message, 400};
}

}  // namespace

Result<> Authorizer::check(const Principal& caller, const std::string& remote_address,
                           const model::Service& service, const model::Operation& operation,
                           const void* input, wire::Protocol protocol) const {
  if (caller.role_arn.empty() || judges_itself(service)) return {};
  control::PolicyRequest request;
  request.keys = {{"aws:principalarn", {caller.role_arn}},
                  {"aws:principalaccount", {settings_.account}},
                  {"aws:principaltype", {"AssumedRole"}},
                  {"aws:userid", {caller.user_id}},
                  {"aws:requestedregion", {settings_.region}},
                  {"aws:sourceip", {without_port(remote_address)}},
                  {"aws:securetransport", {"false"}},
                  {"aws:currenttime", {iso_s(loop_.now())}},
                  {"aws:epochtime", {std::to_string(loop_.now().us / us_per_second)}}};
  add_input_keys(settings_, service, operation, input, request);
  for (auto& permission : needed_permissions(settings_, service, operation, input)) {
    request.action = permission.action;
    request.resource = permission.resource;
    const auto allowed = iam::check_allowed(store_, caller.role_arn, caller.arn, request);
    if (!allowed) return spelled(allowed.error(), request.action, service, protocol);
  }
  return {};
}

}  // namespace berth::gateway
