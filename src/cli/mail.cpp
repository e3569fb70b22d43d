#include <fmt/format.h>

#include <iostream>

#include "cli/commands.h"

namespace berth::cli {

int show_mail(const Where& where, const MailOptions& options) {
  if (options.number > 0) {
    const auto mail = get_json(where, fmt::format("/_berth/mail/{}", options.number));
    if (!mail) return explain(where, mail.error());
    if (options.json) {
      std::cout << pretty(*mail) << "\n";
    } else {
      std::cout << fmt::format("From: {}\nTo: {}\nDate: {}\nSubject: {}\n\n{}\n", string_or(*mail, "from"),
                               string_or(*mail, "to"), string_or(*mail, "time"), string_or(*mail, "subject"),
                               string_or(*mail, "body"));
    }
    return 0;
  }
  const auto list = get_json(where, "/_berth/mail");
  if (!list) return explain(where, list.error());
  if (options.json) {
    std::cout << pretty(*list) << "\n";
    return 0;
  }
  const auto* mails = find(*list, "mails");
  for (const auto& mail : mails && mails->is_array() ? mails->get_array() : json::array{}) {
    std::cout << fmt::format("{:>4}  {}  {:<28} {}\n", mail.at("number").to_number<std::int64_t>(),
                             string_or(mail, "time"), string_or(mail, "to"), string_or(mail, "subject"));
  }
  return 0;
}

}  // namespace berth::cli
