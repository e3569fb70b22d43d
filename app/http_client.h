// One HTTP request over a plain socket, blocking, with a deadline. Addresses are IPv4 literals or localhost:
// a static binary without getaddrinfo needs no resolver, and what berth hands to a task is always an address.
// It speaks no TLS.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "http_message.h"

namespace learner {

struct Url {
  std::string host;
  std::uint16_t port = 80;
  std::string path = "/";  // with the query

  // As the Host header has it.
  std::string authority() const { return port == 80 ? host : host + ":" + std::to_string(port); }
};

// nullopt for anything but http://host[:port][/path].
std::optional<Url> parse_url(std::string_view text);

struct HttpAnswer {
  int status = 0;
  std::string body;
};
enum class HttpFailure { cannot_connect, timeout, bad_answer };

std::variant<HttpAnswer, HttpFailure> fetch(std::string_view method, const Url& url, const Headers& headers,
                                            std::string_view body);

}  // namespace learner
