#include "submit.h"

#include <algorithm>
#include <optional>

#include "json.h"
#include "log.h"
#include "responses.h"

namespace learner {
namespace {

// Up to version 0.110.1 FastAPI passes pydantic's links on.
constexpr std::string_view error_url = "https://errors.pydantic.dev/2.5/v/";

Response validation_error(Object error) {
  return json_response(422, Object{{"detail", Array{Value(std::move(error))}}});
}

Response pydantic_error(const char* type, Array where, const char* message, Value input) {
  return validation_error({{"type", type},
                           {"loc", std::move(where)},
                           {"msg", message},
                           {"input", std::move(input)},
                           {"url", std::string(error_url) + type}});
}

Response missing_body() {
  return pydantic_error("missing", {"body"}, "Field required", nullptr);
}

Response invalid_json(const DecodeError& error) {
  return validation_error({{"type", "json_invalid"},
                           {"loc", Array{"body", Integer{std::to_string(error.position)}}},
                           {"msg", "JSON decode error"},
                           {"input", Object{}},
                           {"ctx", Object{{"error", error.message}}}});
}

// email.message's reading of Content-Type: without exactly one slash it is text/plain.
bool is_json_type(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.pop_back();
  for (char& c : type) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (std::count(type.begin(), type.end(), '/') != 1 || !type.starts_with("application/")) return false;
  std::string_view subtype = std::string_view(type).substr(type.find('/') + 1);
  return subtype == "json" || subtype.ends_with("+json");
}

Response accept(const std::string& name) {
  Object data = {{"name", name}};
  if (is_sendable(data)) log_service("INFO", "Data received: " + repr(data));
  return json_response(200, Object{{"message", "Happy learning, " + name + "!"}, {"data", data}});
}

}  // namespace

Response submit(const Request& request) {
  if (request.body.empty()) return missing_body();
  const std::string* content_type = find_header(request.headers, "content-type");
  Value body = request.body;  // what is not called JSON is validated as bytes
  if (content_type == nullptr || content_type->empty() || is_json_type(*content_type)) {
    auto parsed = parse_json(request.body);
    if (std::holds_alternative<Unreadable>(parsed)) {
      return http_exception(400, "There was an error parsing the body");
    }
    if (const DecodeError* error = std::get_if<DecodeError>(&parsed)) return invalid_json(*error);
    body = std::move(std::get<Value>(parsed));
  }
  if (body.is_null()) return missing_body();
  if (body.as_object() == nullptr) {
    return pydantic_error("model_attributes_type", {"body"},
                          "Input should be a valid dictionary or object to extract fields from",
                          std::move(body));
  }
  const Value* name = body.find("name");
  if (name == nullptr) return accept("User");
  if (name->as_string() == nullptr) {
    return pydantic_error("string_type", {"body", "name"}, "Input should be a valid string", *name);
  }
  return accept(*name->as_string());
}

}  // namespace learner
