// Requests as clients write them, for the tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "wire/wire.h"

namespace berth::wire {

inline Request json_request(const std::string& target, const std::string& body,
                            const std::string& version = "1.1") {
  return {
      "POST", "/", {{"x-amz-target", target}, {"content-type", "application/x-amz-json-" + version}}, body};
}

inline Request form_request(const std::string& body) {
  return {"POST", "/", {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}}, body};
}

inline Request cbor_request(const std::string& service, const std::string& operation,
                            const std::string& body) {
  return {"POST",
          "/service/" + service + "/operation/" + operation,
          {{"smithy-protocol", "rpc-v2-cbor"}, {"content-type", "application/cbor"}},
          body};
}

// Decodes and hands over the input, or fails the test.
template <class Input>
Input decoded(const model::Service& service, const Request& request) {
  const Call call = read_call(&service, request);
  const auto operation = find_operation(service, call);
  EXPECT_TRUE(operation) << operation.error().message;
  if (!operation) return {};
  const auto input = decode(service, **operation, call, request);
  EXPECT_TRUE(input) << input.error().message;
  return input ? *static_cast<const Input*>(input->get()) : Input{};
}

inline Error refusal(const model::Service& service, const Request& request) {
  const Call call = read_call(&service, request);
  const auto operation = find_operation(service, call);
  if (!operation) return operation.error();
  const auto input = decode(service, **operation, call, request);
  EXPECT_FALSE(input);
  return input ? Error{} : input.error();
}

inline std::string header_of(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace berth::wire
