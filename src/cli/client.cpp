#include "cli/client.h"

#include <fmt/format.h>

#include <cstdlib>
#include <iostream>

#include "base/data_dir.h"
#include "base/digest.h"
#include "loop/asio_loop.h"
#include "net/http_client.h"

namespace berth::cli {
namespace {

constexpr const char* standard_endpoint = "http://127.0.0.1:4566";
constexpr const char* standard_region = "us-east-1";

// berthd's own words where it has some.
std::string reason_of(const net::HttpResponse& response) {
  json::value body;
  JsonError problem;
  const std::string message = parse_json(response.body, body, problem) ? string_or(body, "message") : "";
  return message.empty() ? fmt::format("berthd answers {}: {}", response.status, response.body) : message;
}

Result<std::string> exchange(const Where& where, const std::string& method, const std::string& path) {
  AsioLoop loop(machine_date(), 1, 0);
  net::HttpClient client(loop);
  net::HttpRequest request;
  request.method = method;
  request.url = where.endpoint + path;
  request.timeout = RealDuration::seconds(180);  // taking everything down waits for SIGTERM and drains
  if (const auto key = read_root_key(where.data_dir)) {
    request.headers.emplace_back("Authorization",
                                 "Basic " + base64(key->access_key_id + ":" + key->secret_access_key));
  }
  Result<std::string> answer = Error{"NoAnswer", "no answer"};
  // The answer comes from another thread: the loop has to wait for it.
  auto waiting = boost::asio::make_work_guard(loop.io());
  client.send(std::move(request), [&](Result<net::HttpResponse> response) {
    if (!response) {
      const bool too_late = response.error().code == net::http_timeout;
      answer = Error{too_late ? "TooLate" : "Unreachable", response.error().message};
    } else if (response->status != 200) {
      answer = Error{response->status == 403 ? "Refused" : "Failed", reason_of(*response)};
    } else {
      answer = std::move(response->body);
    }
    waiting.reset();
    loop.stop();
  });
  loop.run();
  return answer;
}

}  // namespace

namespace {

std::string endpoint_in_environment() {
  for (const char* name : {"BERTH_ENDPOINT", "AWS_ENDPOINT_URL"}) {
    const char* value = std::getenv(name);
    if (value && *value) return value;
  }
  return {};
}

}  // namespace

void complete(Where& where) {
  const auto known = find_out_where(where.data_dir);
  if (where.endpoint.empty()) where.endpoint = endpoint_in_environment();
  if (where.endpoint.empty()) where.endpoint = known ? known->endpoint : standard_endpoint;
  if (where.region.empty()) where.region = known ? known->region : standard_region;
}

Result<std::string> get(const Where& where, const std::string& path) {
  return exchange(where, "GET", path);
}

Result<std::string> post(const Where& where, const std::string& path) {
  return exchange(where, "POST", path);
}

Result<json::value> get_json(const Where& where, const std::string& path) {
  auto body = get(where, path);
  if (!body) return body.error();
  json::value value;
  JsonError error;
  if (!parse_json(*body, value, error))
    return Error{"Failed", "berthd's answer is not JSON: " + error.message};
  return value;
}

int explain(const Where& where, const Error& error) {
  std::cerr << "berth: " << error.message << "\n";
  if (error.code == "Unreachable") {
    std::cerr << "Is berthd running at " << where.endpoint << "? Start it with `berthd --data-dir "
              << where.data_dir << "`, or name another with --endpoint.\n";
  } else if (error.code == "Refused") {
    std::cerr << "The key in " << credentials_path(where.data_dir)
              << " does not open this berthd: name its data folder with --data-dir.\n";
  }
  return 1;
}

}  // namespace berth::cli
