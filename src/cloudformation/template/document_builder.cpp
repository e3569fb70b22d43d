#include "cloudformation/template/document_builder.h"

#include <utility>

namespace berth::cfn {

void DocumentBuilder::begin_map(std::string function) {
  open_.push_back({json::object(), std::move(function), {}, false});
}

void DocumentBuilder::begin_list(std::string function) {
  open_.push_back({json::array(), std::move(function), {}, false});
}

void DocumentBuilder::end() {
  Collection done = std::move(open_.back());
  open_.pop_back();
  if (done.function.empty()) {
    add(std::move(done.value));
  } else {
    add(function_call(done.function, std::move(done.value)));
  }
}

void DocumentBuilder::add(json::value value) {
  if (open_.empty()) {
    document_ = std::move(value);
    return;
  }
  Collection& parent = open_.back();
  if (auto* list = parent.value.if_array()) {
    list->push_back(std::move(value));
    return;
  }
  parent.value.get_object().insert_or_assign(parent.key, std::move(value));
  parent.has_key = false;
}

bool DocumentBuilder::wants_key() const {
  return !open_.empty() && open_.back().value.is_object() && !open_.back().has_key;
}

bool DocumentBuilder::set_key(std::string_view key) {
  Collection& map = open_.back();
  map.key.assign(key);
  map.has_key = true;
  return !map.value.get_object().contains(key);
}

json::value function_call(std::string_view name, json::value argument) {
  json::object call;
  call.emplace(name, std::move(argument));
  return call;
}

}  // namespace berth::cfn
