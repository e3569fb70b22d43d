#include "net/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <thread>

#include "base/check.h"
#include "base/text.h"
#include "net/curl_handles.h"

namespace berth::net {
namespace {

struct CurlGlobal {
  CurlGlobal() { BERTH_CHECK(curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK); }
};

void ensure_curl() {
  static const CurlGlobal global;
}

}  // namespace

// The thread that drives curl's multi interface. What it is told comes through a queue; what it finds out is
// posted to the loop.
class HttpClient::Worker {
 public:
  Worker(Loop& loop, std::weak_ptr<HttpClient*> client)
      : loop_(loop), client_(std::move(client)), multi_(curl_multi_init()) {
    BERTH_CHECK(multi_ != nullptr);
    thread_ = std::thread([this] { run(); });
  }

  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    curl_multi_wakeup(multi_);
    thread_.join();
    transfers_.clear();
    curl_multi_cleanup(multi_);
  }

  void start(RequestId id, HttpRequest request) {
    {
      const std::lock_guard lock(mutex_);
      orders_.push_back({id, std::move(request)});
    }
    curl_multi_wakeup(multi_);
  }

  void cancel(RequestId id) {
    {
      const std::lock_guard lock(mutex_);
      orders_.push_back({id, std::nullopt});
    }
    curl_multi_wakeup(multi_);
  }

 private:
  struct Order {
    RequestId id = 0;
    std::optional<HttpRequest> request;  // empty: cancel
  };

  struct Transfer {
    Transfer(Worker& owner, RequestId request_id, HttpRequest what)
        : worker(owner), id(request_id), request(std::move(what)) {}
    ~Transfer() { curl_multi_remove_handle(worker.multi_, easy.get()); }
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    Worker& worker;
    RequestId id;
    HttpRequest request;
    HttpResponse response;
    bool too_large = false;
    char error_text[CURL_ERROR_SIZE] = {};
    CurlList headers;
    CurlEasy easy{curl_easy_init()};
  };

  void run() {
    for (;;) {
      std::vector<Order> orders;
      {
        const std::lock_guard lock(mutex_);
        if (stopping_) return;
        orders.swap(orders_);
      }
      for (auto& order : orders) carry_out(order);
      int running = 0;
      curl_multi_perform(multi_, &running);
      collect_finished();
      curl_multi_poll(multi_, nullptr, 0, 60'000, nullptr);
    }
  }

  void carry_out(Order& order) {
    if (!order.request) {
      transfers_.erase(order.id);
      return;
    }
    auto transfer = std::make_unique<Transfer>(*this, order.id, std::move(*order.request));
    set_options(*transfer);
    curl_multi_add_handle(multi_, transfer->easy.get());
    transfers_.emplace(order.id, std::move(transfer));
  }

  static void set_options(Transfer& transfer) {
    CURL* easy = transfer.easy.get();
    const HttpRequest& request = transfer.request;
    curl_slist* headers = nullptr;
    for (const auto& [name, value] : request.headers) {
      headers = curl_slist_append(headers, (name + ": " + value).c_str());
    }
    headers = curl_slist_append(headers, "Expect:");  // no pause for 100-continue
    transfer.headers.reset(headers);

    curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.error_text);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.us / 1000));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.us / 1000));
    if (!request.unix_socket.empty()) {
      curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request.unix_socket.c_str());
    }
    if (request.method == "HEAD") {
      curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (request.method != "GET") {
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  }

  static std::size_t on_body(char* data, std::size_t, std::size_t bytes, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    if (transfer.request.on_data) {
      transfer.worker.post([id = transfer.id, piece = std::string(data, bytes)](HttpClient& client) {
        client.deliver(id, piece);
      });
      return bytes;
    }
    if (transfer.response.body.size() + bytes > transfer.request.response_bytes_max) {
      transfer.too_large = true;
      return 0;
    }
    transfer.response.body.append(data, bytes);
    return bytes;
  }

  static std::size_t on_header(char* data, std::size_t, std::size_t bytes, void* user) {
    auto& headers = static_cast<Transfer*>(user)->response.headers;
    const std::string_view line(data, bytes);
    if (line.starts_with("HTTP/")) headers.clear();  // an interim answer came before
    const auto colon = line.find(':');
    if (colon != std::string_view::npos) {
      headers.emplace_back(lower(line.substr(0, colon)), trim(line.substr(colon + 1)));
    }
    return bytes;
  }

  void collect_finished() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      void* user = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &user);
      auto& transfer = *static_cast<Transfer*>(user);
      post([id = transfer.id, result = outcome(transfer, code)](HttpClient& client) mutable {
        client.finish(id, std::move(result));
      });
      transfers_.erase(RequestId{transfer.id});
    }
  }

  static Result<HttpResponse> outcome(Transfer& transfer, CURLcode code) {
    if (code == CURLE_OK) {
      long status = 0;
      curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
      transfer.response.status = static_cast<int>(status);
      return std::move(transfer.response);
    }
    if (transfer.too_large) return Error{std::string(http_response_too_large), "The answer is too large"};
    const char* text = transfer.error_text[0] != 0 ? transfer.error_text : curl_easy_strerror(code);
    const auto kind = code == CURLE_OPERATION_TIMEDOUT ? http_timeout : http_connection_error;
    return Error{std::string(kind), text};
  }

  template <class Event>
  void post(Event event) {
    loop_.post([client = client_, event = std::move(event)]() mutable {
      if (const auto alive = client.lock()) event(**alive);
    });
  }

  Loop& loop_;
  std::weak_ptr<HttpClient*> client_;
  CURLM* multi_;
  std::map<RequestId, std::unique_ptr<Transfer>> transfers_;  // the thread's own
  std::mutex mutex_;
  std::vector<Order> orders_;
  bool stopping_ = false;
  std::thread thread_;
};

HttpClient::HttpClient(Loop& loop) : self_(std::make_shared<HttpClient*>(this)) {
  ensure_curl();
  worker_ = std::make_unique<Worker>(loop, self_);
}

HttpClient::~HttpClient() = default;

HttpClient::RequestId HttpClient::send(HttpRequest request, Done done) {
  const RequestId id = ++last_id_;
  waiting_.emplace(id, Waiting{std::move(done), request.on_data});
  worker_->start(id, std::move(request));
  return id;
}

void HttpClient::cancel(RequestId request) {
  if (waiting_.erase(request) > 0) worker_->cancel(request);
}

void HttpClient::finish(RequestId request, Result<HttpResponse> result) {
  auto found = waiting_.extract(request);
  if (!found.empty()) found.mapped().done(std::move(result));
}

void HttpClient::deliver(RequestId request, std::string_view data) {
  const auto found = waiting_.find(request);
  if (found == waiting_.end()) return;
  const auto on_data = found->second.on_data;  // which may cancel the request
  on_data(data);
}

}  // namespace berth::net
