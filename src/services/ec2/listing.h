// The describe calls of EC2: ids and filters choose, pages cut. What a resource can be filtered by is a
// Facets that its file fills.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "services/ec2/resources.h"
#include "services/paging.h"

namespace berth::ec2 {

// The names that a resource can be filtered by, with its values. A name without a value is known and never
// matches.
class Facets {
 public:
  Facets& add(const char* name, const std::optional<std::string>& value);
  Facets& add(const char* name, const std::optional<bool>& value);
  Facets& add(const char* name, const std::optional<std::int64_t>& value);
  Facets& add_tags(const std::optional<std::vector<Tag>>& tags);

  bool knows(const std::string& name) const;
  bool match(const Filter& filter) const;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  const std::vector<Tag>* tags_ = nullptr;
};

Result<> check_filters(const std::vector<Filter>& filters, const Facets& known);
bool match_all(const std::vector<Filter>& filters, const Facets& facets);
// 5 to 1000, and not together with ids.
Result<> check_max_results(const std::optional<std::int64_t>& max_results, bool with_ids);

inline constexpr std::int64_t page_items_default = 1000;

// Keeps the items that the filters let through.
template <class Item, class FacetsOf>
Result<std::vector<Item>> filtered(std::vector<Item> items, const std::optional<std::vector<Filter>>& filters,
                                   FacetsOf facets_of) {
  const auto& wanted = list_of(filters);
  const Item none;
  if (auto checked = check_filters(wanted, facets_of(none)); !checked) return checked.error();
  std::erase_if(items, [&](const Item& item) { return !match_all(wanted, facets_of(item)); });
  return items;
}

// Keeps the items with these ids; all when none is given.
template <class Item>
Result<std::vector<Item>> with_ids(std::vector<Item> items,
                                   const std::optional<std::vector<std::string>>& ids, const Kind& kind,
                                   std::optional<std::string> Item::*id) {
  if (list_of(ids).empty()) return items;
  std::vector<Item> kept;
  for (const std::string& wanted : *ids) {
    const auto found =
        std::find_if(items.begin(), items.end(), [&](const Item& item) { return item.*id == wanted; });
    if (found == items.end()) {
      if (auto checked = check_id(kind, wanted); !checked) return checked.error();
      return not_found(kind, wanted);
    }
    const bool twice =
        std::any_of(kept.begin(), kept.end(), [&](const Item& item) { return item.*id == wanted; });
    if (!twice) kept.push_back(*found);
  }
  return kept;
}

// One page of the items that the request's ids and filters choose.
template <class Item, class Input, class FacetsOf>
Result<services::Page<Item>> list(const Input& input, std::vector<Item> items,
                                  const std::optional<std::vector<std::string>>& ids, const Kind& kind,
                                  std::optional<std::string> Item::*id, FacetsOf facets_of) {
  if (auto checked = check_max_results(input.max_results, !list_of(ids).empty()); !checked) {
    return checked.error();
  }
  auto chosen = with_ids(std::move(items), ids, kind, id);
  if (!chosen) return chosen.error();
  auto kept = filtered(std::move(*chosen), input.filters, facets_of);
  if (!kept) return kept.error();
  return services::page_of(std::move(*kept), input.next_token, input.max_results.value_or(page_items_default),
                           [&](const Item& item) { return (item.*id).value_or(""); },
                           {"InvalidNextToken", "The specified next token is not valid."});
}

}  // namespace berth::ec2
