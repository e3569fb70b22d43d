// The bodies that FastAPI and Starlette give a response, as its JSONResponse writes them.
#pragma once

#include "http_message.h"
#include "json.h"

namespace learner {

// `{"detail": detail}`, the body of every HTTPException.
Response http_exception(int status, Value detail);

// A response with `value` as its body, or Starlette's bare 500 where Python could not have written it.
Response json_response(int status, const Value& value);

}  // namespace learner
