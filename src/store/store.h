// Store: typed tables in memory, all that handlers, rules and reconcilers read. Every change happens in a
// transaction; a committed one is appended to the journal in one piece, a failed one leaves no trace. One
// thread, no nesting: a transaction is short and never waits.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/json.h"
#include "base/result.h"
#include "store/journal.h"
#include "store/row_codec.h"

namespace berth {

// A row type has: `static constexpr const char* table`, a key `std::string key() const` that no member of the
// row but its identity enters, and a Boost.Describe description. It may have `std::string belongs_to()
// const`, the key of what it is a part of, which never changes either: Store::rows_of() finds rows by it.
template <class Row>
using Rows = std::map<std::string, Row, std::less<>>;

// The rows that belong to something, in order of their keys.
template <class Row>
using RowsOf = std::vector<const typename Rows<Row>::value_type*>;

// What rows were before a change; null: there was no such row.
template <class Row>
using Before = std::map<std::string, std::unique_ptr<Row>>;

namespace detail {

template <class Row>
concept Belonging = requires(const Row& row) {
  row.belongs_to();
};

class TableBase {
 public:
  virtual ~TableBase() = default;
  virtual const char* name() const = 0;
  virtual void load(std::string_view key, const json::value& value) = 0;
  virtual void undo() = 0;                                   // back to the last commit
  virtual void collect(std::vector<Change>& out) const = 0;  // changes since the last commit
  virtual bool changed() = 0;                                // whether there are any
  virtual void settle() = 0;                                 // forget how to undo
  virtual void clear() = 0;                                  // as if every row were erased, in a transaction
  virtual std::size_t size() const = 0;
};

template <class Row>
class Table final : public TableBase {
 public:
  const char* name() const override { return Row::table; }
  const Rows<Row>& rows() const { return rows_; }
  const Before<Row>& before() const { return before_; }

  const RowsOf<Row>& rows_of(std::string_view owner) const {
    static const RowsOf<Row> none;
    const auto found = owned_.find(owner);
    return found == owned_.end() ? none : found->second;
  }

  void put(Row row) {
    const std::string key = row.key();
    remember(key);
    set(key, std::move(row));
  }

  bool erase(std::string_view key) {
    const auto found = rows_.find(key);
    if (found == rows_.end()) return false;
    remember(found->first);
    drop(found);
    return true;
  }

  Row* edit(std::string_view key) {
    const auto found = rows_.find(key);
    if (found == rows_.end()) return nullptr;
    remember(found->first);
    return &found->second;
  }

  void load(std::string_view key, const json::value& value) override {
    Row row;
    row_codec::read(value, row);
    set(std::string(key), std::move(row));
  }

  void undo() override {
    for (auto& [key, before] : before_) {
      if (before) {
        set(key, std::move(*before));
      } else if (const auto found = rows_.find(key); found != rows_.end()) {
        drop(found);
      }
    }
    before_.clear();
  }

  void collect(std::vector<Change>& out) const override {
    for (const auto& [key, before] : before_) {
      const auto found = rows_.find(key);
      if (found == rows_.end()) {
        out.push_back({name(), key, std::nullopt});
      } else {
        out.push_back({name(), key, json::serialize(row_codec::write(found->second))});
      }
    }
  }

  bool changed() override {
    std::erase_if(before_, [&](const auto& entry) { return !entry.second && !rows_.contains(entry.first); });
    return !before_.empty();
  }

  void settle() override { before_.clear(); }

  void clear() override {
    for (const auto& [key, row] : rows_) remember(key);
    rows_.clear();
    owned_.clear();
  }

  std::size_t size() const override { return rows_.size(); }

 private:
  using Position = typename Rows<Row>::iterator;

  void set(const std::string& key, Row row) {
    const auto [at, added] = rows_.insert_or_assign(key, std::move(row));
    if constexpr (Belonging<Row>) {
      if (!added) return;
      auto& siblings = owned_[at->second.belongs_to()];
      siblings.insert(place_of(siblings, key), &*at);
    }
  }

  void drop(Position row) {
    if constexpr (Belonging<Row>) {
      const auto owner = owned_.find(row->second.belongs_to());
      BERTH_CHECK(owner != owned_.end());
      owner->second.erase(place_of(owner->second, row->first));
      if (owner->second.empty()) owned_.erase(owner);
    }
    rows_.erase(row);
  }

  static auto place_of(const RowsOf<Row>& siblings, const std::string& key) {
    return std::lower_bound(
        siblings.begin(), siblings.end(), key,
        [](const auto* entry, const std::string& wanted) { return entry->first < wanted; });
  }

