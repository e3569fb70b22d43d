#include "gateway/gateway.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "gateway/object_upload.h"

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
  std::shared_ptr<ObjectUpload> upload{};
  std::vector<BlobSlice> sending{};

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

constexpr std::size_t sent_piece_bytes = 256 << 10;

// The bytes of an object for the HTTP server.
class BlobSource final : public wire::BodySource {
 public:
  explicit BlobSource(std::shared_ptr<BlobReader> reader) : reader_(std::move(reader)) {}
  std::uint64_t size() const override { return static_cast<std::uint64_t>(reader_->size_bytes()); }
  std::string read() override { return reader_->read(sent_piece_bytes); }

 private:
  std::shared_ptr<BlobReader> reader_;
};

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

// Whoever may not upload gets no room on the disk: the request is refused when all of it is there, or is too
// long.
std::shared_ptr<wire::BodySink> Gateway::take_body(const wire::Request& head) {
  if (!context_.blobs || !hosts_.check(head)) return nullptr;
  const auto* handlers = find_service(head);
  if (!handlers || !handlers->service.protocols.rest_xml) return nullptr;
  if (!takes_object(wire::read_call(&handlers->service, head).operation)) return nullptr;
  if (!authenticator_.authenticate(head, handlers->service)) return nullptr;
  return std::make_shared<ObjectUpload>(head, context_.blobs->write(random_uuid(context_.loop.rng("blobs"))),
                                        authenticator_.key_of(head));
}

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

  if (takes_object((*operation)->name)) {
    if (auto whole = check_upload(*exchange); !whole) return whole;
    run_when_synced(exchange);
    return {};
  }
  return answer(exchange);
}

Result<> Gateway::answer(const std::shared_ptr<Exchange>& exchange) {
  const auto output = run(*exchange);
  if (!output) return output.error();
  if (!hold(exchange, output->get())) finish(*exchange, output->get());
  return {};
}

Result<> Gateway::check_upload(Exchange& exchange) {
  exchange.upload = std::dynamic_pointer_cast<ObjectUpload>(exchange.request.sink);
  if (!exchange.upload) {  // it came through a listener that has no sinks
    exchange.upload = std::dynamic_pointer_cast<ObjectUpload>(take_body(exchange.request));
    if (!exchange.upload) return Error{"NotImplemented", "Objects need a data folder", 501};
    exchange.upload->write(exchange.request.body);
  }
  return exchange.upload->check();
}

// An object is on the disk before its row is.
void Gateway::run_when_synced(const std::shared_ptr<Exchange>& exchange) {
  const auto synced = std::make_shared<Result<>>();
  context_.loop.offload([exchange, synced] { *synced = exchange->upload->sync(); },
                        [this, exchange, synced] {
                          if (!*synced) return fail(*exchange, synced->error());
                          if (auto answered = answer(exchange); !answered) fail(*exchange, answered.error());
                        });
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
  context.received = exchange.upload ? &exchange.upload->received() : nullptr;
  exchange.sending.clear();
  context.sending = &exchange.sending;
  auto output = context.store.transact([&]() -> Result<model::Object> {
    // Handlers do not throw; should one, the transaction is undone and the daemon lives.
    try {
      return exchange.handlers->invoke[index](context, exchange.input.get());
    } catch (const std::exception& exception) {
      log::error("{} of {} threw: {}", exchange.operation->name, exchange.service()->title, exception.what());
      return Error{"InternalFailure", "The request processing has failed because of an unknown error.", 500};
    }
  });
  if (output && exchange.upload) exchange.upload->keep();
  return output;
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
  auto response =
      wire::encode(*exchange.service(), *exchange.operation, exchange.call, output, exchange.request_id);
  if (!exchange.sending.empty()) {
    response.source = std::make_shared<BlobSource>(context_.blobs->read(exchange.sending));
  }
  exchange.respond(std::move(response));
}

void Gateway::fail(const Exchange& exchange, const Error& error) {
  exchange.respond(wire::encode_error(exchange.service(), exchange.call, error, exchange.request_id));
}

wire::Response Gateway::refuse(const wire::Request& request, int status) {
  const auto exchange = begin(request, {});
  if (exchange->call.protocol == wire::Protocol::rest_xml) {
    const auto caller = authenticate(*exchange);
    Error error{"EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", 400};
    if (!caller) error = auth_error(caller.error(), exchange->call.protocol);
    return wire::encode_error(exchange->service(), exchange->call, error, exchange->request_id);
  }
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
