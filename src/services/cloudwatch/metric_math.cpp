#include "services/cloudwatch/metric_math.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "services/cloudwatch/dimensions.h"

namespace berth::cloudwatch {

std::optional<double> value_of_bucket(const control::Statistic& statistic, const MetricValues& values) {
  if (!statistic.needs_values()) return control::value_of(statistic, values.set);
  if (values.values.empty()) return std::nullopt;
  return control::value_of(statistic, values.values);
}

namespace {

using Series = std::map<Time, double>;

// What an expression yields: one number, one series, or the series of METRICS().
struct Value {
  std::optional<double> number;
  std::vector<Series> series;
};

Error bad_expression(const std::string& text, std::string_view why) {
  return {"ValidationError", fmt::format("Error in expression '{}': {}", text, why)};
}

// Recursive descent over one expression; `known` holds the series of the other queries.
class Expression {
 public:
  Expression(const std::string& text, const std::map<std::string, Series>& known,
             const std::vector<std::string>& metric_ids, Time start, Time end, Duration period)
      : text_(text), known_(known), metric_ids_(metric_ids), start_(start), end_(end), period_(period) {}

  Result<Value> evaluate() {
    auto value = comparison();
    if (!value) return value;
    skip_blanks();
    if (at_ != text_.size()) return fail("Unexpected text behind the expression");
    return value;
  }

 private:
  Error fail(std::string_view why) const { return bad_expression(text_, why); }

  void skip_blanks() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }

  bool take(std::string_view token) {
    skip_blanks();
    if (text_.compare(at_, token.size(), token) != 0) return false;
    at_ += token.size();
    return true;
  }

  using Binary = double (*)(double, double);

  Result<Value> apply(Binary operation, const Value& a, const Value& b) const {
    if (a.number && b.number) return Value{operation(*a.number, *b.number), {}};
    if (a.series.size() > 1 || b.series.size() > 1) return fail("An array of time series needs an aggregate function");
    Series out;
    if (a.number) {
      for (const auto& [time, value] : b.series.front()) out[time] = operation(*a.number, value);
    } else {
      for (const auto& [time, value] : a.series.front()) {
        if (b.number) {
          out[time] = operation(value, *b.number);
        } else if (const auto other = b.series.front().find(time); other != b.series.front().end()) {
          out[time] = operation(value, other->second);
        }
      }
    }
    // Division by zero yields no point, as on AWS.
    std::erase_if(out, [](const auto& point) { return !std::isfinite(point.second); });
    return Value{std::nullopt, {std::move(out)}};
  }

  struct Operator {
    std::string_view token;
    Binary operation;
  };

  template <std::size_t n>
  Result<Value> left_to_right(const Operator (&operators)[n], Result<Value> (Expression::*operand)()) {
    auto left = (this->*operand)();
    while (left) {
      const Operator* chosen = nullptr;
      for (const auto& candidate : operators) {
        if (!chosen && take(candidate.token)) chosen = &candidate;
      }
      if (!chosen) break;
      auto right = (this->*operand)();
      if (!right) return right;
      left = apply(chosen->operation, *left, *right);
    }
    return left;
  }

  Result<Value> comparison() {
    static constexpr Operator operators[] = {
        {"==", [](double a, double b) { return a == b ? 1.0 : 0.0; }},
        {"!=", [](double a, double b) { return a != b ? 1.0 : 0.0; }},
        {">=", [](double a, double b) { return a >= b ? 1.0 : 0.0; }},
        {"<=", [](double a, double b) { return a <= b ? 1.0 : 0.0; }},
        {">", [](double a, double b) { return a > b ? 1.0 : 0.0; }},
        {"<", [](double a, double b) { return a < b ? 1.0 : 0.0; }},
    };
    return left_to_right(operators, &Expression::sum);
  }

  Result<Value> sum() {
    static constexpr Operator operators[] = {{"+", [](double a, double b) { return a + b; }},
                                             {"-", [](double a, double b) { return a - b; }}};
    return left_to_right(operators, &Expression::product);
  }

  Result<Value> product() {
    static constexpr Operator operators[] = {{"*", [](double a, double b) { return a * b; }},
                                             {"/", [](double a, double b) { return a / b; }}};
    return left_to_right(operators, &Expression::power);
  }

  Result<Value> power() {
    static constexpr Operator operators[] = {{"^", [](double a, double b) { return std::pow(a, b); }}};
    return left_to_right(operators, &Expression::unary);
  }

  Result<Value> unary() {
    if (++depth_ > 64) return fail("The expression is nested too deeply");
    auto value = take("-") ? negated() : primary();
    --depth_;
    return value;
  }

  Result<Value> negated() {
    auto value = unary();
    if (!value) return value;
    return apply([](double a, double b) { return a * b; }, *value, Value{-1.0, {}});
  }

