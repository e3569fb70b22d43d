#include "reconcile/registry_sync.h"

#include <algorithm>

#include "base/log.h"

namespace berth::reconcile {
namespace {

constexpr RealDuration collect_again = RealDuration::seconds(5);  // somebody pushes
constexpr RealDuration put_again = RealDuration::seconds(2);

world::RegistryContents contents_of(const Store& store) {
  world::RegistryContents contents;
  for (const auto& [name, repository] : store.all<ecr::RepositoryRow>()) contents[name];
  for (const auto& [key, image] : store.all<ecr::ImageRow>()) contents[image.repository].insert(image.digest);
  return contents;
}

bool everything_is_put(const Store& store) {
  const auto& images = store.all<ecr::ImageRow>();
  return std::all_of(images.begin(), images.end(),
                     [](const auto& entry) { return entry.second.in_registry; });
}

}  // namespace

RegistrySync::RegistrySync(Store& store, Loop& loop, world::Registry& registry)
    : store_(store),
      loop_(loop),
      registry_(registry),
      watch_(
          store, loop, [this](const Changes& changes) { return concerns(changes); }, [this] { step(); }) {}

void RegistrySync::start() {
  watch_.start();
}

bool RegistrySync::concerns(const Changes& changes) {
  const auto erased = [this]<class Row>(const Before<Row>& before) {
    for (const auto& [key, row] : before) {
      if (!store_.find<Row>(key)) return true;
    }
    return false;
  };
  if (erased(changes.rows<ecr::RepositoryRow>()) || erased(changes.rows<ecr::ImageRow>()))
    collect_due_ = true;
  return changes.touched<ecr::RepositoryRow, ecr::ImageRow, ecr::RegistryUseRow>();
}

void RegistrySync::step() {
  const bool used = !store_.all<ecr::RepositoryRow>().empty() || !store_.all<ecr::RegistryUseRow>().empty();
  if (used) {
    registry_.run();
    put_missing();
  }
  if (collect_due_) collect();
}

void RegistrySync::put_missing() {
  for (const auto& [key, image] : store_.all<ecr::ImageRow>()) {
    if (image.in_registry || !being_put_.insert(key).second) continue;
    registry_.put({image.repository, image.digest, image.media_type, image.manifest},
                  watch_.guard([this, key = key](const Result<>& put) { was_put(key, put); }));
  }
}

void RegistrySync::was_put(const std::string& image, const Result<>& put) {
  being_put_.erase(image);
  if (!put) {
    log::warn("registry: {}: {}", image, put.error().message);
    loop_.after_real(put_again, watch_.guard([this] { watch_.wake(); }));
    return;
  }
  auto noted = store_.transact([&]() -> Result<> {
    if (auto* row = store_.edit<ecr::ImageRow>(image)) row->in_registry = true;
    return {};
  });
  if (!noted) log::warn("registry: {}: {}", image, noted.error().message);
}

void RegistrySync::collect() {
  if (collecting_ || collect_timer_ != no_timer) return;
  if (!everything_is_put(store_)) return collect_later();  // its layers would be taken for garbage
  collecting_ = true;
  collect_due_ = false;
  registry_.collect(contents_of(store_), watch_.guard([this](const Result<bool>& collected) {
    collecting_ = false;
    if (!collected) log::warn("registry: {}", collected.error().message);
    if (!collected || !*collected) collect_later();
    if (collect_due_) watch_.wake();
  }));
}

void RegistrySync::collect_later() {
  collect_due_ = true;
  collect_timer_ = loop_.after_real(collect_again, watch_.guard([this] {
    collect_timer_ = no_timer;
    watch_.wake();
  }));
}

}  // namespace berth::reconcile
