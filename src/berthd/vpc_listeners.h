// VpcListeners: keeps berth's endpoint for tasks (169.254.170.2) open inside every VPC's network, and closes it when the
// VPC is gone.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "gateway/task_endpoints.h"
#include "host/vpc_network.h"
#include "loop/asio_loop.h"
#include "net/http_server.h"
#include "store/store.h"

namespace berth {

class VpcListeners {
 public:
  VpcListeners(Store& store, AsioLoop& loop, host::VpcNetwork& network, gateway::TaskEndpoints& endpoints);
  ~VpcListeners();
  VpcListeners(const VpcListeners&) = delete;
  VpcListeners& operator=(const VpcListeners&) = delete;

  void start();

 private:
  void follow();
  void open(const std::string& vpc_id);

  Store& store_;
  AsioLoop& loop_;
  host::VpcNetwork& network_;
  gateway::TaskEndpoints& endpoints_;
  std::map<std::string, std::unique_ptr<net::HttpServer>> servers_;  // by VPC; null while it is being opened
  int watch_ = 0;
  bool follow_posted_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace berth