  Result<Value> primary() {
    skip_blanks();
    if (take("(")) {
      auto value = comparison();
      if (value && !take(")")) return fail("Missing )");
      return value;
    }
    if (at_ < text_.size() && (std::isdigit(static_cast<unsigned char>(text_[at_])) || text_[at_] == '.')) {
      return number();
    }
    const std::string name = word();
    if (name.empty()) return fail("A metric, a number or a function is missing");
    if (take("(")) return call(name);
    if (const auto found = known_.find(name); found != known_.end()) return Value{std::nullopt, {found->second}};
    return fail(fmt::format("Unknown id {}", name));
  }

  Result<Value> number() {
    std::size_t end = at_;
    while (end < text_.size() && (std::isdigit(static_cast<unsigned char>(text_[end])) || text_[end] == '.')) ++end;
    const auto value = parse_number(std::string_view(text_).substr(at_, end - at_));
    if (!value) return fail("Malformed number");
    at_ = end;
    return Value{*value, {}};
  }

  std::string word() {
    skip_blanks();
    std::size_t end = at_;
    while (end < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[end])) || text_[end] == '_')) ++end;
    std::string name = text_.substr(at_, end - at_);
    at_ = end;
    return name;
  }

  Result<Value> call(const std::string& name) {
    if (name == "METRICS") return metrics();
    if (name == "FILL") return fill();
    std::vector<Value> arguments;
    if (!take(")")) {
      do {
        auto argument = comparison();
        if (!argument) return argument;
        arguments.push_back(std::move(*argument));
      } while (take(","));
      if (!take(")")) return fail("Missing )");
    }
    if (name == "IF" && arguments.size() == 3) return choose(arguments);
    if (name == "ABS" || name == "CEIL" || name == "FLOOR") return map_each(name, arguments);
    if (name == "SUM" || name == "AVG" || name == "MIN" || name == "MAX") return aggregate(name, arguments);
    return Error{"ValidationError", fmt::format("Error in expression '{}': berth does not implement the function {}",
                                                text_, name)};
  }

  Result<Value> metrics() {
    std::string part;
    if (take("\"")) {
      while (at_ < text_.size() && text_[at_] != '"') part.push_back(text_[at_++]);
      if (!take("\"")) return fail("Missing \"");
    }
    if (!take(")")) return fail("Missing )");
    Value value;
    for (const auto& id : metric_ids_) {
      if (id.find(part) != std::string::npos) value.series.push_back(known_.at(id));
    }
    if (value.series.empty()) return fail("METRICS() names no metric");
    return value;
  }

  Result<Value> fill() {
    auto source = comparison();
    if (!source) return source;
    if (!take(",")) return fail("FILL needs two arguments");
    const bool repeat = take("REPEAT");
    Value filler;
    if (!repeat) {
      auto value = comparison();
      if (!value) return value;
      filler = std::move(*value);
      if (!filler.number) return fail("FILL takes a number or REPEAT");
    }
    if (!take(")")) return fail("Missing )");
    for (auto& series : source->series) {
      std::optional<double> last;
      for (Time time = start_; time < end_; time = time + period_) {
        if (const auto found = series.find(time); found != series.end()) {
          last = found->second;
        } else if (!repeat) {
          series[time] = *filler.number;
        } else if (last) {
          series[time] = *last;
        }
      }
    }
    return source;
  }

  Result<Value> choose(const std::vector<Value>& arguments) const {
    const auto at = [](const Value& value, Time time) -> std::optional<double> {
      if (value.number) return value.number;
      const auto found = value.series.front().find(time);
      return found == value.series.front().end() ? std::nullopt : std::optional(found->second);
    };
    if (arguments[0].number) return *arguments[0].number != 0 ? arguments[1] : arguments[2];
    Series out;
    for (const auto& [time, condition] : arguments[0].series.front()) {
      if (const auto value = at(condition != 0 ? arguments[1] : arguments[2], time)) out[time] = *value;
    }
    return Value{std::nullopt, {std::move(out)}};
  }

  Result<Value> map_each(const std::string& name, std::vector<Value>& arguments) const {
    if (arguments.size() != 1) return fail(fmt::format("{} takes one argument", name));
    const auto change = [&](double value) {
      return name == "ABS" ? std::abs(value) : name == "CEIL" ? std::ceil(value) : std::floor(value);
    };
    if (arguments[0].number) arguments[0].number = change(*arguments[0].number);
    for (auto& series : arguments[0].series) {
      for (auto& [time, value] : series) value = change(value);
    }
    return std::move(arguments[0]);
  }

  // Over one series: a number. Over several: a series, point by point.
  Result<Value> aggregate(const std::string& name, const std::vector<Value>& arguments) const {
    const auto fold = [&](const std::vector<double>& values) {
      if (name == "MIN") return *std::min_element(values.begin(), values.end());
      if (name == "MAX") return *std::max_element(values.begin(), values.end());
      double total = 0;
      for (const double value : values) total += value;
      return name == "SUM" ? total : total / static_cast<double>(values.size());
    };
    std::map<Time, std::vector<double>> columns;
    std::vector<double> all;
    std::size_t series_count = 0;
    for (const auto& argument : arguments) {
      if (argument.number) return fail(fmt::format("{} takes time series", name));
      for (const auto& series : argument.series) {
        ++series_count;
        for (const auto& [time, value] : series) {
          columns[time].push_back(value);
          all.push_back(value);
        }
      }
    }
    if (series_count == 1) return all.empty() ? Value{std::nullopt, {Series{}}} : Value{fold(all), {}};
    Series out;
    for (const auto& [time, values] : columns) out[time] = fold(values);
    return Value{std::nullopt, {std::move(out)}};
  }

  const std::string& text_;
  const std::map<std::string, Series>& known_;
  const std::vector<std::string>& metric_ids_;
  Time start_, end_;
  Duration period_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

