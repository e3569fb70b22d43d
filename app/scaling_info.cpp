#include "scaling_info.h"

#include <unistd.h>

#include <utility>

#include "json.h"
#include "log.h"
#include "responses.h"

namespace learner {
namespace {

constexpr const char* cluster_name = "learner-cluster";
constexpr const char* service_name = "learner-svc-service";

Response unable(const std::string& why) {
  log_service("ERROR", "Error getting scaling info: " + why);
  return json_response(200, Object{{"error", "Unable to fetch scaling information"}});
}

}  // namespace

Response scaling_info_response(const std::variant<Value, EcsClient::Failure>& described) {
  if (const auto* failure = std::get_if<EcsClient::Failure>(&described)) return unable(failure->message);
  const Value* services = std::get<Value>(described).find("services");
  if (services == nullptr || services->as_array() == nullptr) return unable("'services'");
  if (services->as_array()->empty()) return json_response(200, Object{{"error", "Service not found"}});
  const Value& service = services->as_array()->front();
  Object body = {{"cluster", cluster_name}, {"service", service_name}};
  constexpr std::pair<const char*, const char*> members[] = {{"desired_count", "desiredCount"},
                                                             {"running_count", "runningCount"},
                                                             {"pending_count", "pendingCount"},
                                                             {"status", "status"}};
  for (auto [ours, theirs] : members) {
    const Value* member = service.find(theirs);
    if (member == nullptr) return unable("'" + std::string(theirs) + "'");
    body.emplace_back(ours, *member);
  }
  body.emplace_back("active_requests", 0);  // the article never counts it up
  return json_response(200, body);
}

ScalingInfo::ScalingInfo(EcsClient client, int wake_fd) : client_(std::move(client)), wake_fd_(wake_fd) {
  if (!client_.has_region()) {
    log_service("WARNING", "Could not initialize ECS client: You must specify a region.");
  }
}

ScalingInfo::~ScalingInfo() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  asked_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::optional<Response> ScalingInfo::ask(Ticket ticket) {
  if (!client_.has_region()) return json_response(200, Object{{"error", "ECS client not available"}});
  {
    std::lock_guard lock(mutex_);
    waiting_.push_back(ticket);
  }
  if (!thread_.joinable()) thread_ = std::thread(&ScalingInfo::work, this);
  asked_.notify_all();
  return std::nullopt;
}

std::vector<Answer> ScalingInfo::take_ready() {
  std::lock_guard lock(mutex_);
  return std::exchange(ready_, {});
}

void ScalingInfo::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    asked_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    std::vector<Ticket> tickets = std::exchange(waiting_, {});
    lock.unlock();
    Response response = scaling_info_response(client_.describe_services(cluster_name, service_name));
    lock.lock();
    for (Ticket ticket : tickets) ready_.push_back({ticket, response});
    std::uint64_t one = 1;
    [[maybe_unused]] ssize_t written = write(wake_fd_, &one, sizeof one);
  }
}

}  // namespace learner
