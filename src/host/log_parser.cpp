#include "host/log_parser.h"

#include "base/json.h"
#include "loop/time.h"

namespace berth::host {

void LogParser::feed(std::string_view bytes, std::vector<ParsedLine>& out) {
  rest_.append(bytes);
  std::size_t begin = 0;
  for (;;) {
    const auto end = rest_.find('\n', begin);
    if (end == std::string::npos) break;
    Record record;
    const bool parsed = !skip_record_ && parse(std::string_view(rest_).substr(begin, end - begin), record);
    skip_record_ = false;
    if (parsed) {
      take(std::move(record), position_ + static_cast<std::int64_t>(end) + 1, out);
    }
    begin = end + 1;
  }
  rest_.erase(0, begin);
  position_ += static_cast<std::int64_t>(begin);
}

void LogParser::take(Record record, std::int64_t end, std::vector<ParsedLine>& out) {
  Pending& pending = pending_[static_cast<std::size_t>(record.stream)];
  if (!pending.any) {
    pending.any = true;
    pending.time_us = record.time_us;
  }
  pending.text += record.text;
  // Where reading begins again, a line had ended, by its own end or by its length.
  const bool ended = record.complete || pending.text.size() >= line_bytes_max || end == from_;
  if (!ended) return;
  if (end > from_) out.push_back({pending.time_us, std::move(pending.text), end});
  pending = {};
}

void LogParser::finish(std::vector<ParsedLine>& out) {
  for (Pending& pending : pending_) {
    if (pending.any && position_ > from_)
      out.push_back({pending.time_us, std::move(pending.text), position_});
    pending = {};
  }
}

bool LogParser::parse(std::string_view line, Record& record) {
  return line.starts_with('{') ? parse_json_record(line, record) : parse_cri(line, record);
}

// 2016-10-06T00:17:09.669794202Z stdout P text
bool LogParser::parse_cri(std::string_view line, Record& record) {
  const auto after_time = line.find(' ');
  if (after_time == std::string_view::npos) return false;
  const auto time = parse_iso(line.substr(0, after_time));
  const std::string_view rest = line.substr(after_time + 1);
  const bool standard_error = rest.starts_with("stderr ");
  constexpr std::size_t text_begin = sizeof("stdout P ") - 1;
  if (!time || (!standard_error && !rest.starts_with("stdout ")) || rest.size() < text_begin - 1)
    return false;
  record.stream = standard_error ? 1 : 0;
  record.complete = rest[text_begin - 2] != 'P';
  record.time_us = time->us;
  record.text = rest.size() > text_begin ? rest.substr(text_begin) : std::string_view();
  return true;
}

bool LogParser::parse_json_record(std::string_view line, Record& record) {
  json::value document;
  JsonError error;
  if (!parse_json(line, document, error)) return false;
  const auto time = parse_iso(string_or(document, "time"));
  if (!time) return false;
  record.stream = string_or(document, "stream") == "stderr" ? 1 : 0;
  record.time_us = time->us;
  record.text = string_or(document, "log");
  record.complete = record.text.ends_with('\n');
  if (record.complete) record.text.pop_back();
  return true;
}

}  // namespace berth::host
