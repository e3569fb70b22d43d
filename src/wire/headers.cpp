#include "wire/headers.h"

namespace berth::wire {
namespace {

const char* content_type(Protocol protocol) {
  switch (protocol) {
    case Protocol::json_1_0:
      return "application/x-amz-json-1.0";
    case Protocol::json_1_1:
      return "application/x-amz-json-1.1";
    case Protocol::query:
      return "text/xml";
    case Protocol::ec2:
      return "text/xml;charset=UTF-8";
    case Protocol::cbor:
      return "application/cbor";
    case Protocol::rest_xml:
      return "application/xml";
  }
  return "text/plain";
}

}  // namespace

std::vector<std::pair<std::string, std::string>> protocol_headers(const Call& call,
                                                                  std::string_view request_id) {
  std::vector<std::pair<std::string, std::string>> headers;
  headers.reserve(4);
  if (call.protocol == Protocol::rest_xml) {
    headers.emplace_back("x-amz-request-id", request_id);
    headers.emplace_back("x-amz-id-2", request_id);
    return headers;
  }
  headers.emplace_back("Content-Type", content_type(call.protocol));
  headers.emplace_back("x-amzn-RequestId", request_id);
  if (call.protocol == Protocol::cbor) headers.emplace_back("smithy-protocol", "rpc-v2-cbor");
  return headers;
}

}  // namespace berth::wire
