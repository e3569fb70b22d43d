#include "cloudformation/handler_error.h"

#include <fmt/format.h>

#include <array>

namespace berth::cloudformation {
namespace {

struct CodeRule {
  std::string_view part;  // of the service's code
  std::string_view code;
};

// The first that fits.
constexpr std::array code_rules = {
    CodeRule{"NotStabilized", "NotStabilized"},
    CodeRule{"GeneralServiceException", "GeneralServiceException"},
    CodeRule{"AlreadyExists", "AlreadyExists"},
    CodeRule{"Duplicate", "AlreadyExists"},
    CodeRule{"NotFound", "NotFound"},
    CodeRule{"NoSuchEntity", "NotFound"},
    CodeRule{"LimitExceeded", "ServiceLimitExceeded"},
    CodeRule{"TooMany", "ServiceLimitExceeded"},
    CodeRule{"AccessDenied", "AccessDenied"},
    CodeRule{"Throttling", "Throttling"},
    CodeRule{"ServiceUnavailable", "ServiceInternalError"},
    CodeRule{"InternalFailure", "ServiceInternalError"},
    CodeRule{"ServerException", "ServiceInternalError"},
    CodeRule{"ConcurrentModification", "ResourceConflict"},
    CodeRule{"ConcurrentUpdate", "ResourceConflict"},
    CodeRule{"DeleteConflict", "ResourceConflict"},
    CodeRule{"ResourceInUse", "ResourceConflict"},
    CodeRule{"DependencyViolation", "InvalidRequest"},
    CodeRule{"Invalid", "InvalidRequest"},
    CodeRule{"Validation", "InvalidRequest"},
    CodeRule{"ClientException", "InvalidRequest"},
    CodeRule{"Malformed", "InvalidRequest"},
    CodeRule{"Missing", "InvalidRequest"},
    CodeRule{"Serialization", "InvalidRequest"},
    CodeRule{"Unsupported", "InvalidRequest"},
};

constexpr std::array in_use_parts = {"DependencyViolation", "InUse", "DeleteConflict", "ContainsServices",
                                     "ContainsTasks"};

}  // namespace

std::string_view handler_error_code(std::string_view service_code) {
  for (const auto& rule : code_rules) {
    if (service_code.find(rule.part) != std::string_view::npos) return rule.code;
  }
  return "GeneralServiceException";
}

Error handler_error(Rng& ids, const Error& error) {
  if (error.code == embedded_stack_failure) return error;
  return Error{
      error.code,
      fmt::format("Resource handler returned message: \"{}\" (RequestToken: {}, HandlerErrorCode: {})",
                  error.message, random_uuid(ids), handler_error_code(error.code))};
}

bool is_still_in_use(const Error& error) {
  for (const std::string_view part : in_use_parts) {
    if (error.code.find(part) != std::string::npos) return true;
  }
  return false;
}

}  // namespace berth::cloudformation
