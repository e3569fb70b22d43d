#include "host/cgroup.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace berth::host {
namespace {

// A cgroup file system of ordinary files, prepared as the kernel would.
class CgroupsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = ::testing::TempDir() + "cgroups-XXXXXX";
    ASSERT_NE(mkdtemp(root_.data()), nullptr);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void put(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  std::string get(const std::string& path) {
    std::ifstream in(root_ + path);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::string root_;
};

TEST_F(CgroupsTest, SetsAndReadsVersion1) {
  for (const char* file : {"/cpu/berth-x/t1/cpu.cfs_period_us", "/cpu/berth-x/t1/cpu.cfs_quota_us",
                           "/memory/berth-x/t1/memory.limit_in_bytes"}) {
    put(file, "");
  }
  put("/cpuacct/berth-x/t1/cpuacct.usage", "1234567890\n");
  put("/memory/berth-x/t1/memory.usage_in_bytes", "5000\n");
  put("/memory/berth-x/t1/memory.stat", "cache 1\ninactive_file 7\ntotal_inactive_file 2000\n");
  put("/memory/berth-x/t1/libpod-c1/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");

  const Cgroups cgroups("berth-x", root_);
  ASSERT_TRUE(cgroups.create("t1", {0.25, 512 << 20}));
  EXPECT_EQ(get("/cpu/berth-x/t1/cpu.cfs_period_us"), "100000");
  EXPECT_EQ(get("/cpu/berth-x/t1/cpu.cfs_quota_us"), "25000");
  EXPECT_EQ(get("/memory/berth-x/t1/memory.limit_in_bytes"), "536870912");
  const auto usage = cgroups.usage("t1");
  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->cpu_us, 1234567);
  EXPECT_EQ(usage->memory_bytes, 3000);
  EXPECT_EQ(cgroups.oom_kills("t1", "c1"), 2);
  EXPECT_EQ(cgroups.oom_kills("t1", "gone"), 0);
  EXPECT_FALSE(cgroups.usage("t2"));
  EXPECT_EQ(cgroups.tasks(), std::vector<std::string>{"t1"});
  EXPECT_EQ(cgroups.parent_path("t1"), "/berth-x/t1");
}

TEST_F(CgroupsTest, SetsAndReadsVersion2) {
  put("/cgroup.controllers", "cpuset cpu io memory pids\n");
  for (const char* file :
       {"/cgroup.subtree_control", "/berth-x/cgroup.subtree_control", "/berth-x/t1/cgroup.subtree_control",
        "/berth-x/t1/cpu.max", "/berth-x/t1/memory.max"}) {
    put(file, "");
  }
  put("/berth-x/t1/cpu.stat", "usage_usec 777\nuser_usec 1\n");
  put("/berth-x/t1/memory.current", "5000\n");
  put("/berth-x/t1/memory.stat", "anon 1\ninactive_file 6000\n");
  put("/berth-x/t1/libpod-c1/memory.events", "low 0\noom 1\noom_kill 1\n");

  const Cgroups cgroups("berth-x", root_);
  ASSERT_TRUE(cgroups.create("t1", {2, 0}));
  EXPECT_EQ(get("/berth-x/cgroup.subtree_control"), "+cpu +memory +pids");
  EXPECT_EQ(get("/berth-x/t1/cpu.max"), "200000 100000");
  EXPECT_EQ(get("/berth-x/t1/memory.max"), "max");
  EXPECT_EQ(cgroups.usage("t1")->cpu_us, 777);
  EXPECT_EQ(cgroups.usage("t1")->memory_bytes, 0);
  EXPECT_EQ(cgroups.oom_kills("t1", "c1"), 1);
}

TEST_F(CgroupsTest, RemovesThePathInEveryHierarchy) {
  for (const char* hierarchy : {"/cpu", "/memory", "/pids"}) {
    std::filesystem::create_directories(root_ + hierarchy + "/berth-x/t1/libpod-c1");
    std::filesystem::create_directories(root_ + hierarchy + "/berth-y/t1");
  }
  const Cgroups cgroups("berth-x", root_);
  EXPECT_TRUE(cgroups.remove("t1"));
  EXPECT_TRUE(cgroups.remove("t1"));
  cgroups.remove_daemon();
  EXPECT_FALSE(std::filesystem::exists(root_ + "/pids/berth-x"));
  EXPECT_TRUE(std::filesystem::exists(root_ + "/pids/berth-y/t1"));
  std::filesystem::create_directories(root_ + "/cpu/berth-x/t2");
  put("/cpu/berth-x/t2/busy", "");
  EXPECT_FALSE(cgroups.remove("t2"));
}

}  // namespace
}  // namespace berth::host
