// OutputSink: where the output of tasks goes. The task lifecycle hears it from the runtime and hands it on,
// with the task that it belongs to; storing it, and telling the runtime that it is stored, is the sink's
// matter.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "services/ecs/rows.h"
#include "world/runtime.h"

namespace berth::reconcile {

class OutputSink {
 public:
  virtual ~OutputSink() = default;

  // The position up to which the container's output is stored already; it is followed from there on.
  virtual std::int64_t stored_offset(const ecs::TaskRow& task, const std::string& container) = 0;
  // Outside a transaction.
  virtual void on_output(const ecs::TaskRow& task, const std::string& container,
                         std::vector<world::LogLine> lines, std::int64_t dropped) = 0;
};

}  // namespace berth::reconcile