  void remember(const std::string& key) {
    if (before_.contains(key)) return;
    const auto found = rows_.find(key);
    before_.emplace(key, found == rows_.end() ? nullptr : std::make_unique<Row>(found->second));
  }

  Rows<Row> rows_;
  std::map<std::string, RowsOf<Row>, std::less<>> owned_;  // by what they belong to
  Before<Row> before_;
};

std::size_t next_table_index();

template <class Row>
std::size_t table_index() {
  static const std::size_t index = next_table_index();
  return index;
}

}  // namespace detail

class Store;

// What a commit changed. Valid while the watches are called.
class Changes {
 public:
  // Whether a row of one of these types was put, edited or erased.
  template <class... Row>
  bool touched() const {
    return (!rows<Row>().empty() || ...);
  }
  // The keys of those rows, in order, and what each was before; what it is now, the store says.
  template <class Row>
  const Before<Row>& rows() const;

 private:
  friend class Store;
  explicit Changes(const Store& store) : store_(store) {}

  const Store& store_;
};

class Store {
 public:
  // `journal` may be null: nothing is kept then.
  explicit Store(Journal* journal = nullptr) : journal_(journal) {}

  // Every row type must be added before load() and before its first use.
  template <class Row>
  void add() {
    const std::size_t index = detail::table_index<Row>();
    if (tables_.size() <= index) tables_.resize(index + 1);
    tables_[index] = std::make_unique<detail::Table<Row>>();
  }

  Result<> load();

  // Reading is possible at any time.
  template <class Row>
  const Rows<Row>& all() const {
    return table<Row>().rows();
  }
  template <class Row>
  const Row* find(std::string_view key) const {
    const auto& rows = table<Row>().rows();
    const auto found = rows.find(key);
    return found == rows.end() ? nullptr : &found->second;
  }
  template <class Row>
  requires detail::Belonging<Row>
  const RowsOf<Row>& rows_of(std::string_view owner) const { return table<Row>().rows_of(owner); }

  // Writing needs a transaction.
  template <class Row>
  void put(Row row) {
    touch<Row>().put(std::move(row));
  }
  template <class Row>
  bool erase(std::string_view key) {
    return touch<Row>().erase(key);
  }
  // The row for changing in place (its key and what it belongs to must stay), or null.
  template <class Row>
  Row* edit(std::string_view key) {
    return touch<Row>().edit(key);
  }
  void append(LogEvent event);

  // Runs `work`, which returns a Result, and commits when it succeeds.
  template <class Work>
  auto transact(Work work) -> decltype(work()) {
    begin();
    auto result = work();
    if (!result) {
      roll_back();
      return result;
    }
    if (auto committed = commit(); !committed) return committed.error();
    return result;
  }
  bool in_transaction() const { return open_; }

  // Called as a transaction that changed something is about to commit, still inside it: what an amendment puts
  // belongs to that transaction, and is not shown to amendments again. Returns an id for stop_amending().
  using Amendment = std::function<void(const Changes& changes)>;
  int amend(Amendment amendment);
  void stop_amending(int id);

  // Called after each commit that changed something; inside it no transaction may be opened (post to the loop
  // instead). Returns an id for stop_watching().
  using Watch = std::function<void(const Changes& changes)>;
  int watch(Watch watch);
  void stop_watching(int id);

  // Erases every row of every table and commits.
  Result<> reset();

 private:
  friend class Changes;

  template <class Row>
  detail::Table<Row>& table() const {
    const std::size_t index = detail::table_index<Row>();
    BERTH_CHECK(index < tables_.size() && tables_[index]);
    return static_cast<detail::Table<Row>&>(*tables_[index]);
  }
  template <class Row>
  detail::Table<Row>& touch() {
    BERTH_CHECK(open_);
    auto& touched = table<Row>();
    touched_.insert(&touched);
    return touched;
  }
  void begin();
  void roll_back();
  Result<> commit();
  void call_amendments();
  void tell_watches();

  Journal* journal_;
  std::vector<std::unique_ptr<detail::TableBase>> tables_;
  std::set<detail::TableBase*> touched_;
  std::vector<LogEvent> appended_;
  bool open_ = false;
  std::map<int, Amendment> amendments_;
  int last_amendment_ = 0;
  std::map<int, Watch> watches_;
  int last_watch_ = 0;
};

template <class Row>
const Before<Row>& Changes::rows() const {
  return store_.table<Row>().before();
}

}  // namespace berth
