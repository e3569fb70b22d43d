// A store, a virtual clock and a way to call handlers as the gateway does: each in a transaction of its own.
#pragma once

#include <string>
#include <utility>

#include "loop/sim_loop.h"
#include "services/cloudwatch/metric_store.h"
#include "services/context.h"
#include "store/log_events.h"

namespace berth::services {

struct HandlerTest {
  template <class In, class Out>
  Result<Out> call(Result<Out> (*handler)(Context&, const In&), const std::type_identity_t<In>& input) {
    return store.transact([&] { return handler(context, input); });
  }

  // The error's code; empty when the call succeeds.
  template <class In, class Out>
  std::string code_of(Result<Out> (*handler)(Context&, const In&), const std::type_identity_t<In>& input) {
    auto result = call(handler, input);
    return result ? "" : result.error().code;
  }

  template <class In, class Out>
  std::string message_of(Result<Out> (*handler)(Context&, const In&), const std::type_identity_t<In>& input) {
    auto result = call(handler, input);
    return result ? "" : result.error().message;
  }

  template <class Work>
  void write(Work work) {
    auto done = store.transact([&]() -> Result<> {
      work();
      return {};
    });
    BERTH_CHECK(done.has_value());
  }

  MemoryLogEvents log_events{};
  Store store{&log_events};
  cloudwatch::MetricStore metrics{};
  SimLoop loop{};
  Settings settings{};
  Context context{store, loop, settings, metrics, log_events};
};

}  // namespace berth::services
