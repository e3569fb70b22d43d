#include "host/container_config.h"

#include <gtest/gtest.h>

namespace berth::host {
namespace {

class ContainerConfigTest : public ::testing::Test {
 protected:
  ContainerConfigTest() {
    task_.id = "0123456789abcdef0123456789abcdef";
    task_.interface.address = "10.0.1.17";
    task_.labels = {{"service", "web"}};
    container_.name = "app";
    container_.environment = {{"A", "1"}, {"B", "x=y z"}};
  }

  json::value config() { return container_config(names_, task_, container_, place_, ceiling_); }
  static json::object ulimit(const char* name, int soft, int hard) {
    return {{"Name", name}, {"Soft", soft}, {"Hard", hard}};
  }

  Names names_{"/var/lib/berth"};
  world::TaskSpec task_;
  world::ContainerSpec container_;
  ContainerPlace place_{"localhost/app:1", "/run/netns/n", "/berth-x/t", "boot-1"};
  UlimitCeiling ceiling_{true, {}};
};

TEST_F(ContainerConfigTest, TellsTheTasksPlaceAndTheLeastRights) {
  const json::value out = config();
  EXPECT_EQ(out.at("Image"), "localhost/app:1");
  EXPECT_EQ(out.at("Hostname"), "ip-10-0-1-17");
  EXPECT_EQ(out.at("Env"), (json::array{"A=1", "B=x=y z"}));
  const json::value& host = out.at("HostConfig");
  EXPECT_EQ(host.at("NetworkMode"), "ns:/run/netns/n");
  EXPECT_EQ(host.at("CgroupParent"), "/berth-x/t");
  EXPECT_EQ(host.at("CapDrop"), json::array{"ALL"});
  EXPECT_EQ(host.at("CapAdd").as_array().size(), 14u);
  EXPECT_EQ(host.at("SecurityOpt"), json::array{"no-new-privileges"});
  // What the image says is left to the image.
  for (const char* absent : {"Entrypoint", "Cmd", "WorkingDir", "User"})
    EXPECT_FALSE(find(out, absent)) << absent;
  EXPECT_FALSE(find(host, "Memory"));
}

TEST_F(ContainerConfigTest, LabelsLetALaterProcessFindIt) {
  container_.stop_timeout = RealDuration::seconds(7);
  container_.labels = {{"berth.task", "forged"}, {"mine", "kept"}};
  const json::value out = config();
  const json::value& labels = out.at("Labels");
  EXPECT_EQ(labels.at(label::daemon).as_string(), names_.daemon());
  EXPECT_EQ(labels.at(label::task).as_string(), task_.id);
  EXPECT_EQ(labels.at(label::container), "app");
  EXPECT_EQ(labels.at(label::boot), "boot-1");
  EXPECT_EQ(labels.at(label::stop_timeout), "7000");
  EXPECT_EQ(labels.at("berth.service"), "web");
  EXPECT_EQ(labels.at("mine"), "kept");
}

TEST_F(ContainerConfigTest, HonoursTheContainersOwnSettings) {
  container_.entry_point = {"/run"};
  container_.command = {"-x", "y"};
  container_.user = "1:2";
  container_.memory_mib = 64;
  container_.cpu_units = 128;
  container_.readonly_root = true;
  const json::value out = config();
  EXPECT_EQ(out.at("Entrypoint"), json::array{"/run"});
  EXPECT_EQ(out.at("Cmd"), (json::array{"-x", "y"}));
  EXPECT_EQ(out.at("User"), "1:2");
  EXPECT_EQ(out.at("HostConfig").at("Memory"), 64 << 20);
  EXPECT_EQ(out.at("HostConfig").at("CpuShares"), 128);
  EXPECT_EQ(out.at("HostConfig").at("ReadonlyRootfs"), true);
}

TEST_F(ContainerConfigTest, UlimitsStayWithinWhatThisProcessMaySet) {
  const auto limits = [&] {
    const json::value out = config();
    return out.at("HostConfig").at("Ulimits").as_array();
  };
  EXPECT_EQ(limits(), (json::array{ulimit("nofile", 1024, 65535), ulimit("nproc", 4096, 4096)}));
  ceiling_ = {false, {{"nofile", 20000}, {"nproc", 1000}, {"core", -1}}};
  EXPECT_EQ(limits(), (json::array{ulimit("nofile", 1024, 20000), ulimit("nproc", 1000, 1000)}));
  container_.ulimits = {{"nofile", 512, 30000}, {"core", 0, 0}};
  EXPECT_EQ(limits(),
            (json::array{ulimit("core", 0, 0), ulimit("nofile", 512, 20000), ulimit("nproc", 1000, 1000)}));
}

TEST(Names, FitTheKernelsLimitsAndTellDaemonsApart) {
  const Names one("/a"), other("/b");
  EXPECT_NE(one.daemon(), other.daemon());
  EXPECT_EQ(one.vpc_namespace("vpc-1"), one.daemon() + "-vpc-1");
  EXPECT_TRUE(one.vpc_namespace("vpc-1").starts_with(one.vpc_prefix()));
  EXPECT_FALSE(one.task_namespace("vpc-1").starts_with(one.vpc_prefix()));
  EXPECT_LE(Names::bridge("subnet-0123456789abcdef0").size(), 15u);
  EXPECT_LE(Names::task_port(one.task_namespace("0123456789abcdef0123456789abcdef")).size(), 15u);
}

}  // namespace
}  // namespace berth::host
