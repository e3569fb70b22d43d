// Reading a run's document back: what `berth simulate --json` wrote, or what a daemon says of a service in
// the same form. Response times and mails are not read; nobody explains those.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "study/timeline.h"

namespace berth::study {

// `timeline`: the document's member of that name.
Result<Timeline> read_timeline(const json::value& timeline);

}  // namespace berth::study
