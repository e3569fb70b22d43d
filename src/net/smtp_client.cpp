#include "net/smtp_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>

#include "base/check.h"
#include "net/curl_handles.h"

namespace berth::net {
namespace {

// What curl reads the message from.
struct Source {
  std::string_view left;
};

std::size_t read_message(char* to, std::size_t size, std::size_t count, void* user) {
  auto& source = *static_cast<Source*>(user);
  const std::size_t bytes = std::min(size * count, source.left.size());
  std::memcpy(to, source.left.data(), bytes);
  source.left.remove_prefix(bytes);
  return bytes;
}

int stop_when_told(void* stopping, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<std::atomic<bool>*>(stopping)->load() ? 1 : 0;
}

}  // namespace

class SmtpClient::Worker {
 public:
  Worker(Loop& loop, std::weak_ptr<SmtpClient*> client, SmtpServer server)
      : loop_(loop), client_(std::move(client)), server_(std::move(server)) {
    thread_ = std::thread([this] { run(); });
  }

  ~Worker() {
    stopping_ = true;
    {
      const std::lock_guard lock(mutex_);  // the thread is waiting, or has not looked at `stopping_` yet
    }
    wake_.notify_one();
    thread_.join();
  }

  void add(std::uint64_t id, SmtpMessage message) {
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back({id, std::move(message)});
    }
    wake_.notify_one();
  }

 private:
  struct Order {
    std::uint64_t id = 0;
    SmtpMessage message;
  };

  void run() {
    for (;;) {
      Order order;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
        if (stopping_) return;
        order = std::move(queue_.front());
        queue_.pop_front();
      }
      loop_.post([client = client_, id = order.id, outcome = deliver(order.message)] {
        if (const auto alive = client.lock()) (*alive)->finish(id, outcome);
      });
    }
  }

  Result<> deliver(const SmtpMessage& message) {
    const CurlEasy easy(curl_easy_init());
    BERTH_CHECK(easy);
    const CurlList to(curl_slist_append(nullptr, message.to.c_str()));
    Source source{message.text};
    char error_text[CURL_ERROR_SIZE] = {};
    set_server(easy.get());
    curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, error_text);
    curl_easy_setopt(easy.get(), CURLOPT_MAIL_FROM, message.from.c_str());
    curl_easy_setopt(easy.get(), CURLOPT_MAIL_RCPT, to.get());
    curl_easy_setopt(easy.get(), CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy.get(), CURLOPT_READFUNCTION, &read_message);
    curl_easy_setopt(easy.get(), CURLOPT_READDATA, &source);
    const CURLcode code = curl_easy_perform(easy.get());
    if (code == CURLE_OK) return {};
    long status = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
    // A login that fails is a matter of the configuration, which someone will mend.
    const bool refused = status >= 500 && code != CURLE_LOGIN_DENIED && code != CURLE_USE_SSL_FAILED;
    std::string text = error_text[0] != 0 ? error_text : curl_easy_strerror(code);
    if (status >= 400) text += fmt::format(" (the server answered {})", status);
    return Error{std::string(refused ? smtp_refused : smtp_failed), fmt::format("{}: {}", server_.url, text)};
  }

  void set_server(CURL* easy) {
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_URL, server_.url.c_str());
    const auto tls = server_.require_tls ? CURLUSESSL_ALL
                     : server_.allow_tls ? CURLUSESSL_TRY
                                         : CURLUSESSL_NONE;
    curl_easy_setopt(easy, CURLOPT_USE_SSL, static_cast<long>(tls));
    if (!server_.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, server_.ca_file.c_str());
    if (!server_.user.empty()) {
      curl_easy_setopt(easy, CURLOPT_USERNAME, server_.user.c_str());
      curl_easy_setopt(easy, CURLOPT_PASSWORD, server_.password.c_str());
    }
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(server_.timeout.us / 1000));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(server_.timeout.us / 4000));
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, &stop_when_told);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &stopping_);
  }

  Loop& loop_;
  std::weak_ptr<SmtpClient*> client_;
  SmtpServer server_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Order> queue_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

SmtpClient::SmtpClient(Loop& loop, SmtpServer server) : self_(std::make_shared<SmtpClient*>(this)) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_ALL);
  BERTH_CHECK(ready == CURLE_OK);
  worker_ = std::make_unique<Worker>(loop, self_, std::move(server));
}

SmtpClient::~SmtpClient() = default;

void SmtpClient::send(SmtpMessage message, Done done) {
  const std::uint64_t id = ++last_id_;
  waiting_.emplace(id, std::move(done));
  worker_->add(id, std::move(message));
}

void SmtpClient::finish(std::uint64_t id, Result<> outcome) {
  auto found = waiting_.extract(id);
  if (!found.empty()) found.mapped()(std::move(outcome));
}

}  // namespace berth::net
