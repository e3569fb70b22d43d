#include "wire/wire.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"
#include "model/json_codec.h"
#include "wire/cbor.h"
#include "wire/form.h"
#include "wire/headers.h"
#include "wire/query.h"
#include "wire/rest.h"
#include "wire/validate.h"
#include "wire/xml.h"

namespace berth::wire {

std::string_view Request::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string_view Request::query() const {
  const auto mark = target.find('?');
  return mark == std::string::npos ? std::string_view{} : std::string_view(target).substr(mark + 1);
}

std::string_view Request::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return {};
}

namespace {

// `/service/<target>/operation/<operation>`, below any path that the endpoint has.
void read_cbor_path(std::string_view path, Call& call) {
  const auto service = path.find("/service/");
  const auto operation = path.find("/operation/");
  if (service == std::string_view::npos || operation == std::string_view::npos || operation < service) return;
  const auto start = service + std::string_view("/service/").size();
  call.target = path.substr(start, operation - start);
  call.operation = path.substr(operation + std::string_view("/operation/").size());
}

std::optional<std::string> find_parameter(std::string_view encoded, std::string_view name) {
  while (!encoded.empty()) {
    const auto parameter = encoded.substr(0, encoded.find('&'));
    encoded.remove_prefix(std::min(encoded.size(), parameter.size() + 1));
    const auto equals = parameter.find('=');
    if (equals != std::string_view::npos && parameter.substr(0, equals) == name) {
      return percent_decode(parameter.substr(equals + 1), true);
    }
  }
  return std::nullopt;
}

bool has_form(const Request& request) {
  return request.method == "POST" &&
         request.header("content-type").starts_with("application/x-www-form-urlencoded");
}

Error unknown_operation(const model::Service& service, const Call& call) {
  switch (call.protocol) {
    case Protocol::query:
      return {"InvalidAction",
              fmt::format("Could not find operation {} for version {}", call.operation, service.api_version)};
    case Protocol::ec2:
      return {"InvalidAction",
              fmt::format("The action {} is not valid for this web service.", call.operation)};
    case Protocol::cbor:
      return {"UnknownOperationException", "The operation is not known", 404};
    case Protocol::rest_xml:
      return {"MethodNotAllowed", "The specified method is not allowed against this resource.", 405};
    default:
      return {"UnknownOperationException", fmt::format("The operation '{}' is not known", call.operation)};
  }
}

bool speaks(const model::Service& service, const Call& call) {
  switch (call.protocol) {
    case Protocol::json_1_0:
    case Protocol::json_1_1:
      return service.protocols.json_1_0 || service.protocols.json_1_1;
    case Protocol::query:
      return service.protocols.query;
    case Protocol::ec2:
      return service.protocols.ec2;
    case Protocol::cbor:
      return service.protocols.cbor;
    case Protocol::rest_xml:
      return service.protocols.rest_xml;
  }
  return false;
}

}  // namespace

std::optional<std::string> form_parameter(const Request& request, std::string_view name) {
  if (auto found = find_parameter(request.query(), name)) return found;
  return has_form(request) ? find_parameter(request.body, name) : std::nullopt;
}

Call read_call(const model::Service* service, const Request& request) {
  if (service && service->protocols.rest_xml) return read_rest_call(*service, request);
  Call call;
  call.query_mode = equal_ignoring_case(request.header("x-amzn-query-mode"), "true");
  if (request.header("smithy-protocol") == "rpc-v2-cbor") {
    call.protocol = Protocol::cbor;
    read_cbor_path(request.path(), call);
    return call;
  }
  if (const auto target = request.header("x-amz-target"); !target.empty()) {
    const bool is_1_0 = request.header("content-type").starts_with("application/x-amz-json-1.0");
    call.protocol = is_1_0 ? Protocol::json_1_0 : Protocol::json_1_1;
    const auto dot = target.rfind('.');
    call.target = target.substr(0, dot);
    if (dot != std::string_view::npos) call.operation = target.substr(dot + 1);
    return call;
  }
  call.protocol = service && service->protocols.ec2 ? Protocol::ec2 : Protocol::query;
  call.operation = form_parameter(request, "Action").value_or("");
  // A REST protocol, which none of our services speaks: most of its clients understand a JSON error.
  if (!service && call.operation.empty() && !has_form(request)) call.protocol = Protocol::json_1_1;
  return call;
}

