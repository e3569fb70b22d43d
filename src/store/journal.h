// Journal: where committed changes are kept. SqliteJournal keeps them in the data folder; the simulator has none.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "loop/time.h"

namespace berth {

struct Change {
  std::string table;
  std::string key;
  std::optional<std::string> value;  // nullopt: the row was erased
};

struct LogEvent {
  std::string group;
  std::string stream;
  std::int64_t sequence = 0;  // grows over all events; its order is that of ingestion
  Time timestamp{};
  Time ingestion_time{};
  std::string message;
};

class Journal {
 public:
  virtual ~Journal() = default;

  // All or nothing; what it returns without an error survives a kill -9.
  virtual Result<> commit(const std::vector<Change>& changes, const std::vector<LogEvent>& events) = 0;
  virtual Result<> load(const std::function<void(std::string_view table, std::string_view key,
                                                 std::string_view value)>& row) = 0;
};

}  // namespace berth
