// Result<T>: a value or an Error. Every failure that can be expected (bad input, a refused call, an unreachable
// engine) is returned this way; exceptions do not leave a folder and broken invariants abort (see check.h).
#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <utility>

#include "base/json.h"

namespace berth {

// `code` is AWS's shape name of the error (`ClusterNotFoundException`, `ValidationError`, ...); the wire layer
// finds its HTTP status and protocol spelling in the service's model. `status` overrides that (0: not).
struct Error {
  std::string code;
  std::string message;
  int status = 0;
  json::object detail{};  // further members of a modelled error, by their wire names
};

[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

template <class T = void>
using Result = boost::system::result<T, Error>;

}  // namespace berth
