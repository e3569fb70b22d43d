// A run as a document: what `berth simulate --json` prints and `berth explain` reads.
#pragma once

#include "study/run.h"
#include "study/summary.h"

namespace berth::study {

// The timeline alone: the part that must be the same for the same seed everywhere.
json::object timeline_json(const Timeline& timeline);
// Of the timeline's text: hexadecimal.
std::string timeline_sha256(const json::object& timeline);
json::object summary_json(const Summary& summary);

}  // namespace berth::study
