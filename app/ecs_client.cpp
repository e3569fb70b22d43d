#include "ecs_client.h"

#include <ctime>

namespace learner {
namespace {

constexpr std::string_view container_credentials_host = "http://169.254.170.2";

std::string string_member(const Value& value, std::string_view name) {
  const Value* member = value.find(name);
  const std::string* text = member ? member->as_string() : nullptr;
  return text ? *text : std::string();
}

Value parse_or_null(std::string_view text) {
  auto parsed = parse_json(text);
  Value* value = std::get_if<Value>(&parsed);
  return value ? std::move(*value) : Value();
}

EcsClient::Failure no_credentials(const std::string& why) {
  return {"Error when retrieving credentials from container-role: Error retrieving metadata: " + why};
}

EcsClient::Failure connection_failure(HttpFailure failure, const std::string& endpoint) {
  switch (failure) {
    case HttpFailure::cannot_connect:
      return {"Could not connect to the endpoint URL: \"" + endpoint + "\""};
    case HttpFailure::timeout:
      return {"Read timeout on endpoint URL: \"" + endpoint + "\""};
    case HttpFailure::bad_answer:
      break;
  }
  return {"Connection was closed before we received a valid response from endpoint URL: \"" + endpoint +
          "\"."};
}

// botocore's ClientError.
EcsClient::Failure client_error(const HttpAnswer& answer) {
  Value body = parse_or_null(answer.body);
  std::string code = string_member(body, "__type");
  code.erase(0, code.rfind('#') + 1);
  if (code.empty()) code = std::to_string(answer.status);
  std::string message = string_member(body, "message");
  if (message.empty()) message = string_member(body, "Message");
  return {"An error occurred (" + code + ") when calling the DescribeServices operation: " + message};
}

}  // namespace

EcsSettings read_ecs_settings(const std::function<std::string(const char*)>& get) {
  auto first_of = [&get](const char* name, const char* other) {
    std::string value = get(name);
    return value.empty() ? get(other) : value;
  };
  EcsSettings settings;
  settings.region = first_of("AWS_REGION", "AWS_DEFAULT_REGION");
  settings.endpoint = first_of("AWS_ENDPOINT_URL_ECS", "AWS_ENDPOINT_URL");
  if (settings.endpoint.empty()) settings.endpoint = "https://ecs." + settings.region + ".amazonaws.com";
  if (!settings.endpoint.ends_with('/')) settings.endpoint += '/';
  std::string relative = get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  settings.credentials_url = relative.empty() ? get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
                                              : std::string(container_credentials_host) + relative;
  settings.authorization_token = get("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  settings.credentials = {get("AWS_ACCESS_KEY_ID"), get("AWS_SECRET_ACCESS_KEY"), get("AWS_SESSION_TOKEN")};
  return settings;
}

// Asked for before every call: the endpoint is local, and a copy would have to be renewed in time.
std::variant<Credentials, EcsClient::Failure> EcsClient::find_credentials() const {
  if (!settings_.credentials.access_key_id.empty()) return settings_.credentials;
  if (settings_.credentials_url.empty()) return Failure{"Unable to locate credentials"};
  auto url = parse_url(settings_.credentials_url);
  if (!url) return no_credentials("Unsupported host '" + settings_.credentials_url + "'");
  Headers headers = {{"accept", "application/json"}};
  if (!settings_.authorization_token.empty())
    headers.push_back({"authorization", settings_.authorization_token});
  auto fetched = fetch("GET", *url, headers, "");
  if (const HttpFailure* failure = std::get_if<HttpFailure>(&fetched)) {
    return no_credentials("Received error when attempting to retrieve container metadata: " +
                          connection_failure(*failure, settings_.credentials_url).message);
  }
  const HttpAnswer& answer = std::get<HttpAnswer>(fetched);
  if (answer.status != 200) {
    return no_credentials("Received non 200 response " + std::to_string(answer.status) +
                          " from container metadata: " + answer.body);
  }
  Value body = parse_or_null(answer.body);
  Credentials found = {string_member(body, "AccessKeyId"), string_member(body, "SecretAccessKey"),
                       string_member(body, "Token")};
  if (found.access_key_id.empty() || found.secret_access_key.empty()) {
    return no_credentials("Unable to parse JSON returned from container metadata services");
  }
  return found;
}

std::variant<Value, EcsClient::Failure> EcsClient::describe_services(const std::string& cluster,
                                                                     const std::string& service) const {
  auto credentials = find_credentials();
  if (const Failure* failure = std::get_if<Failure>(&credentials)) return *failure;
  auto url = parse_url(settings_.endpoint);
  if (!url)
    return connection_failure(HttpFailure::cannot_connect, settings_.endpoint);  // this client has no TLS
  url->path = "/";

  std::string body = to_json(Object{{"cluster", cluster}, {"services", Array{Value(service)}}});
  Headers headers = {{"content-type", "application/x-amz-json-1.1"},
                     {"x-amz-target", "AmazonEC2ContainerServiceV20141113.DescribeServices"}};
  headers = sign(std::get<Credentials>(credentials), settings_.region, "ecs", url->authority(),
                 std::move(headers), body, std::time(nullptr));
  auto fetched = fetch("POST", *url, headers, body);
  if (const HttpFailure* failure = std::get_if<HttpFailure>(&fetched)) {
    return connection_failure(*failure, settings_.endpoint);
  }
  const HttpAnswer& answer = std::get<HttpAnswer>(fetched);
  if (answer.status != 200) return client_error(answer);
  return parse_or_null(answer.body);
}

}  // namespace learner
