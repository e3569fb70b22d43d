#include "gateway/gateway.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"

namespace berth::gateway {

// One request on its way.
struct Gateway::Exchange {
  wire::Request request;
  net::Respond respond;
  std::string request_id;
  std::string remote_address{};
  const services::ServiceHandlers* handlers = nullptr;
  wire::Call call;
  const model::Operation* operation = nullptr;
  Principal caller;
  model::Object input{nullptr, nullptr};

  const model::Service* service() const { return handlers ? &handlers->service : nullptr; }
};

namespace {

wire::Response plain(int status, std::string text) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(text)};
}

// The links of SNS's mails carry a token instead of a signature.
bool needs_no_signature(const model::Service& service, std::string_view operation) {
  return service.name == std::string_view("sns") &&
         (operation == "ConfirmSubscription" || operation == "Unsubscribe");
}

bool has(std::span<const char* const> names, std::string_view name) {
  return std::any_of(names.begin(), names.end(), [&](const char* candidate) { return name == candidate; });
}

}  // namespace

Gateway::Gateway(Context context, std::span<const services::ServiceHandlers> services,
                 const CredentialSource& credentials, GatewayOptions options)
    : context_(std::move(context)),
      services_(services),
      hosts_(std::move(options.host_names)),
      authenticator_(context_.loop, context_.settings, credentials, options.auth),
      authorizer_(context_.store, context_.loop, context_.settings),
      waiters_(context_.loop, context_.store) {}

Gateway::~Gateway() = default;

void Gateway::handle(wire::Request request, const std::string& remote_address, net::Respond respond) {
  if (auto allowed = hosts_.check(request); !allowed) return respond(plain(403, allowed.error().message));
  if (answer_route(request, remote_address, respond)) return;
  const auto exchange = begin(std::move(request), std::move(respond));
  exchange->remote_address = remote_address;
  if (auto processed = process(exchange); !processed) fail(*exchange, processed.error());
}

bool Gateway::answer_route(const wire::Request& request, const std::string& remote_address,
                           const net::Respond& respond) {
  const auto match = routes_.find(request.method, request.path());
  if (match.handler) {
    (*match.handler)(request, remote_address, respond);
  } else if (match.path_known) {
    respond(plain(405, "Method not allowed\n"));
  }
  return match.path_known;
}

std::shared_ptr<Gateway::Exchange> Gateway::begin(wire::Request request, net::Respond respond) {
  auto exchange = std::make_shared<Exchange>();
  exchange->request = std::move(request);
  exchange->respond = std::move(respond);
  exchange->request_id = random_uuid(context_.loop.rng("request ids"));
  exchange->handlers = find_service(exchange->request);
  exchange->call = wire::read_call(exchange->service(), exchange->request);
  return exchange;
}

// By the signature's scope; without one by what else names a service.
const services::ServiceHandlers* Gateway::find_service(const wire::Request& request) const {
  const auto find_if = [&](auto matches) -> const services::ServiceHandlers* {
    const auto found = std::find_if(services_.begin(), services_.end(),
                                    [&](const auto& entry) { return matches(entry.service); });
    return found == services_.end() ? nullptr : &*found;
  };
  if (const auto scope = read_scope(request)) {
    return find_if([&](const auto& service) { return has(service.signing_names, scope->service); });
  }
  const wire::Call call = wire::read_call(nullptr, request);
  if (!call.target.empty()) {
    return find_if([&](const auto& service) { return call.target == service.json_target; });
  }
  if (const auto version = wire::form_parameter(request, "Version")) {
    return find_if([&](const auto& service) { return *version == service.api_version; });
  }
  return find_if([&](const auto& service) { return needs_no_signature(service, call.operation); });
}

Result<> Gateway::process(const std::shared_ptr<Exchange>& exchange) {
  auto caller = authenticate(*exchange);
  if (!caller) return auth_error(caller.error(), exchange->call.protocol);
  exchange->caller = std::move(*caller);

  auto operation = wire::find_operation(*exchange->service(), exchange->call);
  if (!operation) return operation.error();
  exchange->operation = *operation;

  auto input = wire::decode(*exchange->service(), **operation, exchange->call, exchange->request);
  if (!input) return input.error();
  exchange->input = std::move(*input);

  auto allowed = authorizer_.check(exchange->caller, exchange->remote_address, *exchange->service(),
                                   **operation, exchange->input.get(), exchange->call.protocol);
  if (!allowed) return allowed.error();

  const auto output = run(*exchange);
  if (!output) return output.error();

  if (!hold(exchange, output->get())) finish(*exchange, output->get());
  return {};
}

Result<Principal> Gateway::authenticate(const Exchange& exchange) {
  if (!exchange.handlers) {
    const auto scope = read_scope(exchange.request);
    if (!scope) return Error{"MissingAuthenticationToken", "Request is missing Authentication Token", 403};
    return Error{"NotImplemented",
                 fmt::format("berth does not implement the service '{}'; docs/coverage.md lists what it does",
                             scope->service),
                 501};
  }
  if (needs_no_signature(*exchange.service(), exchange.call.operation) && !read_scope(exchange.request)) {
    return Principal{};
  }
  return authenticator_.authenticate(exchange.request, *exchange.service());
}

Result<model::Object> Gateway::run(Exchange& exchange) {
  const auto index = static_cast<std::size_t>(exchange.operation - exchange.service()->operations.data());
  Context context = context_;
  context.principal = exchange.caller;
  context.request_id = exchange.request_id;
  return context.store.transact([&]() -> Result<model::Object> {
    // Handlers do not throw; should one, the transaction is undone and the daemon lives.
    try {
      return exchange.handlers->invoke[index](context, exchange.input.get());
    } catch (const std::exception& exception) {
      log::error("{} of {} threw: {}", exchange.operation->name, exchange.service()->title, exception.what());
      return Error{"InternalFailure", "The request processing has failed because of an unknown error.", 500};
    }
  });
}

// Whether the answer stays here for now, because the waiter that asked would only sleep over it.
bool Gateway::hold(const std::shared_ptr<Exchange>& exchange, const void* output) {
  const Unsettled unsettled = find_waiter_rule(exchange->service()->name, exchange->operation->name);
  if (!unsettled || releasing_ || !waiters_.has_room()) return false;
  if (!is_waiter_call(exchange->request) || !unsettled(output)) return false;
  waiters_.hold([this, exchange, unsettled](bool must) {
    const auto again = run(*exchange);
    if (!again) return fail(*exchange, again.error()), true;
    if (!must && unsettled(again->get())) return false;
    return finish(*exchange, again->get()), true;
  });
  return true;
}

void Gateway::finish(const Exchange& exchange, const void* output) {
  exchange.respond(
      wire::encode(*exchange.service(), *exchange.operation, exchange.call, output, exchange.request_id));
}

void Gateway::fail(const Exchange& exchange, const Error& error) {
  exchange.respond(wire::encode_error(exchange.service(), exchange.call, error, exchange.request_id));
}

wire::Response Gateway::refuse(const wire::Request& request, int status) {
  const auto exchange = begin(request, {});
  const Error error = status == 413
                          ? Error{"RequestEntityTooLarge", fmt::format("The request's body exceeds {} bytes",
                                                                       limits::request_body_bytes_max)}
                          : Error{"MalformedHttpRequestException", "The HTTP request is malformed"};
  return wire::encode_error(exchange->service(), exchange->call, {error.code, error.message, status},
                            exchange->request_id);
}

void Gateway::release_waiters() {
  releasing_ = true;
  waiters_.release_all();
}

}  // namespace berth::gateway
