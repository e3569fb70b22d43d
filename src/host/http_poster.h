// HttpPoster: WebPoster over libcurl's HTTP client.
#pragma once

#include "net/http_client.h"
#include "world/web_poster.h"

namespace berth::host {

class HttpPoster final : public world::WebPoster {
 public:
  explicit HttpPoster(Loop& loop) : client_(loop) {}

  void post(const world::WebPost& post, std::function<void(Result<int>)> done) override;

 private:
  net::HttpClient client_;
};

}  // namespace berth::host
