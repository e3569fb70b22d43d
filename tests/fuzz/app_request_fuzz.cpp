// The article's application against arbitrary bytes: its request parser, and the JSON reader behind
// /api/submit. A request must be read in the same way however its bytes arrive, and a body that is accepted
// must read back.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http_message.h"
#include "json.h"
#include "submit.h"

namespace {

using namespace learner;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_json(std::string_view text) {
  auto parsed = parse_json(text);
  if (const DecodeError* error = std::get_if<DecodeError>(&parsed)) require(error->position <= text.size());
  const Value* value = std::get_if<Value>(&parsed);
  if (value == nullptr) return;
  repr(*value);
  if (!is_sendable(*value)) return;
  std::string written = to_json(*value);
  auto again = parse_json(written);
  require(std::holds_alternative<Value>(again) && to_json(std::get<Value>(again)) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_json(bytes);
  int status = 0;
  std::string body;
  parse_response(bytes, status, body);

  Request request;
  ParsedRequest parsed = parse_request(bytes, request);
  if (parsed.status != Parse::complete) return 0;
  require(parsed.consumed > 0 && parsed.consumed <= size && request.body.size() <= body_bytes_max);
  Request shorter;
  ParsedRequest whole = parse_request(bytes.substr(0, parsed.consumed), shorter);
  require(whole.status == Parse::complete && whole.consumed == parsed.consumed &&
          shorter.body == request.body);
  require(parse_request(bytes.substr(0, parsed.consumed - 1), shorter).status == Parse::incomplete);

  Response response = submit(request);
  require(response.status == 200 || response.status == 400 || response.status == 422 ||
          response.status == 500);
  return 0;
}
