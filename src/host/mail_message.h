// A mail as the text that travels and lies in mailboxes: RFC 5322 header fields, MIME for what is not ASCII.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "world/mailer.h"

namespace berth::host {

// With CRLF line ends. `from_address` and `from_name` as the mail has them.
std::string mail_message(const world::Mail& mail);

// Back from such a text; fields that are not there stay empty. Reads what mail_message() writes, no other
// mail.
world::Mail read_mail_message(std::string_view text);

}  // namespace berth::host