Result<const model::Operation*> find_operation(const model::Service& service, const Call& call) {
  if (call.operation.empty() && (call.protocol == Protocol::query || call.protocol == Protocol::ec2)) {
    return Error{"MissingAction", "The request is missing an action or a required parameter."};
  }
  const bool right_target = call.target.empty() || call.target == service.json_target;
  if (!right_target || !speaks(service, call)) return unknown_operation(service, call);
  if (const auto* operation = service.find_operation(call.operation)) return operation;
  if (!service.knows_operation(call.operation)) return unknown_operation(service, call);
  return Error{"NotImplemented",
               fmt::format("berth does not implement {} of {}; docs/coverage.md lists what it does",
                           call.operation, service.title),
               501};
}

namespace {

Result<> read_json_body(const model::Shape& shape, std::string_view body, void* object) {
  if (trim(body).empty()) return {};
  json::value document;
  JsonError error;
  if (!parse_json(body, document, error)) {
    return Error{"SerializationException", fmt::format("The JSON is malformed at line {} column {}: {}",
                                                       error.line, error.column, error.message)};
  }
  return model::read_json(shape, document, object);
}

Result<> read_form_request(const model::Shape& shape, const Request& request, FormStyle style, void* object) {
  FormReader form;
  if (auto added = form.add(request.query()); !added) return added;
  if (has_form(request)) {
    if (auto added = form.add(request.body); !added) return added;
  }
  return read_form(shape, form.root(), style, object);
}

Result<> read_input(const model::Service& service, const model::Shape& shape, const Call& call,
                    const Request& request, void* object) {
  switch (call.protocol) {
    case Protocol::json_1_0:
    case Protocol::json_1_1:
      return read_json_body(shape, request.body, object);
    case Protocol::query:
      return read_form_request(shape, request, FormStyle::query, object);
    case Protocol::ec2:
      return read_form_request(shape, request, FormStyle::ec2, object);
    case Protocol::rest_xml:
      return read_rest_input(service, shape, call, request, object);
    case Protocol::cbor:
      break;
  }
  if (request.body.empty()) return {};
  return read_cbor(shape, request.body, object);
}

}  // namespace

Result<model::Object> decode(const model::Service& service, const model::Operation& operation,
                             const Call& call, const Request& request) {
  model::Object input = operation.input->make();
  if (auto read = read_input(service, *operation.input, call, request, input.get()); !read) {
    return read.error();
  }
  if (call.protocol == Protocol::rest_xml) return input;  // read_rest_input() has checked what it reads
  if (auto fits = validate(service, *operation.input, input.get(), call.protocol); !fits) return fits.error();
  return input;
}

namespace {

std::string query_body(const model::Service& service, const model::Operation& operation, const void* output,
                       std::string_view request_id) {
  std::string body =
      fmt::format("<{0}Response xmlns=\"{1}\"><{0}Result>", operation.name, service.xml_namespace);
  write_xml_members(*operation.output, output, body);
  fmt::format_to(std::back_inserter(body),
                 "</{0}Result><ResponseMetadata><RequestId>{1}</RequestId></ResponseMetadata></{0}Response>",
                 operation.name, request_id);
  return body;
}

std::string ec2_body(const model::Service& service, const model::Operation& operation, const void* output,
                     std::string_view request_id) {
  std::string body = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{}Response xmlns=\"{}/\"><requestId>{}</requestId>",
      operation.name, service.xml_namespace, request_id);
  write_xml_members(*operation.output, output, body);
  fmt::format_to(std::back_inserter(body), "</{}Response>", operation.name);
  return body;
}

}  // namespace

Response encode(const model::Service& service, const model::Operation& operation, const Call& call,
                const void* output, std::string_view request_id) {
  Response response{200, protocol_headers(call, request_id), {}};
  switch (call.protocol) {
    case Protocol::rest_xml:
      write_rest_output(service, operation, output, response);
      break;
    case Protocol::json_1_0:
    case Protocol::json_1_1:
      model::write_json(*operation.output, output, response.body);
      break;
    case Protocol::cbor:
      write_cbor(*operation.output, output, response.body);
      break;
    case Protocol::query:
      response.body = query_body(service, operation, output, request_id);
      break;
    case Protocol::ec2:
      response.body = ec2_body(service, operation, output, request_id);
      break;
  }
  return response;
}

}  // namespace berth::wire
