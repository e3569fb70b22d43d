#include "study/scatter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "study/report.h"
#include "study/report_page.h"

namespace berth::study {
namespace {

constexpr double plot_width = 900, plot_height = 380;
constexpr double left_margin = 70, right_margin = 30, top_margin = 24, bottom_margin = 48;
constexpr double least_percent = 0.001;  // what is below counts as none; the axis is logarithmic

struct Scale {
  double cost_low = 0, cost_high = 1, log_low = -3, log_high = 2;

  double x(double cost) const {
    return left_margin +
           (cost - cost_low) / (cost_high - cost_low) * (plot_width - left_margin - right_margin);
  }
  double y(double percent) const {
    const double at = (std::log10(std::max(percent, least_percent)) - log_low) / (log_high - log_low);
    return plot_height - bottom_margin - at * (plot_height - top_margin - bottom_margin);
  }
};

Scale scale_of(const std::vector<ScatterPoint>& points) {
  Scale scale;
  double low = 1e300, high = 0, most = least_percent * 10;
  for (const auto& point : points) {
    low = std::min(low, point.cost);
    high = std::max(high, point.cost);
    most = std::max(most, point.missed_percent);
  }
  const double margin = std::max((high - low) * 0.12, high * 0.02);
  scale.cost_low = std::max(0.0, low - margin);
  scale.cost_high = high + margin;
  if (scale.cost_high <= scale.cost_low) scale.cost_high = scale.cost_low + 1;
  scale.log_high = std::ceil(std::log10(most));
  return scale;
}

double nice_step(double span) {
  const double power = std::pow(10, std::floor(std::log10(span / 6)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= span / 6) return factor * power;
  }
  return 10 * power;
}

std::string axes(const Scale& scale) {
  std::string out;
  for (double log = scale.log_low; log <= scale.log_high; ++log) {
    const double y = scale.y(std::pow(10, log));
    out += fmt::format("<line x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>", left_margin,
                       plot_width - right_margin, y, y);
    out += fmt::format("<text class=\"soft\" x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}{:g} %</text>",
                       left_margin - 8, y + 4, log == scale.log_low ? "≤ " : "", std::pow(10, log));
  }
  const double step = nice_step(scale.cost_high - scale.cost_low);
  for (double cost = std::ceil(scale.cost_low / step) * step; cost <= scale.cost_high; cost += step) {
    const double x = scale.x(cost);
    out += fmt::format("<line x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{}\" y2=\"{}\"/>", x, x, top_margin,
                       plot_height - bottom_margin);
    out += fmt::format("<text class=\"soft\" x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{:.4g}</text>", x,
                       plot_height - bottom_margin + 18, cost);
  }
  out += fmt::format("<text class=\"soft\" x=\"{}\" y=\"{}\" text-anchor=\"end\">USD a day</text>",
                     plot_width - right_margin, plot_height - 8);
  out += fmt::format("<text class=\"soft\" x=\"4\" y=\"14\">failed or late</text>");
  return out;
}

const char* color_of(PointKind kind) {
  switch (kind) {
    case PointKind::front:
      return "var(--run)";
    case PointKind::current:
      return "var(--bad)";
    case PointKind::chosen:
      return "var(--want)";
    case PointKind::ideal:
      return "var(--good)";
    case PointKind::plain:
      break;
  }
  return "var(--load)";
}

std::string line_through(const std::vector<ScatterPoint>& points, const Scale& scale, PointKind kind) {
  std::vector<const ScatterPoint*> members;
  for (const auto& point : points) {
    if (point.kind == kind || (kind == PointKind::front && point.kind == PointKind::chosen))
      members.push_back(&point);
  }
  if (members.size() < 2) return "";
  std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) { return a->cost < b->cost; });
  std::string path;
  for (const auto* member : members)
    path += fmt::format("{:.1f},{:.1f} ", scale.x(member->cost), scale.y(member->missed_percent));
  return fmt::format("<polyline style=\"stroke:{}\" points=\"{}\"/>", color_of(kind), path);
}

std::string svg(const std::vector<ScatterPoint>& points) {
  const Scale scale = scale_of(points);
  std::string out = fmt::format(
      "<svg class=\"scatter\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"cost against lateness\">",
      plot_width, plot_height);
  out += axes(scale) + line_through(points, scale, PointKind::front) +
         line_through(points, scale, PointKind::ideal);
  double label_y = -100, label_x = -1000;
  for (const auto& point : points) {
    const double x = scale.x(point.cost), y = scale.y(point.missed_percent);
    out += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" style=\"fill:{}\"><title>{}</title></circle>", x, y,
        point.kind == PointKind::plain ? 4 : 6, color_of(point.kind),
        html_text(point.name + (point.note.empty() ? "" : ": " + point.note)));
    if (point.name.empty()) continue;
    // Labels of neighbours would cover each other: the second goes below its point.
    const bool crowded = std::abs(y - label_y) < 14 && std::abs(x - label_x) < 120;
    out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>",
                       x > plot_width * 0.8 ? x - 9 : x + 9, crowded ? y + 16 : y - 7,
                       x > plot_width * 0.8 ? "end" : "start", html_text(point.name));
    if (!crowded) label_y = y, label_x = x;
  }
  return out + "</svg>";
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::string out = "<table>";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const char* cell = i == 0 ? "th" : "td";
    out += "<tr>";
    for (std::size_t c = 0; c < rows[i].size(); ++c) {
      out += fmt::format("<{0}{1}>{2}</{0}>", cell, c == 0 ? "" : " class=\"number\"", html_text(rows[i][c]));
    }
    out += "</tr>";
  }
  return out + "</table>";
}

}  // namespace

std::string scatter_page(const std::string& heading, const std::string& where,
                         const std::vector<Scatter>& scatters,
                         const std::vector<std::vector<std::string>>& table_rows) {
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\"><title>{}</title><style>{}</style></head><body><h1>{}</h1><p "
      "class=\"where\">{}</p>\n",
      html_text(heading), page::style, html_text(heading), html_text(where));
  for (const auto& scatter : scatters)
    out += fmt::format("<h2>{}</h2>{}\n", html_text(scatter.title), svg(scatter.points));
  return out + table(table_rows) + "</body></html>\n";
}

}  // namespace berth::study
