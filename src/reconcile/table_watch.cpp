#include "reconcile/table_watch.h"

namespace berth::reconcile {

TableWatch::TableWatch(Store& store, Loop& loop, Concerns concerns, Callback step)
    : store_(store), loop_(loop), concerns_(std::move(concerns)), step_(std::move(step)) {}

TableWatch::~TableWatch() {
  if (watch_ != 0) store_.stop_watching(watch_);
}

void TableWatch::start() {
  watch_ = store_.watch([this](const Changes& changes) {
    if (concerns_(changes)) wake();
  });
  wake();
}

void TableWatch::wake() {
  if (posted_) return;
  posted_ = true;
  loop_.post(guard([this] {
    posted_ = false;
    step_();
  }));
}

}  // namespace berth::reconcile
