#include "gateway/routes.h"

namespace berth::gateway {
namespace {

bool lies_below(std::string_view path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return false;
  return path.size() == prefix.size() || prefix.ends_with('/') || path[prefix.size()] == '/';
}

}  // namespace

void Routes::add(std::string method, std::string prefix, RouteHandler handler) {
  routes_.push_back({std::move(method), std::move(prefix), std::move(handler)});
}

Routes::Match Routes::find(std::string_view method, std::string_view path) const {
  Match match;
  std::size_t longest = 0;
  for (const Route& route : routes_) {
    if (!lies_below(path, route.prefix)) continue;
    match.path_known = true;
    if (route.method != method || (match.handler && route.prefix.size() <= longest)) continue;
    match.handler = &route.handler;
    longest = route.prefix.size();
  }
  return match;
}

}  // namespace berth::gateway
