#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "base/data_dir.h"
#include "base/text.h"
#include "cli/commands.h"

namespace berth::cli {
namespace {

// In single quotes, so that the shell takes every character as it is.
std::string quoted(const std::string& text) {
  return "'" + replace_all(text, "'", "'\\''") + "'";
}

// awscli 1 before 1.29 and 2 before 2.13 do not know AWS_ENDPOINT_URL: they get the flag through a function.
constexpr const char* old_cli_function =
    "unset -f aws 2>/dev/null\n"
    "case \"$(command aws --version 2>&1)\" in\n"
    "  aws-cli/1.[0-9].*|aws-cli/1.1[0-9].*|aws-cli/1.2[0-8].*|aws-cli/2.[0-9].*|aws-cli/2.1[0-2].*)\n"
    "    aws() { command aws --endpoint-url \"$AWS_ENDPOINT_URL\" \"$@\"; } ;;\n"
    "esac\n";

}  // namespace

int print_env(const Where& where) {
  const std::string data_dir = std::filesystem::absolute(where.data_dir).lexically_normal().string();
  const auto key = read_root_key(data_dir);
  if (!key) {
    std::cerr << "berth: no root key in " << credentials_path(data_dir)
              << "; berthd makes it at its first start (berthd --data-dir " << data_dir << ")\n";
    return 1;
  }
  std::string text =
      "unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN AWS_SECURITY_TOKEN AWS_ROLE_ARN "
      "AWS_WEB_IDENTITY_TOKEN_FILE AWS_CONTAINER_CREDENTIALS_RELATIVE_URI "
      "AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_CA_BUNDLE\n";
  const auto set = [&](const char* name, const std::string& value) {
    text += fmt::format("export {}={}\n", name, quoted(value));
  };
  // Files of berth's own: whatever stands in ~/.aws, no command reaches the real AWS.
  set("AWS_CONFIG_FILE", "/dev/null");
  set("AWS_SHARED_CREDENTIALS_FILE", credentials_path(data_dir));
  set("AWS_ACCESS_KEY_ID", key->access_key_id);
  set("AWS_SECRET_ACCESS_KEY", key->secret_access_key);
  set("AWS_DEFAULT_REGION", where.region);
  set("AWS_REGION", where.region);
  set("AWS_ENDPOINT_URL", where.endpoint);
  set("AWS_EC2_METADATA_DISABLED", "true");
  set("AWS_PAGER", "");
  set("BERTH_ENDPOINT", where.endpoint);
  set("BERTH_DATA_DIR", data_dir);
  std::cout << text << old_cli_function;
  return 0;
}

}  // namespace berth::cli
