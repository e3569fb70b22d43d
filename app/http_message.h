// HTTP/1.1 messages as bytes: requests read, responses written, and what both share. It holds no socket and
// knows no path. What it does not take (obsolete line folding, transfer codings but chunked) is refused,
// never guessed at.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace learner {

// With 200 requests in flight these keep the process below 64 MiB.
inline constexpr std::size_t head_bytes_max = 32u << 10;
inline constexpr std::size_t body_bytes_max = 64u << 10;

struct Header {
  std::string name;  // lower case
  std::string value;
};
using Headers = std::vector<Header>;

// The first header of that name, or null.
const std::string* find_header(const Headers& headers, std::string_view name);

struct Request {
  std::string method;
  std::string target;  // as sent
  std::string path;    // percent-decoded
  std::string query;   // without `?`
  int minor_version = 1;
  Headers headers;
  std::string body;
  bool keep_alive = true;
};

struct Response {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  Headers headers = {};
};

enum class Parse { incomplete, complete, invalid, too_large };

struct ParsedRequest {
  Parse status = Parse::incomplete;
  std::size_t consumed = 0;       // bytes of a complete request
  bool expects_continue = false;  // an incomplete body is held back until `100 Continue`
};

ParsedRequest parse_request(std::string_view bytes, Request& out);

// A client's side: status and body of a whole response, read up to the end of the connection.
Parse parse_response(std::string_view bytes, int& status, std::string& body);

std::string_view reason_phrase(int status);

// `date` is the value of the Date header; the body is left out for HEAD.
std::string format_response(const Response& response, std::string_view date, bool keep_alive, bool with_body);

// urllib.parse.quote(text, safe=safe).
std::string percent_encode(std::string_view text, std::string_view safe);

}  // namespace learner
