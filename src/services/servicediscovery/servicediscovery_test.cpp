#include "handlers/servicediscovery.h"

#include <gtest/gtest.h>

#include "services/ec2/rows.h"
#include "services/servicediscovery/resolve.h"
#include "services/testing.h"

namespace berth::servicediscovery {
namespace {

struct Discovery : testing::Test, services::HandlerTest {
  Discovery() {
    add_tables(store);
    ec2::add_tables(store);
    write([&] {
      for (const char* id : {"vpc-1", "vpc-2"}) {
        ec2::VpcRow vpc;
        vpc.id = id;
        store.put(std::move(vpc));
      }
    });
  }

  // The operation that it began.
  Operation create_space(const std::string& name, const std::string& vpc = "vpc-1") {
    CreatePrivateDnsNamespaceRequest request;
    request.name = name;
    request.vpc = vpc;
    const std::string id = *call(create_private_dns_namespace, request)->operation_id;
    return *call(get_operation, {id, {}})->operation;
  }
  std::string space(const std::string& name, const std::string& vpc = "vpc-1") {
    return create_space(name, vpc).targets->at("NAMESPACE");
  }
  std::string service(const std::string& name, const std::string& in,
                      std::vector<DnsRecord> records = {{"A", 10}}, bool custom_health = false) {
    CreateServiceRequest request;
    request.name = name;
    request.namespace_id = in;
    request.dns_config.emplace().dns_records = std::move(records);
    if (custom_health) request.health_check_custom_config.emplace();
    return *call(create_service, request)->service->id;
  }
  std::string add(const std::string& to, const std::string& id, const std::string& address,
                  const char* port = "") {
    RegisterInstanceRequest request;
    request.service_id = to;
    request.instance_id = id;
    request.attributes = std::map<std::string, std::string>{{"AWS_INSTANCE_IPV4", address}};
    if (*port) (*request.attributes)["AWS_INSTANCE_PORT"] = port;
    return code_of(register_instance, request);
  }
  std::vector<std::string> addresses(const std::string& name, const std::string& vpc = "vpc-1") {
    std::vector<std::string> out;
    for (const auto& record : resolve(store, loop.rng("dns"), vpc, name, "A").records)
      out.push_back(record.address);
    std::sort(out.begin(), out.end());
    return out;
  }
};

TEST_F(Discovery, NamesAreThoseOfTheVpcsNamespaces) {
  const auto web = service("web", space("internal.example"));
  add(web, "one", "10.0.0.4");
  add(web, "two", "10.0.0.5");
  EXPECT_EQ(addresses("web.internal.example"), (std::vector<std::string>{"10.0.0.4", "10.0.0.5"}));
  EXPECT_EQ(addresses("WEB.Internal.Example").size(), 2u);
  EXPECT_TRUE(addresses("web.internal.example", "vpc-2").empty());
  auto& rng = loop.rng("dns");
  EXPECT_FALSE(resolve(store, rng, "vpc-2", "web.internal.example", "A").in_namespace);
  EXPECT_FALSE(resolve(store, rng, "vpc-1", "example.com", "A").in_namespace);
  EXPECT_TRUE(resolve(store, rng, "vpc-1", "api.internal.example", "A").in_namespace);
  EXPECT_FALSE(resolve(store, rng, "vpc-1", "api.internal.example", "A").name_exists);
  EXPECT_TRUE(resolve(store, rng, "vpc-1", "web.internal.example", "AAAA").name_exists);
  EXPECT_TRUE(resolve(store, rng, "vpc-1", "internal.example", "A").name_exists);
}

TEST_F(Discovery, ANameGoesWithItsLastInstance) {
  const auto web = service("web", space("internal.example"));
  add(web, "one", "10.0.0.4");
  ASSERT_TRUE(call(deregister_instance, {web, "one"}));
  EXPECT_FALSE(resolve(store, loop.rng("dns"), "vpc-1", "web.internal.example", "A").name_exists);
  EXPECT_EQ(code_of(deregister_instance, {web, "one"}), "InstanceNotFound");
}

TEST_F(Discovery, OnlyHealthyInstancesAnswerWhileThereAreSome) {
  const auto web = service("web", space("internal.example"), {{"A", 10}}, true);
  add(web, "one", "10.0.0.4");
  add(web, "two", "10.0.0.5");
  ASSERT_TRUE(call(update_instance_custom_health_status, {web, "one", "UNHEALTHY"}));
  EXPECT_EQ(addresses("web.internal.example"), std::vector<std::string>{"10.0.0.5"});
  DiscoverInstancesRequest request;
  request.namespace_name = "internal.example";
  request.service_name = "web";
  EXPECT_EQ(call(discover_instances, request)->instances->size(), 1u);
  request.health_status = "ALL";
  EXPECT_EQ(call(discover_instances, request)->instances->size(), 2u);
  ASSERT_TRUE(call(update_instance_custom_health_status, {web, "two", "UNHEALTHY"}));
  EXPECT_EQ(addresses("web.internal.example").size(), 2u);
}

TEST_F(Discovery, SrvRecordsNameTheirInstances) {
  const auto api = service("api", space("internal.example"), {{"SRV", 10}});
  EXPECT_EQ(add(api, "one", "10.0.0.4"), "InvalidInput") << "the port is missing";
  add(api, "one", "10.0.0.4", "8080");
  const auto found = resolve(store, loop.rng("dns"), "vpc-1", "api.internal.example", "SRV");
  ASSERT_EQ(found.records.size(), 1u);
  EXPECT_EQ(found.records[0].port, 8080);
  EXPECT_EQ(found.records[0].target, "one.api.internal.example");
  EXPECT_EQ(addresses(found.records[0].target), std::vector<std::string>{"10.0.0.4"});
}

TEST_F(Discovery, EightAnswersAtMostAndOneByWeight) {
  const auto in = space("internal.example");
  const auto many = service("many", in);
  CreateServiceRequest request;
  request.name = "one-by-one";
  request.namespace_id = in;
  request.dns_config.emplace().dns_records = std::vector<DnsRecord>{{"A", 10}};
  request.dns_config->routing_policy = "WEIGHTED";
  const auto weighted = *call(create_service, request)->service->id;
  for (int i = 0; i < 12; ++i) {
    for (const auto& id : {many, weighted})
      add(id, "i" + std::to_string(i), "10.0.0." + std::to_string(i + 4));
  }
  EXPECT_EQ(addresses("many.internal.example").size(), 8u);
  EXPECT_EQ(addresses("one-by-one.internal.example").size(), 1u);
}

TEST_F(Discovery, WhatIsInUseStays) {
  const auto in = space("internal.example");
  const auto web = service("web", in);
  add(web, "one", "10.0.0.4");
  EXPECT_EQ(code_of(delete_namespace, {in}), "ResourceInUse");
  EXPECT_EQ(code_of(delete_service, {web}), "ResourceInUse");
  ASSERT_TRUE(call(deregister_instance, {web, "one"}));
  ASSERT_TRUE(call(delete_service, {web}));
  ASSERT_TRUE(call(delete_namespace, {in}));
  EXPECT_EQ(code_of(get_namespace, {in}), "NamespaceNotFound");
}

TEST_F(Discovery, ANamespaceThatCannotBeIsAFailedOperation) {
  EXPECT_EQ(*create_space("internal.example", "vpc-none").status, "FAIL");
  space("internal.example");
  const auto again = create_space("internal.example");
  EXPECT_EQ(*again.status, "FAIL");
  EXPECT_EQ(*again.error_code, "CANNOT_CREATE_HOSTED_ZONE");
  EXPECT_EQ(*create_space("internal.example", "vpc-2").status, "SUCCESS");
}

}  // namespace
}  // namespace berth::servicediscovery
