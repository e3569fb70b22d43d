#include "application.h"

#include <algorithm>

#include "log.h"
#include "responses.h"
#include "submit.h"

namespace learner {
namespace {

struct Route {
  std::string_view path;
  std::string_view method;
};

constexpr Route routes[] = {{"/", "GET"},          {"/api/health", "GET"},    {"/api/submit", "POST"},
                            {"/api/load", "GET"},  {"/api/quickload", "GET"}, {"/api/scalinginfo", "GET"},
                            {"/api/error", "GET"}, {"/api/notfound", "GET"}};

const Route* find_route(std::string_view path) {
  auto route =
      std::find_if(std::begin(routes), std::end(routes), [path](const Route& r) { return r.path == path; });
  return route == std::end(routes) ? nullptr : route;
}

// Starlette sends a path with one slash too many or too few to where it would have been found.
std::optional<std::string> redirect_path(std::string path) {
  if (path == "/") return std::nullopt;
  if (path.ends_with('/'))
    path.erase(path.find_last_not_of('/') + 1);
  else
    path += '/';
  if (find_route(path) == nullptr) return std::nullopt;
  return path;
}

Response redirect(const Request& request, const std::string& path) {
  const std::string* host = find_header(request.headers, "host");
  std::string url = (host ? "http://" + *host : std::string()) + path;
  if (!request.query.empty()) url += "?" + request.query;
  Response response{.status = 307, .body = "", .content_type = ""};
  response.headers = {{"location", percent_encode(url, ":/%#?=@[]!$&'()*+,;")}};
  return response;
}

std::chrono::seconds article_duration(Burst burst) {
  return std::chrono::seconds(burst == Burst::load ? 60 : 10);
}

}  // namespace

std::optional<Response> Application::handle(const Request& request, Ticket ticket, TimePoint now) {
  const Route* route = find_route(request.path);
  if (route == nullptr) {
    auto elsewhere = redirect_path(request.path);
    return elsewhere ? redirect(request, *elsewhere) : http_exception(404, "Not Found");
  }
  if (request.method != route->method) {
    Response response = http_exception(405, "Method Not Allowed");
    response.headers = {{"allow", std::string(route->method)}};
    return response;
  }
  return dispatch(route->path, request, ticket, now);
}

std::optional<Response> Application::dispatch(std::string_view path, const Request& request, Ticket ticket,
                                              TimePoint now) {
  if (path == "/") return json_response(200, "Hello from ECS Fargate Service!");
  if (path == "/api/health") return json_response(200, Object{{"status", "healthy"}});
  if (path == "/api/submit") return submit(request);
  if (path == "/api/error") {
    log_service("ERROR", "Intentional error triggered");
    return http_exception(500, "Internal server error");
  }
  if (path == "/api/notfound") {
    log_service("WARNING", "Resource not found");
    return http_exception(404, "Resource not found");
  }
  if (path == "/api/scalinginfo") return scaling_info_.ask(ticket);
  start(path == "/api/load" ? Burst::load : Burst::quickload, ticket, now);
  return std::nullopt;
}

void Application::start(Burst burst, Ticket ticket, TimePoint now) {
  std::chrono::duration<double> real_duration = article_duration(burst) / time_scale_;
  TimePoint end = now + std::chrono::duration_cast<Clock::duration>(real_duration);
  busy_.run(burst, end);
  running_.push_back({ticket, burst, end});
}

Response Application::finish(Burst burst) const {
  if (burst == Burst::quickload) {
    return json_response(200, Object{{"status", "burst_completed"}, {"duration", "10s"}});
  }
  log_service("INFO", "CPU load generation completed");
  return json_response(
      200, Object{{"status", "load_generated"}, {"duration", "60s"}, {"threads", busy_.thread_count(burst)}});
}

std::vector<Answer> Application::take_ready(TimePoint now) {
  std::vector<Answer> ready = scaling_info_.take_ready();
  for (const Running& running : running_) {
    if (running.end <= now) ready.push_back({running.ticket, finish(running.burst)});
  }
  std::erase_if(running_, [now](const Running& running) { return running.end <= now; });
  return ready;
}

std::optional<TimePoint> Application::next_ready() const {
  if (running_.empty()) return std::nullopt;
  auto sooner = [](const Running& a, const Running& b) { return a.end < b.end; };
  return std::min_element(running_.begin(), running_.end(), sooner)->end;
}

}  // namespace learner
