#include "responses.h"

#include "log.h"

namespace learner {

Response json_response(int status, const Value& value) {
  if (is_sendable(value)) return {.status = status, .body = to_json(value)};
  log_server("ERROR", "Exception in ASGI application: the response cannot be written as JSON");
  return {.status = 500, .body = "Internal Server Error", .content_type = "text/plain; charset=utf-8"};
}

Response http_exception(int status, Value detail) {
  return json_response(status, Object{{"detail", std::move(detail)}});
}

}  // namespace learner
