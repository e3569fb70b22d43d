// The article's boto3 ECS client, as far as it is used: DescribeServices, with credentials found where boto3
// finds them in a task. Failures come as the texts of boto3's exceptions, since those end up in the log.
// Calls block.
#pragma once

#include <functional>
#include <string>
#include <variant>

#include "http_client.h"
#include "json.h"
#include "sigv4.h"

namespace learner {

struct EcsSettings {
  std::string region;
  std::string endpoint;             // AWS_ENDPOINT_URL_ECS or AWS_ENDPOINT_URL
  std::string credentials_url;      // the container credentials endpoint
  std::string authorization_token;  // for that endpoint
  Credentials credentials;          // from the environment; they go first
};

// `get` reads one environment variable, "" when unset.
EcsSettings read_ecs_settings(const std::function<std::string(const char*)>& get);

class EcsClient {
 public:
  struct Failure {
    std::string message;
  };

  explicit EcsClient(EcsSettings settings) : settings_(std::move(settings)) {}

  bool has_region() const { return !settings_.region.empty(); }

  // The response's document.
  std::variant<Value, Failure> describe_services(const std::string& cluster,
                                                 const std::string& service) const;

 private:
  std::variant<Credentials, Failure> find_credentials() const;

  EcsSettings settings_;
};

}  // namespace learner
