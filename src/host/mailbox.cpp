#include "host/mailbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

#include "base/text.h"
#include "host/mail_message.h"

namespace berth::host {
namespace {

constexpr std::string_view file_suffix = ".eml";
constexpr std::string_view unfinished_prefix = ".unfinished-";
constexpr int sequence_digits = 6;

Error mailbox_error(const std::string& what) {
  return {"MailboxError", fmt::format("{}: {}", what, std::strerror(errno))};
}

// Ids become file names.
bool is_file_name(const std::string& id) {
  return !id.empty() && id.size() <= 128 &&
         std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isalnum(c) || c == '-'; });
}

struct FileName {
  std::int64_t sequence = 0;
  std::string id;
};

std::optional<FileName> parse_file_name(const std::string& name) {
  const auto dash = name.find('-');
  if (dash == std::string::npos || !name.ends_with(file_suffix)) return std::nullopt;
  const auto sequence = parse_integer(std::string_view(name).substr(0, dash));
  if (!sequence) return std::nullopt;
  return FileName{*sequence, name.substr(dash + 1, name.size() - dash - 1 - file_suffix.size())};
}

Result<> write_and_sync(const std::string& path, const std::string& text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return mailbox_error("cannot write " + path);
  std::string_view left = text;
  bool good = true;
  while (good && !left.empty()) {
    const auto written = ::write(file, left.data(), left.size());
    good = written > 0;
    if (good) left.remove_prefix(static_cast<std::size_t>(written));
  }
  good = good && ::fsync(file) == 0;
  auto outcome = good ? Result<>{} : Result<>{mailbox_error("cannot write " + path)};
  ::close(file);
  return outcome;
}

void sync_folder(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

// All of it or nothing, also across a crash.
Result<> write_file(const std::string& folder, const std::string& file, const std::string& text) {
  const std::string unfinished = fmt::format("{}/{}{}", folder, unfinished_prefix, file);
  if (auto written = write_and_sync(unfinished, text); !written) {
    ::unlink(unfinished.c_str());
    return written;
  }
  if (::rename(unfinished.c_str(), (folder + "/" + file).c_str()) != 0)
    return mailbox_error("cannot name " + file);
  sync_folder(folder);
  return {};
}

}  // namespace

Result<std::unique_ptr<Mailbox>> Mailbox::open(Loop& loop, std::string folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return mailbox_error("cannot make " + folder);
  std::unique_ptr<Mailbox> mailbox(new Mailbox(loop, std::move(folder)));
  if (auto read = mailbox->take_stock(); !read) return read.error();
  return mailbox;
}

Result<> Mailbox::take_stock() {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(folder_.c_str()), &::closedir);
  if (!directory) return mailbox_error("cannot read " + folder_);
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string name = entry->d_name;
    if (name.starts_with(unfinished_prefix)) {
      ::unlink((folder_ + "/" + name).c_str());
    } else if (const auto parsed = parse_file_name(name)) {
      stored(name, parsed->sequence, parsed->id);
    }
  }
  return {};
}

void Mailbox::stored(const std::string& file, std::int64_t sequence, const std::string& id) {
  files_[sequence] = file;
  sequences_[id] = sequence;
  last_sequence_ = std::max(last_sequence_, sequence);
}

void Mailbox::send(const world::Mail& mail, std::function<void(Result<>)> done) {
  if (!is_file_name(mail.id)) {
    loop_.post([done] { done(Error{world::mail_refused, "The mail's id cannot be a file's name"}); });
    return;
  }
  if (sequences_.contains(mail.id)) {
    loop_.post([done] { done({}); });
    return;
  }
  const std::int64_t sequence = ++last_sequence_;
  const std::string file = fmt::format("{:0{}}-{}{}", sequence, sequence_digits, mail.id, file_suffix);
  auto outcome = std::make_shared<Result<>>();
  loop_.offload([folder = folder_, file, text = mail_message(mail),
                 outcome] { *outcome = write_file(folder, file, text); },
                [self = std::weak_ptr(self_), file, sequence, id = mail.id, outcome, done] {
                  const auto alive = self.lock();
                  if (alive && *outcome) (*alive)->stored(file, sequence, id);
                  done(*outcome);
                });
}

Result<std::vector<Mailbox::StoredMail>> Mailbox::list(std::int64_t after_sequence) const {
  std::vector<StoredMail> mails;
  for (auto next = files_.upper_bound(after_sequence); next != files_.end(); ++next) {
    auto text = read(next->first);
    if (!text) continue;  // someone tidied up
    mails.push_back({next->first, next->second, read_mail_message(*text)});
  }
  return mails;
}

Result<std::string> Mailbox::read(std::int64_t sequence) const {
  const auto found = files_.find(sequence);
  if (found == files_.end()) return Error{"NoSuchMail", "There is no mail " + std::to_string(sequence), 404};
  std::ifstream file(folder_ + "/" + found->second, std::ios::binary);
  if (!file) return Error{"NoSuchMail", "The file " + found->second + " is not there any more", 404};
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace berth::host
