// Mailbox: mails as files in the data folder, for who has no relay: `<sequence>-<id>.eml`, readable by the
// owner alone. A mail that is there already is not written again. It sends nothing anywhere.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "loop/loop.h"
#include "world/mailer.h"

namespace berth::host {

class Mailbox final : public world::Mailer {
 public:
  struct StoredMail {
    std::int64_t sequence = 0;
    std::string file;  // its name in the folder
    world::Mail mail;
  };

  // Makes the folder if there is none.
  static Result<std::unique_ptr<Mailbox>> open(Loop& loop, std::string folder);
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  void send(const world::Mail& mail, std::function<void(Result<>)> done) override;

  // Oldest first; those behind `after_sequence`.
  Result<std::vector<StoredMail>> list(std::int64_t after_sequence = 0) const;
  // The file's text, by sequence.
  Result<std::string> read(std::int64_t sequence) const;

 private:
  Mailbox(Loop& loop, std::string folder) : loop_(loop), folder_(std::move(folder)) {}
  Result<> take_stock();
  void stored(const std::string& file, std::int64_t sequence, const std::string& id);

  Loop& loop_;
  std::string folder_;
  std::map<std::int64_t, std::string> files_;      // by sequence
  std::map<std::string, std::int64_t> sequences_;  // by the mail's id
  std::int64_t last_sequence_ = 0;
  std::shared_ptr<Mailbox*> self_ = std::make_shared<Mailbox*>(this);
};

}  // namespace berth::host
