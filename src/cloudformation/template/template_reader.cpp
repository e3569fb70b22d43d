#include "cloudformation/template/template_reader.h"

#include "cloudformation/template/document_readers.h"
#include "cloudformation/template/template_error.h"

namespace berth::cfn {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// Length of the well-formed UTF-8 sequence that `text` starts with; 0: there is none. Control characters
// other than white space count as malformed, for no answer in XML could carry them.
std::size_t sequence_bytes(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return lead >= 0x20 || lead == '\t' || lead == '\n' || lead == '\r' ? 1 : 0;
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return 0;
  unsigned code = lead & (0xFFu >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0u) != 0x80u) return 0;
    code = (code << 6) | (next & 0x3Fu);
  }
  const bool overlong = (bytes == 3 && code < 0x800) || (bytes == 4 && code < 0x10000);
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return overlong || surrogate || code > 0x10FFFF ? 0 : bytes;
}

std::optional<SyntaxError> check_characters(std::string_view text) {
  SyntaxError position;
  while (!text.empty()) {
    const std::size_t bytes = sequence_bytes(text);
    if (bytes == 0) return position;
    if (text.front() == '\n') {
      ++position.line;
      position.column = 1;
    } else {
      ++position.column;
    }
    text.remove_prefix(bytes);
  }
  return std::nullopt;
}

Error size_error(std::size_t bytes_max) {
  if (bytes_max == template_body_bytes_max) {
    return validation_error(
        fmt::format("1 validation error detected: Value at 'templateBody' failed to satisfy "
                    "constraint: Member must have length less than or equal to {}",
                    bytes_max));
  }
  return validation_error(fmt::format("Template may not exceed {} bytes in size.", bytes_max));
}

Error syntax_error(const SyntaxError& error, bool is_json) {
  if (error.message.empty()) {
    return format_error("{} not well-formed. (line {}, column {})", is_json ? "JSON" : "YAML", error.line,
                        error.column);
  }
  return validation_error(
      error.with_place ? fmt::format("{} (line {}, column {})", error.message, error.line, error.column)
                       : error.message);
}

}  // namespace

Result<json::value> read_template(std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max) return size_error(bytes_max);
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) {
    return validation_error(
        "1 validation error detected: Value '' at 'templateBody' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1");
  }
  const bool is_json = text[first] == '{';
  json::value document;
  auto error = check_characters(text);
  if (!error) error = is_json ? read_json(text, document) : read_yaml(text, document);
  if (error) return syntax_error(*error, is_json);
  if (!document.is_object()) return format_error("unsupported structure.");
  return document;
}

}  // namespace berth::cfn
