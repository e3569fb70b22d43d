// Puts a document together from the events of a parser, YAML's or JSON's. It keeps the order of members and
// knows which keys a map has seen, and leaves positions and wording to the parser that feeds it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace berth::cfn {

class DocumentBuilder {
 public:
  // `function`: the long name that wraps the finished collection ("Fn::Join"), or empty.
  void begin_map(std::string function = {});
  void begin_list(std::string function = {});
  void end();
  void add(json::value value);

  // True where a map waits for its next key.
  bool wants_key() const;
  // False when the map has that key already.
  bool set_key(std::string_view key);

  int depth() const { return static_cast<int>(open_.size()); }
  json::value take_document() { return std::move(document_); }

 private:
  struct Collection {
    json::value value;
    std::string function;
    std::string key;
    bool has_key = false;
  };

  std::vector<Collection> open_;
  json::value document_;
};

// {name: argument}, the long form of a function.
json::value function_call(std::string_view name, json::value argument);

}  // namespace berth::cfn
