#include <fmt/format.h>

#include "wire/cbor.h"
#include "wire/headers.h"
#include "wire/wire.h"
#include "wire/xml.h"

namespace berth::wire {
namespace {

// An error's name in the two families of protocols, and its HTTP status.
struct Spelling {
  std::string name;
  std::string query_code;
  int status;

  const char* fault() const { return status >= 500 ? "Receiver" : "Sender"; }
};

Spelling spell(const model::Service* service, const Error& error) {
  const model::ErrorShape* shape = service ? service->find_error(error.code) : nullptr;
  Spelling spelling{error.code, error.code, error.code == "InternalFailure" ? 500 : 400};
  if (shape) spelling = {shape->name, shape->query_code, shape->status};
  if (error.status != 0) spelling.status = error.status;
  return spelling;
}

json::object error_document(const Spelling& spelling, const Error& error) {
  json::object document;
  document["__type"] = spelling.name;
  document["message"] = error.message;
  for (const auto& member : error.detail) document[member.key()] = member.value();
  return document;
}

std::string query_error_body(const model::Service* service, const Spelling& spelling, const Error& error,
                             std::string_view request_id) {
  std::string body = "<ErrorResponse";
  if (service) fmt::format_to(std::back_inserter(body), " xmlns=\"{}\"", service->xml_namespace);
  body += "><Error>";
  write_xml_text("Type", spelling.fault(), body);
  write_xml_text("Code", spelling.query_code, body);
  write_xml_text("Message", error.message, body);
  write_xml_detail(error.detail, body);
  body += "</Error>";
  write_xml_text("RequestId", request_id, body);
  body += "</ErrorResponse>";
  return body;
}

std::string ec2_error_body(const Spelling& spelling, const Error& error, std::string_view request_id) {
  std::string body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>";
  write_xml_text("Code", spelling.query_code, body);
  write_xml_text("Message", error.message, body);
  write_xml_detail(error.detail, body);
  body += "</Error></Errors>";
  write_xml_text("RequestID", request_id, body);
  body += "</Response>";
  return body;
}

std::string rest_error_body(const Spelling& spelling, const Error& error, std::string_view request_id) {
  std::string body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>";
  write_xml_text("Code", spelling.query_code, body);
  write_xml_text("Message", error.message, body);
  write_xml_detail(error.detail, body);
  write_xml_text("RequestId", request_id, body);
  write_xml_text("HostId", request_id, body);
  body += "</Error>";
  return body;
}

}  // namespace

Response encode_error(const model::Service* service, const Call& call, const Error& error,
                      std::string_view request_id) {
  const Spelling spelling = spell(service, error);
  Response response{spelling.status, protocol_headers(call, request_id), {}};
  switch (call.protocol) {
    case Protocol::query:
      response.body = query_error_body(service, spelling, error, request_id);
      return response;
    case Protocol::ec2:
      response.body = ec2_error_body(spelling, error, request_id);
      return response;
    case Protocol::rest_xml:
      response.headers.emplace_back("Content-Type", "application/xml");
      response.body = rest_error_body(spelling, error, request_id);
      return response;
    case Protocol::json_1_0:
    case Protocol::json_1_1:
      response.body = json::serialize(error_document(spelling, error));
      break;
    case Protocol::cbor:
      write_cbor_json(error_document(spelling, error), response.body);
      break;
  }
  response.headers.emplace_back("x-amzn-errortype", spelling.name);
  if (call.query_mode) {
    response.headers.emplace_back("x-amzn-query-error",
                                  fmt::format("{};{}", spelling.query_code, spelling.fault()));
  }
  return response;
}

}  // namespace berth::wire
