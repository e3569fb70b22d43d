#include "gateway/registry_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/digest.h"
#include "base/json.h"
#include "base/text.h"
#include "services/ecr/errors.h"
#include "services/ecr/password.h"
#include "services/ecr/repository.h"
#include "services/ecr/rows.h"

namespace berth::gateway {
namespace {

constexpr std::size_t manifest_bytes_max = 4u << 20;             // ECR's
constexpr Duration pull_time_step = Duration::minutes(24 * 60);  // AWS notes pulls once a day
constexpr RealDuration look_again = RealDuration::ms(50);
constexpr std::size_t tags_per_answer = 1000;

using Headers = std::vector<std::pair<std::string, std::string>>;

wire::Response answer(int status, Headers headers, std::string body) {
  headers.emplace_back("Docker-Distribution-Api-Version", "registry/2.0");
  return {status, std::move(headers), std::move(body)};
}

wire::Response json_answer(int status, const json::value& body) {
  return answer(status, {{"Content-Type", "application/json; charset=utf-8"}}, json::serialize(body));
}

wire::Response failure(const Error& error) {
  const json::object entry{{"code", error.code}, {"message", error.message}};
  auto response = json_answer(error.status, json::object{{"errors", json::array{entry}}});
  if (error.status == 401) {
    response.headers.emplace_back("WWW-Authenticate", R"(Basic realm="ECR",service="ecr.amazonaws.com")");
  }
  return response;
}

// What the registry answered, with the headers that its clients go by.
wire::Response relay(const net::HttpResponse& response) {
  static constexpr std::array names{"Location", "Docker-Upload-UUID", "Range", "Docker-Content-Digest",
                                    "Content-Type"};
  Headers headers;
  for (const char* name : names) {
    for (const auto& [own, value] : response.headers) {
      if (own == lower(name)) headers.emplace_back(name, value);
    }
  }
  return answer(response.status, std::move(headers), response.body);
}

Error not_found() {
  return {"UNSUPPORTED", "The operation is unsupported.", 404};
}

}  // namespace

// "/v2/<repository>/manifests/<reference>", "/v2/<repository>/tags/list", "/v2/<repository>/blobs/uploads/".
struct RegistryApi::Target {
  std::string repository;
  std::string kind;       // manifests | tags | uploads; empty: none of them
  std::string reference;  // a tag or digest

