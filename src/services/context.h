// What a handler gets and how a request finds it. A handler checks, reads and writes the store in one
// transaction and answers; it never waits and never touches the world.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/arn.h"
#include "base/result.h"
#include "loop/loop.h"
#include "model/shape.h"
#include "store/store.h"

namespace berth {

namespace cloudwatch {
class MetricStore;
}
namespace s3 {
struct ReceivedObject;
}
class BlobFiles;
struct BlobSlice;
class LogEvents;

// Where a task finds its metadata and its credentials: the link-local address that ECS uses.
inline constexpr const char* container_endpoint = "http://169.254.170.2";
// AWS's API, as containers find it: outside of every VPC, at the port that the real one has.
inline constexpr const char* tasks_api_endpoint = "http://198.51.100.1:443";

// What does not change while the daemon runs.
struct Settings {
  std::string account = "123456789012";
  std::string region = "us-east-1";
  std::string endpoint = "http://127.0.0.1:4566";   // as containers and links name it
  std::string registry_address = "127.0.0.1:5000";  // of ECR's registry, as `podman login` names it
  std::string registry_key;                         // signs its passwords
  bool strict_aws = false;  // leave out what AWS does not have (RunningTaskCount in AWS/ECS, ...)
  double host_vcpu = 0;     // of the machine that runs the tasks; 0: not known
  std::int64_t host_memory_bytes = 0;
  double cpu_overcommit = 4;  // vCPU of running tasks per host vCPU

  std::string arn(std::string_view service, std::string_view resource) const {
    return Arn{"aws", std::string(service), region, account, std::string(resource)}.text();
  }
  // IAM's ARNs and those of S3 name no region.
  std::string global_arn(std::string_view service, std::string_view resource) const {
    return Arn{"aws", std::string(service), "", account, std::string(resource)}.text();
  }
};

// Who signed the request.
struct Principal {
  std::string arn;  // arn:aws:iam::123456789012:root, or an assumed role's
  std::string user_id;
  std::string access_key_id;
  std::string
      role_arn{};  // the role whose policies say what it may; empty: the account's root, which may all
};

struct Context {
  Store& store;
  Loop& loop;
  const Settings& settings;
  cloudwatch::MetricStore& metrics;
  LogEvents& log_events;
  Principal principal{};
  std::string request_id{};
  BlobFiles* blobs = nullptr;                    // null where nothing is on a disk: a simulation
  const s3::ReceivedObject* received = nullptr;  // the bytes that came with the request, when it has such
  std::vector<BlobSlice>* sending = nullptr;     // where a handler says which bytes the answer has

  Time now() const { return loop.now(); }
  Rng& ids() const { return loop.rng("ids"); }
};

namespace services {

// Runs one handler on a decoded input and returns the output.
using Invoke = Result<model::Object> (*)(Context& context, const void* input);

struct ServiceHandlers {
  const model::Service& service;
  std::span<const Invoke> invoke;  // in the order of service.operations
};

template <class In, class Out, Result<Out> (*handler)(Context&, const In&)>
Result<model::Object> invoke(Context& context, const void* input) {
  Result<Out> output = handler(context, *static_cast<const In*>(input));
  if (!output) return output.error();
  return model::Object(new Out(std::move(*output)), [](void* object) { delete static_cast<Out*>(object); });
}

}  // namespace services
}  // namespace berth
