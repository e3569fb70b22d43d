#include "host/engine.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "host/podman_service.h"
#include "host/vpc_network.h"

namespace berth::host {
namespace {

EngineContainer parsed(const std::string& text) {
  json::value document;
  JsonError error;
  EXPECT_TRUE(parse_json(text, document, error)) << error.message;
  return parse_container(document);
}

TEST(Engine, ReadsARunningContainer) {
  const auto container =
      parsed(R"({"Id":"c1","Image":"sha256:1","LogPath":"/log","Config":{"StopSignal":"SIGINT",
      "Labels":{"berth.task":"t1","odd":7}},"State":{"Running":true,"Pid":42,"StartedAt":"2026-11-24T18:01:04Z"}})");
  EXPECT_EQ(container.id, "c1");
  EXPECT_EQ(container.log_path, "/log");
  EXPECT_EQ(container.stop_signal, SIGINT);
  EXPECT_EQ(container.labels, (std::map<std::string, std::string>{{"berth.task", "t1"}}));
  EXPECT_TRUE(container.running && container.started);
  EXPECT_EQ(container.pid, 42);
}

TEST(Engine, TellsNeverStartedFromEnded) {
  const auto fresh = parsed(
      R"({"State":{"Running":false,"StartedAt":"0001-01-01T00:00:00Z"},"Config":{"StopSignal":"15"}})");
  EXPECT_FALSE(fresh.started);
  EXPECT_EQ(fresh.stop_signal, SIGTERM);
  const auto ended = parsed(
      R"({"State":{"Running":false,"StartedAt":"2026-11-24T18:01:04Z","ExitCode":137,"OOMKilled":true}})");
  EXPECT_TRUE(ended.started && !ended.running && ended.out_of_memory);
  EXPECT_EQ(ended.exit_code, 137);
  EXPECT_FALSE(parsed("[]").started);
}

TEST(Engine, CompletesImageNames) {
  EXPECT_EQ(full_image_name("nginx"), "docker.io/library/nginx:latest");
  EXPECT_EQ(full_image_name("bitnami/redis:7"), "docker.io/bitnami/redis:7");
  EXPECT_EQ(full_image_name("public.ecr.aws/x/y"), "public.ecr.aws/x/y:latest");
  EXPECT_EQ(full_image_name("localhost/a@sha256:12"), "localhost/a@sha256:12");
  EXPECT_EQ(full_image_name("host:5000/a"), "host:5000/a:latest");
}

TEST(Podman, SettingsNameTheRuntimeOnlyWhereThereIsOne) {
  EXPECT_NE(podman_settings("runc").find("runtime = \"runc\""), std::string::npos);
  EXPECT_EQ(podman_settings("").find("runtime ="), std::string::npos);
}

TEST(VpcNetwork, GatewayIsTheSubnetsFirstAddress) {
  EXPECT_EQ(subnet_gateway("10.0.1.0/24")->address, "10.0.1.1");
  EXPECT_EQ(subnet_gateway("10.0.1.128/26")->address, "10.0.1.129");
  EXPECT_EQ(subnet_gateway("10.7.3.9/16")->address, "10.7.0.1");
  EXPECT_EQ(subnet_gateway("10.7.0.0/16")->prefix_length, 16);
  EXPECT_EQ(subnet_gateway("10.7.0.0/16")->mac_address, "06:00:0a:07:00:01");
  for (const char* bad :
       {"", "10.0.1.0", "10.0.1/24", "10.0.1.0/33", "10.0.1.0/x", "::/64", "10.0.1.0/24; reboot"}) {
    EXPECT_FALSE(subnet_gateway(bad)) << bad;
  }
}

}  // namespace
}  // namespace berth::host
