#include "wire/rest.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "base/digest.h"
#include "base/text.h"
#include "wire/validate.h"
#include "wire/xml.h"
#include "wire/xml_reader.h"

namespace berth::wire {
namespace {

using model::Kind;
using model::Location;
using model::Member;
using model::Shape;

struct QueryPart {
  std::string name;
  std::string value;
};

std::vector<QueryPart> query_parts(std::string_view query) {
  std::vector<QueryPart> parts;
  for (const auto& text : split(query, '&')) {
    if (text.empty()) continue;
    const auto equals = text.find('=');
    const std::string_view name = std::string_view(text).substr(0, equals);
    const std::string_view value =
        equals == std::string::npos ? std::string_view{} : std::string_view(text).substr(equals + 1);
    parts.push_back({percent_decode(name, true).value_or(std::string(name)),
                     percent_decode(value, true).value_or(std::string(value))});
  }
  return parts;
}

const QueryPart* find_part(const std::vector<QueryPart>& parts, std::string_view name) {
  const auto found =
      std::find_if(parts.begin(), parts.end(), [&](const auto& part) { return part.name == name; });
  return found == parts.end() ? nullptr : &*found;
}

// "bucket.s3.localhost:4566", "bucket.s3.us-east-1.localhost", "bucket.localhost" -> "bucket"; else empty.
std::string bucket_of_host(std::string_view host) {
  constexpr std::string_view local = ".localhost";
  std::string name = lower(host.substr(0, host.rfind(':')));
  if (!name.ends_with(local)) return {};
  name.resize(name.size() - local.size());
  if (name == "s3" || name.starts_with("s3.")) return {};
  return name.substr(0, name.find(".s3"));
}

void read_place(const Request& request, Call& call) {
  std::string_view path = request.path();
  if (!path.empty()) path.remove_prefix(1);
  call.bucket = bucket_of_host(request.header("host"));
  if (call.bucket.empty()) {
    const auto slash = path.find('/');
    call.bucket = percent_decode(path.substr(0, slash)).value_or("");
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
  }
  call.key = percent_decode(path).value_or(std::string(path));
}

// How much the route asks for, when the request has all of it.
std::optional<std::size_t> fit(const model::RestRoute& route, const Request& request, const Call& call,
                               const std::vector<QueryPart>& query) {
  if (request.method != route.method || call.bucket.empty() == route.bucket ||
      call.key.empty() == route.key) {
    return std::nullopt;
  }
  std::size_t asked = 0;
  for (const auto& wanted : split(route.query, ' ')) {
    if (wanted.empty()) continue;
    const auto equals = wanted.find('=');
    const auto* part = find_part(query, wanted.substr(0, equals));
    if (!part || (equals != std::string::npos && part->value != wanted.substr(equals + 1)))
      return std::nullopt;
    ++asked;
  }
  for (const auto& wanted : split(route.headers, ' ')) {
    if (wanted.empty()) continue;
    if (request.header(wanted).empty()) return std::nullopt;
    ++asked;
  }
  return asked;
}

Error invalid_argument(const Member& member, const std::string& text) {
  return {"InvalidArgument",
          fmt::format("Argument {} has a value that is not valid", member.location_name),
          400,
          {{"ArgumentName", member.location_name}, {"ArgumentValue", text}}};
}

Result<> read_text(const Member& member, const std::string& text, void* object) {
  switch (member.shape->kind) {
    case Kind::string:
      *static_cast<std::string*>(member.set(object)) = text;
      return {};
    case Kind::boolean:
      *static_cast<bool*>(member.set(object)) = equal_ignoring_case(text, "true");
      return {};
    case Kind::integer: {
      const auto number = parse_integer(text);
      if (!number) return invalid_argument(member, text);
      *static_cast<std::int64_t*>(member.set(object)) = *number;
      return {};
    }
    case Kind::timestamp: {
      const auto time = parse_http_date(text);
      // HTTP lets a date that is none be ignored.
      if (time) *static_cast<Time*>(member.set(object)) = *time;
      return {};
    }
    case Kind::list: {
      auto& list = *static_cast<std::vector<std::string>*>(member.set(object));
      for (const auto& part : split(text, ',')) list.emplace_back(trim(part));
      return {};
    }
    default:
      return {};
  }
}

void read_prefix_headers(const Member& member, const Request& request, void* object) {
  const std::string_view prefix = member.location_name;
  std::map<std::string, std::string> found;
  for (const auto& [name, value] : request.headers) {
    if (!name.starts_with(prefix)) continue;
    auto& text = found[name.substr(prefix.size())];
    text = text.empty() ? value : text + "," + value;
  }
  if (!found.empty())
    *static_cast<std::map<std::string, std::string>*>(member.set(object)) = std::move(found);
}

Error malformed_xml() {
  return {"MalformedXML",
          "The XML you provided was not well-formed or did not validate against our published schema", 400};
}

Result<> read_payload(const model::Service& service, const Member& member, const Request& request,
                      void* object) {
  if (request.sink || member.shape->kind == Kind::blob) return {};
  if (member.shape->kind == Kind::string) {
    *static_cast<std::string*>(member.set(object)) = request.body;
    return {};
  }
  if (request.body.empty()) {
    return member.required ? Result<>(malformed_xml()) : Result<>();
  }
  void* payload = member.set(object);
  if (!read_xml(*member.shape, member.xml_name, request.body, payload)) return malformed_xml();
  const auto fits = validate(service, *member.shape, payload, Protocol::rest_xml);
  if (!fits && fits.error().code == service.validation_error) return malformed_xml();
  return fits;
}

std::string header_text(const Shape& shape, const void* value) {
  switch (shape.kind) {
    case Kind::boolean:
      return *static_cast<const bool*>(value) ? "true" : "false";
    case Kind::integer:
      return std::to_string(*static_cast<const std::int64_t*>(value));
    case Kind::timestamp:
      return http_date(*static_cast<const Time*>(value));
    case Kind::string:
      return *static_cast<const std::string*>(value);
    case Kind::list:
      return join(*static_cast<const std::vector<std::string>*>(value), ",");
    default:
      return {};
  }
}

// Without what would end the header early: an object's metadata may have come from a percent-encoded URL.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; },
      ' ');
  return text;
}

