#include "store/store.h"

#include <atomic>

namespace berth {

std::size_t detail::next_table_index() {
  static std::atomic<std::size_t> next = 0;  // stores of several threads, as in comparing simulations
  return next++;
}

Result<> Store::load() {
  if (!journal_) return {};
  std::map<std::string_view, detail::TableBase*> by_name;
  for (const auto& table : tables_) {
    if (table) by_name[table->name()] = table.get();
  }
  Result<> problem{};
  auto loaded = journal_->load([&](std::string_view table, std::string_view key, std::string_view value) {
    const auto found = by_name.find(table);
    if (found == by_name.end()) return;
    json::value document;
    JsonError error;
    if (!parse_json(value, document, error)) {
      problem = Error{"StoreCorrupt", "The stored row " + std::string(table) + "/" + std::string(key) +
                                          " is not readable: " + error.message};
      return;
    }
    found->second->load(key, document);
  });
  return loaded ? problem : loaded;
}

void Store::append(LogEvent event) {
  BERTH_CHECK(open_);
  appended_.push_back(std::move(event));
}

int Store::amend(Amendment amendment) {
  amendments_.emplace(++last_amendment_, std::move(amendment));
  return last_amendment_;
}

void Store::stop_amending(int id) {
  amendments_.erase(id);
}

int Store::watch(Watch watch) {
  watches_.emplace(++last_watch_, std::move(watch));
  return last_watch_;
}

void Store::stop_watching(int id) {
  watches_.erase(id);
}

Result<> Store::reset() {
  return transact([&]() -> Result<> {
    for (const auto& table : tables_) {
      if (!table) continue;
      touched_.insert(table.get());
      table->clear();
    }
    return {};
  });
}

void Store::begin() {
  BERTH_CHECK(!open_ && touched_.empty());  // a watch may open none: what changed is still needed
  open_ = true;
}

void Store::roll_back() {
  for (auto* table : touched_) table->undo();
  touched_.clear();
  appended_.clear();
  open_ = false;
}

Result<> Store::commit() {
  if (touched_.empty() && appended_.empty()) {
    open_ = false;
    return {};
  }
  std::erase_if(touched_, [](auto* table) { return !table->changed(); });
  if (!amendments_.empty() && !touched_.empty()) call_amendments();
  const bool changed = !touched_.empty() || !appended_.empty();
  if (journal_ && changed) {
    std::vector<Change> changes;
    for (const auto* table : touched_) table->collect(changes);
    if (auto kept = journal_->commit(changes, appended_); !kept) {
      roll_back();
      return kept;
    }
  }
  appended_.clear();
  open_ = false;
  if (changed) tell_watches();
  for (auto* table : touched_) table->settle();
  touched_.clear();
  return {};
}

void Store::call_amendments() {
  const Changes changes(*this);
  for (const auto& [id, amend] : amendments_) amend(changes);
  std::erase_if(touched_, [](auto* table) { return !table->changed(); });
}

void Store::tell_watches() {
  const Changes changes(*this);
  for (auto next = watches_.begin(); next != watches_.end();) {
    const auto [id, notify] = *next;  // it may end itself
    notify(changes);
    next = watches_.upper_bound(id);
  }
}

}  // namespace berth