  static Target of(std::string_view path) {
    constexpr std::string_view version = "/v2/";
    if (!path.starts_with(version)) return {};
    path.remove_prefix(version.size());
    if (const auto at = path.rfind("/manifests/"); at != std::string_view::npos) {
      const auto reference = percent_decode(path.substr(at + std::string_view("/manifests/").size()));
      return {std::string(path.substr(0, at)), "manifests", reference.value_or("")};
    }
    for (const auto& [end, kind] : {std::pair{"/tags/list", "tags"}, std::pair{"/blobs/uploads/", "uploads"},
                                    std::pair{"/blobs/uploads", "uploads"}}) {
      const std::string_view tail = end;
      if (path.ends_with(tail)) return {std::string(path.substr(0, path.size() - tail.size())), kind, {}};
    }
    return {};
  }
};

struct RegistryApi::Push {
  std::string repository;
  std::string tag;  // empty: pushed by digest
  std::string text;
  ecr::Manifest manifest;
};

RegistryApi::RegistryApi(Context context, std::string registry_socket, std::function<bool()> is_closed)
    : context_(std::move(context)),
      registry_socket_(std::move(registry_socket)),
      is_closed_(std::move(is_closed)) {}

RegistryApi::~RegistryApi() = default;

void RegistryApi::add_routes(Routes& routes) {
  for (const char* method : {"GET", "HEAD", "PUT", "POST"}) {
    routes.add(method, registry_route,
               [this](const wire::Request& request, const std::string&, const net::Respond& respond) {
                 handle(request, respond);
               });
  }
}

void RegistryApi::handle(const wire::Request& request, const net::Respond& respond) {
  const auto caller = ecr::check_authorization(context_.settings.registry_key,
                                               request.header("authorization"), context_.loop.real_now());
  if (!caller) return respond(failure(caller.error()));
  const std::string_view path = request.path().substr(std::string_view(registry_route).size());
  const bool reading = request.method == "GET" || request.method == "HEAD";
  if (reading && (path == "/v2/" || path == "/v2")) return respond(json_answer(200, json::object{}));
  if (reading && path == "/v2/_catalog") return respond(list_repositories());
  const Target target = Target::of(path);
  if (target.kind.empty()) return respond(failure(not_found()));
  if (!context_.store.find<ecr::RepositoryRow>(target.repository)) {
    const auto missing = ecr::repository_not_found(target.repository, context_.settings.account);
    return respond(failure({"NAME_UNKNOWN", missing.message, 404}));
  }
  if (target.kind == "manifests" && reading) return respond(get_manifest(target));
  if (target.kind == "tags" && reading) return respond(list_tags(target, request));
  const char* pushed_by = target.kind == "manifests" ? "PUT" : target.kind == "uploads" ? "POST" : "";
  if (request.method == pushed_by) return push(target, request, respond);
  respond(failure({"UNSUPPORTED", "The operation is unsupported.", 405}));
}

void RegistryApi::push(const Target& target, const wire::Request& request, const net::Respond& respond) {
  if (is_closed_()) {
    context_.loop.after_real(look_again,
                             [this, target, request, respond] { push(target, request, respond); });
    return;
  }
  if (target.kind == "manifests") return put_manifest(target, request, respond);
  begin_upload(target, request, respond);
}

wire::Response RegistryApi::get_manifest(const Target& target) {
  const auto* image = ecr::find_image(context_.store, target.repository, target.reference);
  if (!image) return failure({"MANIFEST_UNKNOWN", "Requested image not found", 404});
  auto response = answer(200, {{"Content-Type", image->media_type}, {"Docker-Content-Digest", image->digest}},
                         image->manifest);
  if (!image->pulled_at || context_.now() - *image->pulled_at > pull_time_step) {
    auto noted = context_.store.transact([&]() -> Result<> {
      context_.store.edit<ecr::ImageRow>(image->key())->pulled_at = context_.now();
      return {};
    });
    if (!noted) return failure({"UNAVAILABLE", noted.error().message, 503});
  }
  return response;
}

Result<RegistryApi::Push> RegistryApi::check_push(const Target& target, const wire::Request& request) const {
  if (request.body.size() > manifest_bytes_max) {
    return Error{"MANIFEST_INVALID", "The image manifest exceeds 4194304 bytes", 400};
  }
  auto manifest = ecr::read_manifest(request.body, request.header("content-type"));
  if (!manifest) return manifest.error();
  const bool by_digest = target.reference.find(':') != std::string::npos;
  if (by_digest && target.reference != manifest->digest) {
    return Error{"DIGEST_INVALID", "provided digest did not match uploaded content", 400};
  }
  if (!by_digest && !ecr::is_tag(target.reference)) {
    return Error{"TAG_INVALID", fmt::format("The image tag '{}' is invalid", target.reference), 400};
  }
  const auto* repository = context_.store.find<ecr::RepositoryRow>(target.repository);
  if (!repository) {
    const auto missing = ecr::repository_not_found(target.repository, context_.settings.account);
    return Error{"NAME_UNKNOWN", missing.message, 404};
  }
  const std::string tag = by_digest ? "" : target.reference;
  const auto movable = ecr::check_tag_move(context_.store, *repository, tag, manifest->digest);
  if (!movable) return Error{"TAG_INVALID", movable.error().message, 400};
  return Push{target.repository, tag, request.body, std::move(*manifest)};
}

// The registry gets it first, by digest, and checks that its layers are there. Only then is it listed, in one
// commit with its tag: a push that breaks off before that leaves what the next collection takes away.
void RegistryApi::put_manifest(const Target& target, const wire::Request& request,
                               const net::Respond& respond) {
  auto checked = check_push(target, request);
  if (!checked) return respond(failure(checked.error()));
  net::HttpRequest put{.method = "PUT",
                       .url = fmt::format("/v2/{}/manifests/{}", target.repository, checked->manifest.digest),
                       .headers = {{"Content-Type", checked->manifest.media_type}},
                       .body = request.body};
  forward(
      std::move(put),
      [this, target, request, respond, push = *checked](const net::HttpResponse& response) {
        if (response.status >= 300) return respond(relay(response));
        // Much may have happened meanwhile.
        const auto again = check_push(target, request);
        if (!again) return respond(failure(again.error()));
        if (auto recorded = record_push(push); !recorded) {
          return respond(failure({"UNAVAILABLE", recorded.error().message, 503}));
        }
        const std::string& digest = push.manifest.digest;
        respond(answer(201,
                       {{"Location", fmt::format("/v2/{}/manifests/{}", push.repository, digest)},
                        {"Docker-Content-Digest", digest}},
                       ""));
      },
      respond);
}

Result<> RegistryApi::record_push(const Push& push) {
  return context_.store.transact([&]() -> Result<> {
    const auto* repository = context_.store.find<ecr::RepositoryRow>(push.repository);
    ecr::store_image(context_.store, *repository, push.manifest, push.text, push.tag, true, context_.now());
    return {};
  });
}

wire::Response RegistryApi::list_tags(const Target& target, const wire::Request& request) const {
  std::vector<std::string> tags;
  for (const auto* entry : context_.store.rows_of<ecr::ImageRow>(target.repository)) {
    tags.insert(tags.end(), entry->second.tags.begin(), entry->second.tags.end());
  }
  std::sort(tags.begin(), tags.end());
  if (const auto last = wire::form_parameter(request, "last")) {
    tags.erase(tags.begin(), std::upper_bound(tags.begin(), tags.end(), *last));
  }
  const auto wanted = parse_integer(wire::form_parameter(request, "n").value_or(""));
  const std::size_t page =
      wanted && *wanted > 0 ? std::min<std::size_t>(*wanted, tags_per_answer) : tags_per_answer;
  const bool more = tags.size() > page;
  if (more) tags.resize(page);
  auto response =
      json_answer(200, json::object{{"name", target.repository}, {"tags", json::value_from(tags)}});
  if (more) {
    response.headers.emplace_back("Link", fmt::format("</v2/{}/tags/list?n={}&last={}>; rel=\"next\"",
                                                      target.repository, page, percent_encode(tags.back())));
  }
  return response;
}

wire::Response RegistryApi::list_repositories() const {
  json::array names;
  for (const auto& [name, row] : context_.store.all<ecr::RepositoryRow>())
    names.push_back(json::string(name));
  return json_answer(200, json::object{{"repositories", std::move(names)}});
}

void RegistryApi::begin_upload(const Target& target, const wire::Request& request,
                               const net::Respond& respond) {
  const std::string_view query = request.query();
  net::HttpRequest post{
      .method = "POST",
      .url = fmt::format("/v2/{}/blobs/uploads/{}{}", target.repository, query.empty() ? "" : "?", query),
      .headers = {{"Content-Type", "application/octet-stream"}},
      .body = request.body};
  forward(
      std::move(post), [respond](const net::HttpResponse& response) { respond(relay(response)); }, respond);
}

void RegistryApi::forward(net::HttpRequest request, std::function<void(const net::HttpResponse&)> answered,
                          const net::Respond& respond) {
  request.url = "http://registry" + request.url;
  request.unix_socket = registry_socket_;
  ++pushing_;
  registry().send(std::move(request),
                  [this, answered = std::move(answered), respond](const Result<net::HttpResponse>& response) {
                    --pushing_;
                    if (response) return answered(*response);
                    respond(failure({"UNAVAILABLE", "The registry is not available; try again.", 503}));
                  });
}

net::HttpClient& RegistryApi::registry() {
  if (!registry_) registry_ = std::make_unique<net::HttpClient>(context_.loop);
  return *registry_;
}

}  // namespace berth::gateway
