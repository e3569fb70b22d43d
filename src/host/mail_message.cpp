#include "host/mail_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <optional>

#include "base/digest.h"
#include "base/text.h"

namespace berth::host {
namespace {

constexpr std::size_t line_bytes_max = 998;         // RFC 5322, 2.1.1
constexpr std::size_t encoded_line_bytes_max = 76;  // RFC 2045, 6.7
constexpr std::size_t encoded_word_bytes_max = 45;  // of the text in one encoded word; 60 in base64
constexpr std::string_view end = "\r\n";
constexpr std::string_view message_id_domain = "berth.localhost";

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 128; });
}

// A line end in a name or a subject would begin a header field of its own.
std::string one_line(std::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < ' ' || c == 127; }, ' ');
  return line;
}

std::size_t character_start(std::string_view text, std::size_t at) {
  while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) --at;
  return at;
}

// RFC 2047, cut between characters.
std::string encoded_words(std::string_view text) {
  std::string words;
  while (!text.empty()) {
    std::size_t bytes = character_start(text, std::min(text.size(), encoded_word_bytes_max));
    if (bytes == 0) bytes = std::min(text.size(), encoded_word_bytes_max);  // not UTF-8 at all
    if (!words.empty()) words += "\r\n ";
    words += fmt::format("=?UTF-8?B?{}?=", base64(text.substr(0, bytes)));
    text.remove_prefix(bytes);
  }
  return words;
}

std::string unstructured(std::string_view text) {
  const std::string line = one_line(text);
  return is_ascii(line) ? line : encoded_words(line);
}

std::string display_name(std::string_view name) {
  const std::string line = one_line(name);
  if (!is_ascii(line)) return encoded_words(line);
  return '"' + replace_all(replace_all(line, "\\", "\\\\"), "\"", "\\\"") + '"';
}

std::string with_crlf(std::string_view text) {
  std::string body;
  for (const auto& line : split(replace_all(std::string(text), "\r\n", "\n"), '\n')) {
    body += line;
    body += end;
  }
  if (body.ends_with("\r\n\r\n")) body.resize(body.size() - end.size());
  return body;
}

bool travels_as_it_is(std::string_view text) {
  if (!is_ascii(text)) return false;
  const auto lines = split(text, '\n');
  return std::all_of(lines.begin(), lines.end(),
                     [](const auto& line) { return line.size() < line_bytes_max; });
}

// RFC 2045, 6.7.
std::string quoted_printable(std::string_view body) {
  std::string out;
  for (const auto& line : split(body, '\n')) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const auto c = static_cast<unsigned char>(line[i]);
      if (c == '\r') continue;
      const bool last = i + 1 == line.size() || line[i + 1] == '\r';
      const bool plain = (c > ' ' && c < 127 && c != '=') || (c == ' ' && !last);
      const std::string piece = plain ? std::string(1, static_cast<char>(c)) : fmt::format("={:02X}", c);
      if (length + piece.size() >= encoded_line_bytes_max) {
        out += "=\r\n";
        length = 0;
      }
      out += piece;
      length += piece.size();
    }
    out += end;
  }
  out.resize(out.size() - end.size());  // split() sees an empty line behind the last line end
  return out;
}

int hexadecimal_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 0;
}

std::string from_quoted_printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '=' || i + 2 >= text.size()) {
      out += text[i];
    } else {
      if (text[i + 1] != '\r') {
        out += static_cast<char>(hexadecimal_digit(text[i + 1]) * 16 + hexadecimal_digit(text[i + 2]));
      }
      i += 2;
    }
  }
  return out;
}

std::string from_encoded_words(std::string_view text) {
  constexpr std::string_view begin = "=?UTF-8?B?";
  if (!text.starts_with(begin)) return std::string(text);
  std::string out;
  for (const auto& word : split(text, ' ')) {
    if (word.size() < begin.size() + 2) continue;
    out += from_base64(word.substr(begin.size(), word.size() - begin.size() - 2)).value_or("");
  }
  return out;
}

std::optional<Time> parse_date(const std::string& text) {
  std::tm parts{};
  if (!strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S", &parts)) return std::nullopt;
  return from_unix_seconds(timegm(&parts));
}

// `"name" <address>` or `=?...?= <address>`.
void read_from(const std::string& value, world::Mail& mail) {
  const auto open = value.rfind(" <");
  if (open == std::string::npos || !value.ends_with('>')) return;
  mail.from_address = value.substr(open + 2, value.size() - open - 3);
  std::string name = value.substr(0, open);
  if (name.size() >= 2 && name.front() == '"') {
    std::string bare;
    for (std::size_t i = 1; i + 1 < name.size(); ++i) {
      if (name[i] == '\\') ++i;
      bare += name[i];
    }
    mail.from_name = bare;
  } else {
    mail.from_name = from_encoded_words(name);
  }
}

}  // namespace

std::string mail_message(const world::Mail& mail) {
  const std::string body = with_crlf(mail.body);
  const bool plain = travels_as_it_is(body);
  std::string text;
  const auto field = [&](std::string_view name, const std::string& value) {
    text += fmt::format("{}: {}\r\n", name, value);
  };
  field("Date", format_utc(mail.time, "%a, %d %b %Y %H:%M:%S +0000"));
  field("From", fmt::format("{} <{}>", display_name(mail.from_name), one_line(mail.from_address)));
  field("To", one_line(mail.to));
  field("Message-ID", fmt::format("<{}@{}>", one_line(mail.id), message_id_domain));
  field("Subject", unstructured(mail.subject));
  field("MIME-Version", "1.0");
  field("Content-Type", "text/plain; charset=UTF-8");
  field("Content-Transfer-Encoding", plain ? "7bit" : "quoted-printable");
  text += end;
  text += plain ? body : quoted_printable(body);
  return text;
}

world::Mail read_mail_message(std::string_view text) {
  world::Mail mail;
  const auto blank = text.find("\r\n\r\n");
  const std::string head = replace_all(std::string(text.substr(0, blank)), "\r\n ", " ");
  bool encoded = false;
  for (const auto& line : split(replace_all(head, "\r\n", "\n"), '\n')) {
    const auto colon = line.find(": ");
    if (colon == std::string::npos) continue;
    const std::string name = line.substr(0, colon);
    const std::string value = line.substr(colon + 2);
    if (name == "From") read_from(value, mail);
    if (name == "To") mail.to = value;
    if (name == "Subject") mail.subject = from_encoded_words(value);
    if (name == "Message-ID" && value.starts_with('<')) mail.id = value.substr(1, value.find('@') - 1);
    if (name == "Content-Transfer-Encoding") encoded = value == "quoted-printable";
    if (name == "Date") mail.time = parse_date(value).value_or(Time{});
  }
  if (blank == std::string_view::npos) return mail;
  const std::string body(text.substr(blank + 4));
  mail.body = replace_all(encoded ? from_quoted_printable(body) : body, "\r\n", "\n");
  return mail;
}

}  // namespace berth::host