Time aligned_start(Time start, Duration period) {
  return floor_to(start, period < Duration::minutes(1) ? period : Duration::minutes(1));
}

Result<Series> metric_series(const MetricStore& metrics, const MetricDataQuery& query, Time start, Time end) {
  const auto& stat = *query.metric_stat;
  const auto statistic = control::parse_statistic(stat.stat.value_or(""));
  if (!statistic) {
    return Error{"ValidationError", fmt::format("The value '{}' for parameter MetricStat.Stat is not valid.",
                                                stat.stat.value_or(""))};
  }
  const Metric metric = stat.metric.value_or(Metric{});
  const MetricId id = metric_id(metric.namespace_, metric.metric_name, metric.dimensions);
  const Duration period = Duration::seconds(static_cast<double>(stat.period.value_or(60)));
  Series series;
  for (const auto& bucket : metrics.query(id, aligned_start(start, period), end, period, stat.unit.value_or(""))) {
    if (const auto value = value_of_bucket(*statistic, bucket.values)) series[bucket.start] = *value;
  }
  return series;
}

Duration period_of(const MetricDataQuery& query) {
  const auto period_s = query.metric_stat ? query.metric_stat->period : query.period;
  return Duration::seconds(static_cast<double>(period_s.value_or(60)));
}

std::string label_of(const MetricDataQuery& query) {
  if (query.label) return *query.label;
  if (query.metric_stat && query.metric_stat->metric) return query.metric_stat->metric->metric_name.value_or("");
  return query.id.value_or("");
}

// Expressions may use each other; each round evaluates those whose ids are all known.
Result<> evaluate_expressions(const std::vector<MetricDataQuery>& queries, std::map<std::string, Series>& known,
                              const std::vector<std::string>& metric_ids, Time start, Time end) {
  std::vector<const MetricDataQuery*> waiting;
  for (const auto& query : queries) {
    if (query.expression) waiting.push_back(&query);
  }
  Duration period = Duration::minutes(1);
  for (const auto& query : queries) {
    if (query.metric_stat) period = period_of(query);
  }
  while (!waiting.empty()) {
    const std::size_t before = waiting.size();
    Error last_error;
    std::erase_if(waiting, [&](const MetricDataQuery* query) {
      const Time first = aligned_start(start, period);
      auto value = Expression(*query->expression, known, metric_ids, first, end, period).evaluate();
      if (!value) {
        last_error = value.error();
        return false;
      }
      Series series;
      if (value->number) {
        for (Time time = first; time < end; time = time + period) series[time] = *value->number;
      } else if (!value->series.empty()) {
        series = std::move(value->series.front());
      }
      known[query->id.value_or("")] = std::move(series);
      return true;
    });
    if (waiting.size() == before) return last_error;
  }
  return {};
}

}  // namespace

Result<std::vector<QuerySeries>> evaluate_queries(const MetricStore& metrics, const std::vector<MetricDataQuery>& queries,
                                                  Time start, Time end) {
  std::map<std::string, Series> known;
  std::vector<std::string> metric_ids;
  for (const auto& query : queries) {
    const std::string id = query.id.value_or("");
    if (id.empty() || !std::islower(static_cast<unsigned char>(id.front()))) {
      return Error{"ValidationError", fmt::format("The value {} for parameter MetricDataQueries.Id is not matching the "
                                                  "expected pattern ^[a-z][a-zA-Z0-9_]*$.", id)};
    }
    if (query.metric_stat.has_value() == query.expression.has_value()) {
      return Error{"ValidationError", "A metric data query takes either MetricStat or Expression."};
    }
    if (!query.metric_stat) continue;
    auto series = metric_series(metrics, query, start, end);
    if (!series) return series.error();
    known[id] = std::move(*series);
    metric_ids.push_back(id);
  }
  if (auto done = evaluate_expressions(queries, known, metric_ids, start, end); !done) return done.error();
  std::vector<QuerySeries> out;
  for (const auto& query : queries) {
    QuerySeries entry{query.id.value_or(""), label_of(query), query.return_data.value_or(true), {}};
    for (const auto& [time, value] : known[entry.id]) entry.points.emplace_back(time, value);
    out.push_back(std::move(entry));
  }
  return out;
}

}  // namespace berth::cloudwatch