void write_header(const Member& member, const void* value, Response& response) {
  if (member.location == Location::prefix_headers) {
    for (const auto& [name, text] : *static_cast<const std::map<std::string, std::string>*>(value)) {
      response.headers.emplace_back(member.location_name + one_line(name), one_line(text));
    }
  } else if (member.location_name != std::string_view("content-length")) {  // the server's own
    response.headers.emplace_back(member.location_name, one_line(header_text(*member.shape, value)));
  }
}

void write_document(const model::Service& service, const std::string& root, const Shape& shape,
                    const void* object, Response& response) {
  response.headers.emplace_back("Content-Type", "application/xml");
  response.body = fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{} xmlns=\"{}\">", root,
                              service.xml_namespace);
  write_xml_members(shape, object, response.body);
  response.body += "</" + root + ">";
}

}  // namespace

Call read_rest_call(const model::Service& service, const Request& request) {
  Call call;
  call.protocol = Protocol::rest_xml;
  read_place(request, call);
  const auto query = query_parts(request.query());
  std::optional<std::size_t> best;
  for (const auto& route : service.routes) {
    const auto asked = fit(route, request, call, query);
    if (!asked || (best && *asked <= *best)) continue;
    best = asked;
    call.operation = route.operation;
  }
  return call;
}

Result<> read_rest_input(const model::Service& service, const Shape& shape, const Call& call,
                         const Request& request, void* object) {
  const auto query = query_parts(request.query());
  for (const Member& member : shape.members) {
    Result<> read;
    switch (member.location) {
      case Location::label:
        *static_cast<std::string*>(member.set(object)) =
            member.name == std::string_view("Bucket") ? call.bucket : call.key;
        break;
      case Location::query:
        if (const auto* part = find_part(query, member.location_name)) {
          read = read_text(member, part->value, object);
        }
        break;
      case Location::header:
        if (const auto text = request.header(member.location_name); !text.empty()) {
          read = read_text(member, std::string(text), object);
        }
        break;
      case Location::prefix_headers:
        read_prefix_headers(member, request, object);
        break;
      case Location::payload:
        read = read_payload(service, member, request, object);
        break;
      case Location::body:
        break;
    }
    if (!read) return read;
  }
  return {};
}

void write_rest_output(const model::Service& service, const model::Operation& operation, const void* output,
                       Response& response) {
  response.status = operation.status;
  bool in_body = false;
  for (const Member& member : operation.output->members) {
    const void* value = member.get(output);
    in_body = in_body || member.location == Location::body;
    if (!value || member.location == Location::body) continue;
    if (member.location != Location::payload) {
      write_header(member, value, response);
    } else if (member.shape->kind == Kind::structure) {
      const std::string_view name = member.xml_name;
      write_document(service, std::string(name == member.name ? member.shape->name : name), *member.shape,
                     value, response);
    } else {
      response.body = *static_cast<const std::string*>(value);
    }
    if (member.location_name == std::string_view("content-range")) response.status = 206;
  }
  if (!in_body) return;
  const Shape& shape = *operation.output;
  const std::string root = shape.xml_root ? shape.xml_root : shape.name;
  write_document(service, root, shape, output, response);
  if (operation.name != std::string_view("GetBucketLocation")) return;
  // The one answer whose root has the text itself.
  response.body = replace_all(response.body, "<LocationConstraint>", "");
  response.body =
      replace_all(response.body, "</LocationConstraint></LocationConstraint>", "</LocationConstraint>");
}

}  // namespace berth::wire
