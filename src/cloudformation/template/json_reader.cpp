#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>

#include "cloudformation/template/document_builder.h"
#include "cloudformation/template/document_readers.h"
#include "cloudformation/template/template_reader.h"

namespace berth::cfn {
namespace {

// Boost.JSON's parser would turn numbers into doubles and let the last of two equal keys win; these events
// keep a number's text and refuse the second key.
class JsonEvents {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return builder_.begin_map(), true; }
  bool on_object_end(std::size_t, json::error_code&) { return builder_.end(), true; }
  bool on_array_begin(json::error_code&) { return builder_.begin_list(), true; }
  bool on_array_end(std::size_t, json::error_code&) { return builder_.end(), true; }

  bool on_key_part(std::string_view part, std::size_t, json::error_code&) { return append(part); }
  bool on_key(std::string_view part, std::size_t, json::error_code& code) {
    append(part);
    const std::string key = take_text();
    if (builder_.set_key(key)) return true;
    message_ = "Template format error: Duplicate key '" + key + "'.";
    code = json::error::syntax;
    return false;
  }
  bool on_string_part(std::string_view part, std::size_t, json::error_code&) { return append(part); }
  bool on_string(std::string_view part, std::size_t, json::error_code&) { return append(part), add_text(); }
  bool on_number_part(std::string_view part, json::error_code&) { return append(part); }
  bool on_int64(std::int64_t, std::string_view part, json::error_code&) { return append(part), add_text(); }
  bool on_uint64(std::uint64_t, std::string_view part, json::error_code&) { return append(part), add_text(); }
  bool on_double(double, std::string_view part, json::error_code&) { return append(part), add_text(); }
  bool on_bool(bool value, json::error_code&) {
    return builder_.add(json::string(value ? "true" : "false")), true;
  }
  bool on_null(json::error_code&) { return builder_.add(nullptr), true; }
  bool on_comment_part(std::string_view, json::error_code&) { return true; }
  bool on_comment(std::string_view, json::error_code&) { return true; }

  json::value take_document() { return builder_.take_document(); }
  const std::string& message() const { return message_; }

 private:
  bool append(std::string_view part) {
    text_ += part;
    return true;
  }
  bool add_text() {
    builder_.add(json::string(take_text()));
    return true;
  }
  std::string take_text() { return std::exchange(text_, {}); }

  DocumentBuilder builder_;
  std::string text_;
  std::string message_;
};

SyntaxError at(std::string_view text, std::size_t offset, std::string message) {
  const auto before = text.substr(0, offset);
  const auto newline = before.rfind('\n');
  const auto column = newline == std::string_view::npos ? before.size() : before.size() - newline - 1;
  return {1 + static_cast<int>(std::count(before.begin(), before.end(), '\n')), 1 + static_cast<int>(column),
          std::move(message)};
}

}  // namespace

std::optional<SyntaxError> read_json(std::string_view text, json::value& document) {
  json::parse_options options;
  options.max_depth = static_cast<std::size_t>(template_depth_max);
  json::basic_parser<JsonEvents> parser(options);
  json::error_code code;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), code);
  if (code) return at(text, used, parser.handler().message());
  const auto rest = text.find_first_not_of(" \t\r\n", used);
  if (rest != std::string_view::npos) return at(text, rest, {});
  document = parser.handler().take_document();
  return std::nullopt;
}

}  // namespace berth::cfn
