// Arbitrary bytes as a request in every protocol: the first byte chooses the protocol, the second the
// operation. Nothing may crash, hang or throw, and what decodes is encoded in every protocol without
// complaint.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "model/cloudformation.h"
#include "model/cloudwatch.h"
#include "model/ec2.h"
#include "model/ecs.h"
#include "model/json_codec.h"
#include "model/sns.h"
#include "wire/cbor.h"
#include "wire/wire.h"
#include "wire/xml.h"

namespace {

using namespace berth;
using wire::Protocol;

struct Choice {
  const model::Service& service;
  Protocol protocol;
};

Choice choose(std::uint8_t byte) {
  const std::array<Choice, 7> choices{{{cloudwatch::service(), Protocol::cbor},
                                       {cloudwatch::service(), Protocol::json_1_0},
                                       {cloudwatch::service(), Protocol::query},
                                       {ecs::service(), Protocol::json_1_1},
                                       {ec2::service(), Protocol::ec2},
                                       {sns::service(), Protocol::query},
                                       {cloudformation::service(), Protocol::query}}};
  return choices[byte % choices.size()];
}

// What was decoded must survive a round through CBOR unchanged: the one protocol that carries every value
// exactly.
void check_round_trip(const model::Shape& shape, const void* object) {
  std::string json, cbor, xml;
  model::write_json(shape, object, json);
  wire::write_xml_members(shape, object, xml);
  wire::write_cbor(shape, object, cbor);
  const model::Object again = shape.make();
  if (!wire::read_cbor(shape, cbor, again.get())) std::abort();
  std::string json_again;
  model::write_json(shape, again.get(), json_again);
  if (json_again != json) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Choice choice = choose(data[0]);
  const auto& operation = choice.service.operations[data[1] % choice.service.operations.size()];
  wire::Request request{"POST", "/", {{"content-type", "application/x-www-form-urlencoded"}}, {}};
  request.body.assign(reinterpret_cast<const char*>(data) + 2, size - 2);
  const wire::Call call{.protocol = choice.protocol};
  const auto input = wire::decode(choice.service, operation, call, request);
  if (input) {
    check_round_trip(*operation.input, input->get());
  } else {
    wire::encode_error(&choice.service, call, input.error(), "id");
  }
  return 0;
}
