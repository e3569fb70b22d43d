// VpcResolvers: answers DNS questions at every VPC's resolver address, as Amazon's resolver does: the names
// of the VPC's private namespaces. There is no way to other names, and it says so.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "host/vpc_network.h"
#include "loop/asio_loop.h"
#include "net/dns_server.h"
#include "store/store.h"

namespace berth {

class VpcResolvers {
 public:
  VpcResolvers(Store& store, AsioLoop& loop, host::VpcNetwork& network);
  ~VpcResolvers();
  VpcResolvers(const VpcResolvers&) = delete;
  VpcResolvers& operator=(const VpcResolvers&) = delete;

  void start();

 private:
  void follow();
  void open(const std::string& vpc_id, const std::string& address);
  net::DnsAnswer answer(const std::string& vpc_id, const net::DnsQuestion& question) const;

  struct Resolver {
    std::string address;
    std::unique_ptr<net::DnsServer> server;  // null while its socket is being opened
  };

  Store& store_;
  AsioLoop& loop_;
  host::VpcNetwork& network_;
  std::map<std::string, Resolver> resolvers_;  // by VPC
  int watch_ = 0;
  bool follow_posted_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace berth
