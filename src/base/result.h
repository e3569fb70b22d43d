// Result<T>: a value or an Error. Every failure that can be expected (bad input, a refused call, an
// unreachable engine) is returned this way; exceptions do not leave a folder and broken invariants abort (see
// check.h).
#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <utility>

#include "base/json.h"

namespace berth {

// `code` is AWS's shape name of the error (`ClusterNotFoundException`, `ValidationError`, ...); the wire
// layer finds its HTTP status and protocol spelling in the service's model. `status` overrides that (0: not).
struct Error {
  Error() = default;
  // No constructor takes a single text: Result<std::string> could not tell a value from an error.
  Error(std::string error_code, std::string error_message, int http_status = 0, json::object more = {})
      : code(std::move(error_code)),
        message(std::move(error_message)),
        status(http_status),
        detail(std::move(more)) {}

  std::string code;
  std::string message;
  int status = 0;
  json::object detail;  // further members of a modelled error, by their wire names
};

[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

template <class T = void>
using Result = boost::system::result<T, Error>;

}  // namespace berth
