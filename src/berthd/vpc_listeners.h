// VpcListeners: keeps berth's endpoints for tasks open: metadata and credentials (169.254.170.2) and VPC
// endpoints inside every VPC's network, AWS's API in the internet that VPCs lead to.
#pragma once

#include <functional>
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
  VpcListeners(Store& store, AsioLoop& loop, host::VpcNetwork& network, gateway::TaskEndpoints& endpoints,
               gateway::Gateway& api);
  ~VpcListeners();
  VpcListeners(const VpcListeners&) = delete;
  VpcListeners& operator=(const VpcListeners&) = delete;

  void start();

 private:
  using Open = std::function<void(std::function<void(Result<int>)>)>;

  void follow();
  void open(const std::string& name, Open open, net::HttpHandler handler);

  Store& store_;
  AsioLoop& loop_;
  host::VpcNetwork& network_;
  gateway::TaskEndpoints& endpoints_;
  gateway::Gateway& api_;
  std::map<std::string, std::unique_ptr<net::HttpServer>> servers_;  // null while it is being opened
  int watch_ = 0;
  bool follow_posted_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace berth
