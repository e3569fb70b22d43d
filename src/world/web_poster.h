// WebPoster: posts one document to a web server of the user's. It follows no redirect and tries once.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/result.h"
#include "loop/time.h"

namespace berth::world {

struct WebPost {
  std::string url;
  std::map<std::string, std::string> headers;
  std::string body;
  RealDuration timeout = RealDuration::seconds(15);
};

class WebPoster {
 public:
  virtual ~WebPoster() = default;
  // `done` gets the status of the answer, or why there is none.
  virtual void post(const WebPost& post, std::function<void(Result<int>)> done) = 0;
};

}  // namespace berth::world
