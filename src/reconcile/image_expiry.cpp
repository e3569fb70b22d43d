#include "reconcile/image_expiry.h"

#include <algorithm>
#include <optional>

#include "base/log.h"
#include "services/ecr/lifecycle.h"

namespace berth::reconcile {
namespace {

constexpr Duration look_interval = Duration::minutes(60);

}  // namespace

ImageExpiry::ImageExpiry(Store& store, Loop& loop)
    : store_(store),
      loop_(loop),
      watch_(
          store, loop, [](const Changes& changes) { return changes.touched<ecr::RepositoryRow>(); },
          [this] { step(); }) {}

ImageExpiry::~ImageExpiry() {
  loop_.cancel(timer_);
}

void ImageExpiry::step() {
  std::optional<Time> next;
  std::vector<std::string> due;
  for (const auto& [name, repository] : store_.all<ecr::RepositoryRow>()) {
    if (!repository.lifecycle_policy) continue;
    const auto& last = repository.lifecycle_evaluated_at;
    if (!last || *last + look_interval <= loop_.now()) due.push_back(name);
    const Time again = (last ? std::max(*last, loop_.now() - look_interval) : loop_.now()) + look_interval;
    next = next ? std::min(*next, again) : again;
  }
  for (const auto& name : due) apply(*store_.find<ecr::RepositoryRow>(name));
  loop_.cancel(timer_);
  timer_ = next && due.empty() ? loop_.at(*next, [this] { watch_.wake(); }) : no_timer;
}

// The commit wakes the next step, which sets the timer; one that fails is tried again after the look_interval.
void ImageExpiry::apply(const ecr::RepositoryRow& repository) {
  const std::string name = repository.name;
  std::size_t expired = 0;
  auto applied = store_.transact([&]() -> Result<> {
    expired = ecr::apply_lifecycle_policy(store_, repository, loop_.now());
    return {};
  });
  if (!applied) return log::warn("lifecycle policy of {}: {}", name, applied.error().message);
  if (expired > 0) log::info("lifecycle policy of {}: {} images expired", name, expired);
}

}  // namespace berth::reconcile
