#include "host/machine_check.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "host/fd.h"
#include "host/socket_owners.h"

namespace berth::host {
namespace {

constexpr std::int64_t mib = 1 << 20;

TEST(SocketOwners, ReadsListeningSocketsOfBothFamilies) {
  const auto v4 = listening_sockets(
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
      "   0: 0100007F:11D6 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 "
      "100 0\n"
      "   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 "
      "100 0\n"
      "   2: 0100007F:11D6 0100007F:8000 01 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 "
      "20 4\n");
  ASSERT_EQ(v4.size(), 2u);
  EXPECT_EQ(v4[0].address, "127.0.0.1");
  EXPECT_EQ(v4[0].port, 4566);
  EXPECT_EQ(v4[0].inode, 4711u);
  EXPECT_EQ(v4[1].address, "0.0.0.0");
  EXPECT_EQ(v4[1].port, 80);
  const auto v6 = listening_sockets(
      "   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 1 "
      "1\n"
      "   1: 0000000000000000FFFF00000100007F:0051 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 2 "
      "1\n"
      "   2: 00000000000000000000000001000000:0052 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 3 "
      "1\n");
  ASSERT_EQ(v6.size(), 2u);
  EXPECT_EQ(v6[0].address, "0.0.0.0");
  EXPECT_EQ(v6[1].address, "127.0.0.1");
  EXPECT_EQ(v6[1].port, 81);
}

class Listener {
 public:
  explicit Listener(const char* address) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    inet_pton(AF_INET, address, &name.sin_addr);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    EXPECT_EQ(::listen(socket_.get(), 1), 0);
    socklen_t size = sizeof name;
    getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&name), &size);
    port = ntohs(name.sin_port);
  }
  int port = 0;

 private:
  Fd socket_;
};

TEST(SocketOwners, NamesWhoListens) {
  const Listener here("127.0.0.1");
  const auto owner = owner_of("127.0.0.1", here.port);
  ASSERT_TRUE(owner);
  EXPECT_EQ(owner->pid, getpid());
  EXPECT_EQ(owner->text(), owner->program + " (process " + std::to_string(getpid()) + ")");
  EXPECT_FALSE(owner_of("127.0.0.2", here.port));
  EXPECT_EQ(listen_problem("127.0.0.1", here.port),
            "Address already in use: " + owner->text() + " listens there");
  EXPECT_EQ(listen_problem("127.0.0.2", here.port), "");
}

TEST(SocketOwners, WhoListensEverywhereKeepsEveryAddress) {
  const Listener here("0.0.0.0");
  EXPECT_TRUE(owner_of("127.3.4.5", here.port));
}

TEST(MachineCheck, SaysWhoHasTheApisPortAndWhatToDo) {
  const Listener here("127.0.0.1");
  const auto finding = check_api_address("127.0.0.1", here.port);
  EXPECT_FALSE(finding.good);
  EXPECT_NE(finding.text.find(std::to_string(getpid())), std::string::npos) << finding.text;
  EXPECT_NE(finding.mend.find("--listen"), std::string::npos) << finding.mend;
}

TEST(MachineCheck, DiskAndMemoryByFigures) {
  EXPECT_TRUE(judge_disk("/data", 600 * mib, 5000).good);
  const auto full = judge_disk("/data", 100 * mib, 5000);
  EXPECT_FALSE(full.good);
  EXPECT_EQ(full.text, "100 MiB free for /data");
  EXPECT_FALSE(full.mend.empty());
  EXPECT_FALSE(judge_disk("/data", 600 * mib, 10).good);
  EXPECT_TRUE(judge_memory(1024 * mib, 10 * mib).good);
  EXPECT_FALSE(judge_memory(256 * mib, 200 * mib).good);
}

TEST(MachineCheck, EveryFaultComesWithHowToMendIt) {
  MachineCheck check;
  check.data_dir = "/proc/no-such-folder";
  check.haproxy = "no-such-haproxy";
  const Listener taken("0.0.0.0");
  check.balancer_ports = {taken.port};
  std::vector<std::string> bad;
  for (const auto& finding : check_machine(check)) {
    EXPECT_EQ(finding.good, finding.mend.empty()) << finding.subject << ": " << finding.text;
    if (!finding.good) bad.push_back(finding.subject);
  }
  for (const auto& expected : {std::string("haproxy"), "port " + std::to_string(taken.port)}) {
    EXPECT_NE(std::find(bad.begin(), bad.end(), expected), bad.end()) << expected;
  }
}

}  // namespace
}  // namespace berth::host
