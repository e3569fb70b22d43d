#include "http_message.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

namespace learner {
namespace {

constexpr int chunk_line_bytes_max = 256;

bool is_token_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool is_visible(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

template <class Number>
std::optional<Number> parse_number(std::string_view text, int base) {
  Number value = 0;
  if (text.empty() || text.front() == '-') return std::nullopt;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Takes one line, ended by LF or CRLF, off the front.
std::optional<std::string_view> take_line(std::string_view& bytes) {
  std::size_t end = bytes.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view line = bytes.substr(0, end);
  bytes.remove_prefix(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

struct Head {
  std::string_view start_line;
  Headers headers;
  std::size_t size = 0;
};

bool add_header(Headers& headers, std::string_view line) {
  std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return false;
  std::string_view value = trim(line.substr(colon + 1));
  bool has_control = std::any_of(value.begin(), value.end(),
                                 [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; });
  if (has_control) return false;
  headers.push_back({lower(line.substr(0, colon)), std::string(value)});
  return true;
}

// Looks for the empty line first, so that a head which comes byte by byte is parsed once.
Parse parse_head(std::string_view bytes, Head& out) {
  std::size_t bare = bytes.find("\n\n");
  std::size_t full = bytes.find("\n\r\n");
  if (bare == std::string_view::npos && full == std::string_view::npos) {
    return bytes.size() > head_bytes_max ? Parse::too_large : Parse::incomplete;
  }
  out.size = std::min(bare == std::string_view::npos ? bare : bare + 2,
                      full == std::string_view::npos ? full : full + 3);
  if (out.size > head_bytes_max) return Parse::too_large;
  std::string_view rest = bytes.substr(0, out.size);
  out.start_line = *take_line(rest);
  for (auto line = take_line(rest); line && !line->empty(); line = take_line(rest)) {
    if (!add_header(out.headers, *line)) return Parse::invalid;
  }
  return Parse::complete;
}

struct Framing {
  bool chunked = false;
  std::optional<std::uint64_t> length;
};

// Two different lengths, or a length beside chunks, are how requests are smuggled past a load balancer:
// invalid.
bool read_framing(const Headers& headers, Framing& out) {
  for (const Header& header : headers) {
    if (header.name == "transfer-encoding") {
      if (out.chunked || lower(header.value) != "chunked") return false;
      out.chunked = true;
    } else if (header.name == "content-length") {
      auto length = parse_number<std::uint64_t>(header.value, 10);
      if (!length || (out.length && *out.length != *length)) return false;
      out.length = length;
    }
  }
  return !(out.chunked && out.length);
}

Parse read_trailer(std::string_view& rest) {
  for (;;) {
    auto line = take_line(rest);
    if (!line) return rest.size() > head_bytes_max ? Parse::too_large : Parse::incomplete;
    if (line->empty()) return Parse::complete;
    Headers ignored;
    if (!add_header(ignored, *line)) return Parse::invalid;
  }
}

Parse read_chunks(std::string_view bytes, std::size_t body_max, std::string& body, std::size_t& consumed) {
  std::string_view rest = bytes;
  for (;;) {
    auto line = take_line(rest);
    if (!line) return rest.size() > chunk_line_bytes_max ? Parse::invalid : Parse::incomplete;
    auto size = parse_number<std::uint32_t>(trim(line->substr(0, line->find(';'))), 16);
    if (!size) return Parse::invalid;
    if (*size == 0) break;
    if (body.size() + *size > body_max) return Parse::too_large;
    if (rest.size() < *size) return Parse::incomplete;
    body.append(rest.substr(0, *size));
    rest.remove_prefix(*size);
    if (rest.empty() || rest == "\r") return Parse::incomplete;
    auto end = take_line(rest);
    if (!end || !end->empty()) return Parse::invalid;
  }
  Parse trailer = read_trailer(rest);
  consumed = bytes.size() - rest.size();
  return trailer;
}

bool read_request_line(std::string_view line, Request& out) {
  std::size_t first = line.find(' ');
  std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return false;
  std::string_view method = line.substr(0, first);
  std::string_view target = line.substr(first + 1, last - first - 1);
  std::string_view version = line.substr(last + 1);
  if (!is_token(method) || !is_visible(target)) return false;
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return false;
  out.method = method;
  out.target = target;
  out.minor_version = version.back() - '0';
  return true;
}

// urllib.parse.unquote: an escape that is none stays as it is.
std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = text[i] == '%' ? parse_number<unsigned char>(text.substr(i + 1, 2), 16) : std::nullopt;
    if (byte && i + 2 < text.size()) {
      out += static_cast<char>(*byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool has_token(const Headers& headers, std::string_view name, std::string_view token) {
  for (const Header& header : headers) {
    if (header.name != name) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      std::size_t comma = std::min(rest.find(','), rest.size());
      if (lower(trim(rest.substr(0, comma))) == token) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

// RFC 9112: HTTP/1.1 requests carry exactly one Host.
bool has_valid_host(const Request& request) {
  auto is_host = [](const Header& header) { return header.name == "host"; };
  auto hosts = std::count_if(request.headers.begin(), request.headers.end(), is_host);
  return hosts == 1 || (hosts == 0 && request.minor_version == 0);
}

}  // namespace

const std::string* find_header(const Headers& headers, std::string_view name) {
  for (const Header& header : headers) {
    if (header.name == name) return &header.value;
  }
  return nullptr;
}

ParsedRequest parse_request(std::string_view bytes, Request& out) {
  Head head;
  Parse status = parse_head(bytes, head);
  if (status != Parse::complete) return {status};
  out = Request{};
  out.headers = std::move(head.headers);
  Framing framing;
  if (!read_request_line(head.start_line, out) || !has_valid_host(out) ||
      !read_framing(out.headers, framing)) {
    return {Parse::invalid};
  }
  std::size_t question = std::min(out.target.find('?'), out.target.size());
  out.path = percent_decode(std::string_view(out.target).substr(0, question));
  out.query = out.target.substr(std::min(question + 1, out.target.size()));
  out.keep_alive = out.minor_version == 1 && !has_token(out.headers, "connection", "close");

  bool expects_continue = out.minor_version == 1 && has_token(out.headers, "expect", "100-continue");
  std::string_view rest = bytes.substr(head.size);
  if (framing.chunked) {
    std::size_t consumed = 0;
    status = read_chunks(rest, body_bytes_max, out.body, consumed);
    return {status, head.size + consumed, expects_continue};
  }
  std::uint64_t length = framing.length.value_or(0);
  if (length > body_bytes_max) return {Parse::too_large};
  if (rest.size() < length) return {Parse::incomplete, 0, expects_continue};
  out.body = rest.substr(0, length);
  return {Parse::complete, head.size + length, false};
}

Parse parse_response(std::string_view bytes, int& status, std::string& body) {
  Head head;
  Parse parsed = parse_head(bytes, head);
  if (parsed != Parse::complete) return parsed;
  std::string_view line = head.start_line;
  auto code = line.size() >= 12 && line.starts_with("HTTP/1.") ? parse_number<int>(line.substr(9, 3), 10)
                                                               : std::nullopt;
  Framing framing;
  if (!code || !read_framing(head.headers, framing)) return Parse::invalid;
  status = *code;
  std::string_view rest = bytes.substr(head.size);
  body.clear();
  std::size_t consumed = 0;
  if (framing.chunked) return read_chunks(rest, bytes.size(), body, consumed);
  if (framing.length && rest.size() < *framing.length) return Parse::incomplete;
  body = rest.substr(0, framing.length.value_or(rest.size()));
  return Parse::complete;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Request Entity Too Large";
    case 422:
      return "Unprocessable Entity";
    case 500:
      return "Internal Server Error";
    default:
      return "";
  }
}

std::string format_response(const Response& response, std::string_view date, bool keep_alive,
                            bool with_body) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " ";
  out += reason_phrase(response.status);
  out += "\r\ndate: ";
  out += date;
  // No `server` header: the article's says uvicorn, which this is not.
  for (const Header& header : response.headers) out += "\r\n" + header.name + ": " + header.value;
  out += "\r\ncontent-length: " + std::to_string(response.body.size());
  if (!response.content_type.empty()) out += "\r\ncontent-type: " + response.content_type;
  if (!keep_alive) out += "\r\nconnection: close";
  out += "\r\n\r\n";
  if (with_body) out += response.body;
  return out;
}

std::string percent_encode(std::string_view text, std::string_view safe) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                 std::string_view("_.-~").find(c) != std::string_view::npos ||
                 safe.find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      unsigned char byte = static_cast<unsigned char>(c);
      out += {'%', digits[byte >> 4], digits[byte & 0xF]};
    }
  }
  return out;
}

}  // namespace learner
