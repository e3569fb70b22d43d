// AWS's wire protocols: bytes <-> typed shapes, and errors. One walker per protocol works from the
// descriptors of src/model; this layer knows no service and no HTTP server.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/shape.h"

namespace berth::wire {

enum class Protocol { json_1_0, json_1_1, query, ec2, cbor, rest_xml };

// Takes the body of a request piece by piece, where it is too large for Request::body. It never fails: what
// went wrong, whoever made it asks it afterwards.
class BodySink {
 public:
  virtual ~BodySink() = default;
  virtual std::size_t bytes_max() const = 0;
  virtual void write(std::string_view bytes) = 0;
};

// Gives the body of a response piece by piece, where it is too large for Response::body.
class BodySource {
 public:
  virtual ~BodySource() = default;
  virtual std::uint64_t size() const = 0;
  // The next bytes, at least one until `size` have been given; an empty text: they cannot be read.
  virtual std::string read() = 0;
};

// An HTTP request as the protocols need it. Header names are lower case.
struct Request {
  std::string method;
  std::string target;  // path and query as sent
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::shared_ptr<BodySink> sink{};  // has the body instead

  std::string_view path() const;
  std::string_view query() const;  // without `?`
  // The first value of the header, or an empty text.
  std::string_view header(std::string_view lower_case_name) const;
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::shared_ptr<BodySource> source{};  // has the body instead
};

// What a request asks for, read from its headers, path and form.
struct Call {
  Protocol protocol = Protocol::json_1_1;
  std::string target;       // what an X-Amz-Target or a CBOR path names before the operation, else empty
  std::string operation;    // empty when the request names none
  bool query_mode = false;  // x-amzn-query-mode: errors also name their Query code in x-amzn-query-error
  std::string bucket{};     // of a REST path, decoded
  std::string key{};
};

// Never fails, so that every error can be answered in the caller's own protocol. `service` is known from the
// signature's scope; without one a form is taken for Query.
Call read_call(const model::Service* service, const Request& request);

// The operation that the call names: an error when AWS does not have it, or NotImplemented when berth does
// not.
Result<const model::Operation*> find_operation(const model::Service& service, const Call& call);

// The typed input, checked against the model (required members, enumerations).
Result<model::Object> decode(const model::Service& service, const model::Operation& operation,
                             const Call& call, const Request& request);

Response encode(const model::Service& service, const model::Operation& operation, const Call& call,
                const void* output, std::string_view request_id);

// `service` may be null when the request did not get as far as naming one.
Response encode_error(const model::Service* service, const Call& call, const Error& error,
                      std::string_view request_id);

// A parameter of the query or, for a POSTed form, of the body; nullopt when it is absent or malformed.
std::optional<std::string> form_parameter(const Request& request, std::string_view name);

}  // namespace berth::wire
