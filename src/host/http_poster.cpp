#include "host/http_poster.h"

namespace berth::host {
namespace {

// What an endpoint answers is not read, only that it does.
constexpr std::size_t answer_bytes_max = 1u << 20;

}  // namespace

void HttpPoster::post(const world::WebPost& post, std::function<void(Result<int>)> done) {
  net::HttpRequest request;
  request.method = "POST";
  request.url = post.url;
  request.headers.assign(post.headers.begin(), post.headers.end());
  request.body = post.body;
  request.timeout = post.timeout;
  request.response_bytes_max = answer_bytes_max;
  client_.send(std::move(request), [done = std::move(done)](const Result<net::HttpResponse>& response) {
    if (response) {
      done(response->status);
    } else {
      done(response.error());
    }
  });
}

}  // namespace berth::host
