// The article's endpoints: a request in, a response out, at once or later. It knows no socket; the server
// asks it when to come back.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "busy_threads.h"
#include "http_message.h"
#include "scaling_info.h"

namespace learner {

class Application {
 public:
  // `time_scale`: how many seconds of the article's pass in one real second.
  Application(double time_scale, BusyThreads& busy, ScalingInfo& scaling_info)
      : time_scale_(time_scale), busy_(busy), scaling_info_(scaling_info) {}

  // The response, or nothing when it comes later under `ticket`.
  std::optional<Response> handle(const Request& request, Ticket ticket, TimePoint now);

  // What has become ready; to be called at next_ready() and when scaling_info has woken the server.
  std::vector<Answer> take_ready(TimePoint now);
  std::optional<TimePoint> next_ready() const;

 private:
  struct Running {
    Ticket ticket;
    Burst burst;
    TimePoint end;
  };

  std::optional<Response> dispatch(std::string_view path, const Request& request, Ticket ticket,
                                   TimePoint now);
  void start(Burst burst, Ticket ticket, TimePoint now);
  Response finish(Burst burst) const;

  const double time_scale_;
  BusyThreads& busy_;
  ScalingInfo& scaling_info_;
  std::vector<Running> running_;
};

}  // namespace learner
