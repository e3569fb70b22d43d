// Report: a run as one HTML file that draws itself: load, tasks, CPU, alarms, response times and failures
// over time, with the verdict on top. It shows what a Timeline and its Summary hold and computes nothing new
// but the demand lines.
#pragma once

#include <string>
#include <vector>

#include "study/summary.h"
#include "study/timeline.h"

namespace berth::study {

struct ReportFacts {
  std::string trace, world, tier;
  std::uint64_t seed = 1;
  std::vector<std::string> made_up;
  double objective_ms = 500;
};

std::string report_html(const Timeline& timeline, const Summary& summary, const ReportFacts& facts);

// For text that goes into a page.
std::string html_text(std::string_view text);
// For a JSON document inside a <script> element: nothing in it can end the element.
std::string script_json(const json::value& document);

}  // namespace berth::study
