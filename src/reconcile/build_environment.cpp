#include "reconcile/build_environment.h"

#include "services/lists.h"
#include "services/ssm/rows.h"

namespace berth::reconcile {
namespace {

using Variables = std::map<std::string, std::string>;

Result<> add_parameter(const Store& store, Variables& to, const std::string& name,
                       const std::string& parameter) {
  const auto found = ssm::find_parameter(store, parameter);
  if (!found.version) return Error{"Decrypted Variables Error", "parameter does not exist: " + parameter};
  to[name] = found.version->value;
  return {};
}

Error no_secrets(const std::string& name, const std::string& secret) {
  return {"Secrets Manager Error Message",
          "berth has no Secrets Manager yet: " + name + " cannot be given the secret " + secret};
}

}  // namespace

Result<Variables> build_variables(const Store& store, const codebuild::BuildRow& row,
                                  const control::Buildspec& spec) {
  Variables out = spec.variables;
  for (const auto& [name, secret] : spec.secrets) return no_secrets(name, secret);
  for (const auto& [name, parameter] : spec.parameters) {
    if (auto added = add_parameter(store, out, name, parameter); !added) return added.error();
  }
  if (!row.build.environment) return out;
  for (const auto& variable : services::list_of(row.build.environment->environment_variables)) {
    const std::string name = variable.name.value_or("");
    const std::string value = variable.value.value_or("");
    if (variable.type == "SECRETS_MANAGER") return no_secrets(name, value);
    if (variable.type == "PARAMETER_STORE") {
      if (auto added = add_parameter(store, out, name, value); !added) return added.error();
    } else {
      out[name] = value;
    }
  }
  return out;
}

Variables codebuild_variables(const Settings& settings, const codebuild::BuildRow& row,
                              const std::string& source_folder) {
  const auto& build = row.build;
  Variables out{{"AWS_DEFAULT_REGION", settings.region},
                {"AWS_REGION", settings.region},
                {"AWS_ENDPOINT_URL", container_endpoint},
                {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/" + row.uuid()},
                {"CI", "true"},
                {"HOME", "/root"},
                {"CODEBUILD_CI", "true"},
                {"CODEBUILD_BUILD_ARN", build.arn.value_or("")},
                {"CODEBUILD_BUILD_ID", row.id},
                {"CODEBUILD_BUILD_NUMBER", std::to_string(build.build_number.value_or(0))},
                {"CODEBUILD_BUILD_IMAGE", build.environment ? build.environment->image.value_or("") : ""},
                {"CODEBUILD_BUILD_SUCCEEDING", "1"},
                {"CODEBUILD_INITIATOR", build.initiator.value_or("")},
                {"CODEBUILD_KMS_KEY_ID", build.encryption_key.value_or("")},
                {"CODEBUILD_LOG_PATH", row.uuid()},
                {"CODEBUILD_SRC_DIR", source_folder},
                {"CODEBUILD_SOURCE_VERSION", build.source_version.value_or("")},
                {"CODEBUILD_RESOLVED_SOURCE_VERSION", build.resolved_source_version.value_or("")},
                {"CODEBUILD_SOURCE_REPO_URL", build.source ? build.source->location.value_or("") : ""},
                {"CODEBUILD_START_TIME", std::to_string(unix_ms(build.start_time.value_or(Time{})))}};
  if (build.logs && build.logs->stream_name) out["CODEBUILD_LOG_PATH"] = *build.logs->stream_name;
  return out;
}

}  // namespace berth::reconcile
