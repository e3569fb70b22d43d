// POST /api/submit: the article's model `SubmitData(name: str = "User")`, read and refused as FastAPI 0.104.1
// with pydantic 2.5 does, the versions that the article pins.
#pragma once

#include "http_message.h"

namespace learner {

Response submit(const Request& request);

}  // namespace learner
