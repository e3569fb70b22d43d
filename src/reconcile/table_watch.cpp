#include "reconcile/table_watch.h"

#include <algorithm>

namespace berth::reconcile {

TableWatch::TableWatch(Store& store, Loop& loop, std::set<std::string_view> tables, Callback step)
    : store_(store), loop_(loop), tables_(std::move(tables)), step_(std::move(step)) {}

TableWatch::~TableWatch() {
  if (watch_ != 0) store_.stop_watching(watch_);
}

void TableWatch::start() {
  watch_ = store_.watch([this](const std::set<std::string_view>& changed) {
    const bool ours = std::any_of(changed.begin(), changed.end(),
                                  [&](std::string_view table) { return tables_.contains(table); });
    if (ours) wake();
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
