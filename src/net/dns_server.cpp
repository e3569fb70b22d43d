#include "net/dns_server.h"

// Without the first one, ldns makes macros of bool, true and false.
// clang-format off
#include <stdbool.h>
#include <ldns/ldns.h>
// clang-format on

#include <algorithm>
#include <array>
#include <boost/asio/ip/udp.hpp>

#include "base/log.h"

namespace berth::net {
namespace {

using boost::asio::ip::udp;

constexpr std::size_t message_bytes_max = 4096;
constexpr std::size_t plain_answer_bytes_max =
    512;  // RFC 1035: more only for those who say that they take it

struct FreePacket {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
};
using Packet = std::unique_ptr<ldns_pkt, FreePacket>;

struct FreeText {
  void operator()(char* text) const { free(text); }
};
using Text = std::unique_ptr<char, FreeText>;

Packet read_packet(const std::string& message) {
  ldns_pkt* packet = nullptr;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(message.data());
  if (ldns_wire2pkt(&packet, bytes, message.size()) != LDNS_STATUS_OK) return nullptr;
  return Packet(packet);
}

std::string write_packet(const ldns_pkt& packet) {
  std::uint8_t* bytes = nullptr;
  std::size_t size = 0;
  if (ldns_pkt2wire(&bytes, &packet, &size) != LDNS_STATUS_OK) return {};
  std::string out(reinterpret_cast<const char*>(bytes), size);
  free(bytes);
  return out;
}

Packet reply_to(const ldns_pkt& query) {
  Packet reply(ldns_pkt_new());
  ldns_pkt_set_id(reply.get(), ldns_pkt_id(&query));
  ldns_pkt_set_qr(reply.get(), true);
  ldns_pkt_set_opcode(reply.get(), ldns_pkt_get_opcode(&query));
  ldns_pkt_set_rd(reply.get(), ldns_pkt_rd(&query));
  ldns_pkt_set_ra(reply.get(), true);
  return reply;
}

std::string name_of(const ldns_rr& question) {
  const Text text(ldns_rdf2str(ldns_rr_owner(&question)));
  std::string name = text ? text.get() : "";
  if (name.ends_with('.')) name.pop_back();
  return name;
}

std::string type_of(const ldns_rr& question) {
  const Text text(ldns_rr_type2str(ldns_rr_get_type(&question)));
  return text ? text.get() : "";
}

ldns_pkt_rcode code_of(DnsAnswer::Code code) {
  if (code == DnsAnswer::Code::no_such_name) return LDNS_RCODE_NXDOMAIN;
  return code == DnsAnswer::Code::refused ? LDNS_RCODE_REFUSED : LDNS_RCODE_NOERROR;
}

void add_answer(ldns_pkt& reply, const DnsQuestion& question, const DnsAnswer& answer) {
  ldns_pkt_set_rcode(&reply, static_cast<std::uint8_t>(code_of(answer.code)));
  ldns_pkt_set_aa(&reply, answer.code != DnsAnswer::Code::refused);
  for (const auto& record : answer.records) {
    ldns_rr* parsed = nullptr;
    const std::string line = question.name + ". " + record;
    if (ldns_rr_new_frm_str(&parsed, line.c_str(), 0, nullptr, nullptr) != LDNS_STATUS_OK) {
      log::error("not a DNS record: {}", line);
      continue;
    }
    ldns_pkt_push_rr(&reply, LDNS_SECTION_ANSWER, parsed);
  }
}

// Of more records than the asker takes, some: nobody here listens on TCP, so there is no use in saying that
// it was cut.
std::string fitted(ldns_pkt& reply, std::size_t bytes_max) {
  std::string wire = write_packet(reply);
  while (wire.size() > bytes_max && ldns_pkt_ancount(&reply) > 0) {
    ldns_rr_free(ldns_rr_list_pop_rr(ldns_pkt_answer(&reply)));
    ldns_pkt_set_ancount(&reply, static_cast<std::uint16_t>(ldns_pkt_ancount(&reply) - 1));
    wire = write_packet(reply);
  }
  return wire;
}

}  // namespace

std::string answer_dns(const std::string& message, const DnsHandler& handler) {
  const Packet query = read_packet(message);
  if (!query || ldns_pkt_qr(query.get())) return {};
  const Packet reply = reply_to(*query);
  const ldns_rr_list* questions = ldns_pkt_question(query.get());
  if (ldns_pkt_get_opcode(query.get()) != LDNS_PACKET_QUERY || ldns_rr_list_rr_count(questions) != 1) {
    ldns_pkt_set_rcode(reply.get(), LDNS_RCODE_NOTIMPL);
    return write_packet(*reply);
  }
  const ldns_rr& asked = *ldns_rr_list_rr(questions, 0);
  ldns_pkt_push_rr(reply.get(), LDNS_SECTION_QUESTION, ldns_rr_clone(&asked));
  const DnsQuestion question{name_of(asked), type_of(asked)};
  const bool internet = ldns_rr_get_class(&asked) == LDNS_RR_CLASS_IN;
  add_answer(*reply, question, internet ? handler(question) : DnsAnswer{DnsAnswer::Code::refused});
  return fitted(*reply, std::max<std::size_t>(ldns_pkt_edns_udp_size(query.get()), plain_answer_bytes_max));
}

struct DnsServer::Socket {
  explicit Socket(AsioLoop& loop) : udp_socket(loop.io()) {}

  udp::socket udp_socket;
  udp::endpoint from;
  std::array<char, message_bytes_max> buffer{};

  static void receive(const std::shared_ptr<Socket>& self, const DnsHandler* handler) {
    self->udp_socket.async_receive_from(
        boost::asio::buffer(self->buffer), self->from,
        [weak = std::weak_ptr(self), handler](const boost::system::error_code& error, std::size_t size) {
          const auto alive = weak.lock();
          if (!alive || error == boost::asio::error::operation_aborted) return;
          if (!error) alive->answer(std::string(alive->buffer.data(), size), *handler);
          receive(alive, handler);
        });
  }

  // What cannot be sent at once is asked again.
  void answer(const std::string& message, const DnsHandler& handler) {
    const std::string reply = answer_dns(message, handler);
    boost::system::error_code ignored;
    if (!reply.empty()) udp_socket.send_to(boost::asio::buffer(reply), from, 0, ignored);
  }
};

DnsServer::DnsServer(AsioLoop& loop, DnsHandler handler) : loop_(loop), handler_(std::move(handler)) {}

DnsServer::~DnsServer() = default;

Result<> DnsServer::serve(int socket) {
  auto made = std::make_shared<Socket>(loop_);
  boost::system::error_code error;
  made->udp_socket.assign(udp::v4(), socket, error);
  if (!error) made->udp_socket.non_blocking(true, error);
  if (error) return Error{"SystemError", "DNS socket: " + error.message()};
  socket_ = std::move(made);
  Socket::receive(socket_, &handler_);
  return {};
}

}  // namespace berth::net
