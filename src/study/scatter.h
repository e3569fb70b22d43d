// Scatter: a page that shows policies as points, cost against lateness, as SVG that needs no script.
#pragma once

#include <string>
#include <vector>

namespace berth::study {

enum class PointKind { plain, front, current, chosen, ideal };

struct ScatterPoint {
  std::string name;
  double cost = 0;            // USD a day
  double missed_percent = 0;  // failed or late
  PointKind kind = PointKind::plain;
  std::string note;  // shown when pointed at
};

struct Scatter {
  std::string title;
  std::vector<ScatterPoint> points;
};

// `table_rows`: the first is the head.
std::string scatter_page(const std::string& heading, const std::string& where,
                         const std::vector<Scatter>& scatters,
                         const std::vector<std::vector<std::string>>& table_rows);

}  // namespace berth::study
