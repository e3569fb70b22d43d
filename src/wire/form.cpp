#include "wire/form.h"

#include <algorithm>

#include "base/digest.h"
#include "base/limits.h"
#include "base/text.h"

namespace berth::wire {

const FormNode* FormNode::child(std::string_view name) const {
  const auto found = children.find(name);
  return found == children.end() ? nullptr : &found->second;
}

std::vector<const FormNode*> FormNode::numbered() const {
  std::vector<std::pair<long long, const FormNode*>> found;
  for (const auto& [name, node] : children) {
    if (const auto number = parse_integer(name)) found.emplace_back(*number, &node);
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<const FormNode*> nodes;
  for (const auto& [number, node] : found) nodes.push_back(node);
  return nodes;
}

Result<> FormReader::add(std::string_view encoded) {
  while (!encoded.empty()) {
    const auto end = encoded.find('&');
    const auto parameter = encoded.substr(0, end);
    encoded.remove_prefix(end == std::string_view::npos ? encoded.size() : end + 1);
    if (parameter.empty()) continue;
    const auto equals = parameter.find('=');
    const auto value = equals == std::string_view::npos ? std::string_view{} : parameter.substr(equals + 1);
    if (auto added = add_parameter(parameter.substr(0, equals), value); !added) return added;
  }
  return {};
}

Result<> FormReader::add_parameter(std::string_view name, std::string_view value) {
  auto decoded_name = percent_decode(name, true);
  auto decoded_value = percent_decode(value, true);
  if (!decoded_name || !decoded_value || !is_utf8(*decoded_name) || !is_utf8(*decoded_value)) {
    return Error{"MalformedQueryString", "The query string contains a syntax error"};
  }
  FormNode* node = &root_;
  int depth = 0;
  for (std::string_view rest = *decoded_name;;) {
    if (++depth > limits::wire_depth_max) {
      return Error{"MalformedQueryString", "A parameter's name is nested too deeply"};
    }
    const auto dot = rest.find('.');
    const auto [child, is_new] = node->children.try_emplace(std::string(rest.substr(0, dot)));
    nodes_ += is_new ? 1 : 0;
    node = &child->second;
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  if (nodes_ > limits::form_nodes_max) return Error{"MalformedQueryString", "Too many parameters"};
  if (!node->value) node->value = std::move(*decoded_value);
  return {};
}

}  // namespace berth::wire
