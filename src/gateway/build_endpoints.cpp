#include "gateway/build_endpoints.h"

#include "gateway/role_credentials.h"
#include "services/codebuild/rows.h"

namespace berth::gateway {

void BuildEndpoints::handle(const std::string& build_id, wire::Request request,
                            const std::string& remote_address, net::Respond respond) {
  const std::string path(request.path());
  if (request.method == "GET" && path.starts_with(credentials_path)) {
    return respond(credentials(build_id, std::string_view(path).substr(credentials_path.size())));
  }
  api_.handle(std::move(request), remote_address, std::move(respond));
}

wire::Response BuildEndpoints::credentials(const std::string& build_id, std::string_view asked_for) const {
  for (const auto& [id, row] : store_.all<codebuild::BuildRow>()) {
    if (row.uuid() != build_id || asked_for != build_id || row.is_complete()) continue;
    const std::string role_name = row.build.service_role.value_or("");
    const auto* role = iam::find_role(store_, role_name);
    if (role) return role_credentials(store_, loop_, *role, "AWSCodeBuild-" + build_id);
    return credentials_refusal(400, "NoAssociatedRole", "The service role does not exist: " + role_name);
  }
  return credentials_refusal(400, "InvalidIdInRequest", "CredentialsV2Request: Credentials not found");
}

}  // namespace berth::gateway
