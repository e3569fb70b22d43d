// Daemon: everything that runs in berthd, put together. Handlers and the gateway answer; reconcilers make it
// true through the ports of src/host.
#pragma once

#include <memory>

#include "base/result.h"
#include "berthd/options.h"

namespace berth {

class Daemon {
 public:
  explicit Daemon(Options options);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Opens the store and listens; an error says what to do.
  Result<> start();
  // Runs until a signal or `POST /_berth/shutdown` ends it: containers and HAProxy go on without it. With
  // --take-down, until nothing of them is left, or an error.
  Result<> run();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace berth
