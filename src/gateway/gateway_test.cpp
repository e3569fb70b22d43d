#include "gateway/gateway.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "gateway/test_credentials.h"
#include "model/cloudwatch.h"
#include "model/ecs.h"
#include "model/sns.h"
#include "model/sts.h"
#include "services/testing.h"

namespace berth::gateway {
namespace {

// The one thing that the handlers below know: how many tasks run.
struct RunningRow {
  static constexpr const char* table = "test.running";
  std::int64_t count = 0;
  std::string key() const { return "running"; }
};
BOOST_DESCRIBE_STRUCT(RunningRow, (), (count))

Result<ecs::DescribeServicesResponse> describe_services(Context& context,
                                                        const ecs::DescribeServicesRequest&) {
  const auto* running = context.store.find<RunningRow>("running");
  if (!running) return Error{"ClusterNotFoundException", "Cluster not found."};
  ecs::DescribeServicesResponse response;
  auto& service = response.services.emplace().emplace_back();
  service.status = "ACTIVE";
  service.desired_count = 2;
  service.running_count = running->count;
  return response;
}

// Writes, then fails when asked to: nothing of it may stay.
Result<ecs::UpdateServiceResponse> update_service(Context& context, const ecs::UpdateServiceRequest& input) {
  context.store.put(RunningRow{input.desired_count.value_or(0)});
  if (input.platform_version == "fails") return Error{"ClientException", "no"};
  if (input.platform_version == "throws") throw std::runtime_error("a bug");
  return ecs::UpdateServiceResponse{};
}

Result<sts::GetCallerIdentityResponse> get_caller_identity(Context& context,
                                                           const sts::GetCallerIdentityRequest&) {
  sts::GetCallerIdentityResponse response;
  response.arn = context.principal.arn;
  return response;
}

Result<sns::ConfirmSubscriptionResponse> confirm_subscription(Context&,
                                                              const sns::ConfirmSubscriptionInput& input) {
  sns::ConfirmSubscriptionResponse response;
  response.subscription_arn = *input.topic_arn + ":" + *input.token;
  return response;
}

Result<model::Object> not_called(Context&, const void*) {
  return Error{"InternalFailure", "not called"};
}

// A dispatch table with those handlers that a test needs.
class Table {
 public:
  explicit Table(const model::Service& service)
      : service_(service), invoke_(service.operations.size(), not_called) {}
  Table& with(std::string_view operation, services::Invoke invoke) {
    invoke_[static_cast<std::size_t>(service_.find_operation(operation) - service_.operations.data())] =
        invoke;
    return *this;
  }
  services::ServiceHandlers handlers() const { return {service_, invoke_}; }

 private:
  const model::Service& service_;
  std::vector<services::Invoke> invoke_;
};

class GatewayTest : public ::testing::Test, protected services::HandlerTest {
 protected:
  GatewayTest() { store.add<RunningRow>(); }

  // Sends; the answer lies in answers() once it is given.
  void send(wire::Request request) {
    gateway_.handle(std::move(request), "127.0.0.1",
                    [this](wire::Response response) { answers_.push_back(std::move(response)); });
  }
  wire::Response ask(wire::Request request) {
    send(std::move(request));
    if (answers_.empty()) return {};
    auto answer = std::move(answers_.back());
    answers_.clear();
    return answer;
  }

  wire::Request ecs_request(const std::string& operation, const std::string& body,
                            const std::string& user_agent = "") {
    wire::Request request{"POST",
                          "/",
                          {{"host", "127.0.0.1:4566"},
                           {"content-type", "application/x-amz-json-1.1"},
                           {"user-agent", user_agent},
                           {"x-amz-target", "AmazonEC2ContainerServiceV20141113." + operation}},
                          body};
    sign(request, "ecs", loop.real_now());
    return request;
  }
  wire::Request waiter_request() {
    return ecs_request("DescribeServices", R"({"services": ["web"]})", "aws-cli/1.45.11 m/N,g,B,b cfg/x");
  }
  void set_running(std::int64_t count) {
    write([&] { store.put(RunningRow{count}); });
  }

  Table ecs_ =
      Table(ecs::service())
          .with("DescribeServices", &services::invoke<ecs::DescribeServicesRequest,
                                                      ecs::DescribeServicesResponse, &describe_services>)
          .with("UpdateService",
                &services::invoke<ecs::UpdateServiceRequest, ecs::UpdateServiceResponse, &update_service>);
  Table sts_ =
      Table(sts::service())
          .with("GetCallerIdentity", &services::invoke<sts::GetCallerIdentityRequest,
                                                       sts::GetCallerIdentityResponse, &get_caller_identity>);
  Table sns_ = Table(sns::service())
                   .with("ConfirmSubscription",
                         &services::invoke<sns::ConfirmSubscriptionInput, sns::ConfirmSubscriptionResponse,
                                           &confirm_subscription>);
  Table cloudwatch_{cloudwatch::service()};
  std::vector<services::ServiceHandlers> services_{ecs_.handlers(), sts_.handlers(), sns_.handlers(),
                                                   cloudwatch_.handlers()};
  TestCredentials credentials_{};
  Gateway gateway_{context, services_, credentials_, {}};
  std::vector<wire::Response> answers_;
};

TEST_F(GatewayTest, RunsAHandlerAndAnswers) {
  set_running(1);
  const auto answer = ask(ecs_request("DescribeServices", R"({"services": ["web"]})"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"services":[{"status":"ACTIVE","desiredCount":2,"runningCount":1}]})");
  EXPECT_EQ(answer.headers[1].first, "x-amzn-RequestId");
  EXPECT_EQ(answer.headers[1].second.size(), 36u);
}

TEST_F(GatewayTest, KeepsNothingOfAFailedCall) {
  EXPECT_EQ(ask(ecs_request("UpdateService", R"({"service": "web", "desiredCount": 3})")).status, 200);
  EXPECT_EQ(store.find<RunningRow>("running")->count, 3);
  const auto failed =
      ask(ecs_request("UpdateService", R"({"service": "w", "desiredCount": 4, "platformVersion": "fails"})"));
  EXPECT_EQ(failed.body, R"({"__type":"ClientException","message":"no"})");
  const auto thrown = ask(
      ecs_request("UpdateService", R"({"service": "w", "desiredCount": 5, "platformVersion": "throws"})"));
  EXPECT_EQ(thrown.status, 500);
  EXPECT_EQ(store.find<RunningRow>("running")->count, 3);
  EXPECT_FALSE(store.in_transaction());
}

TEST_F(GatewayTest, RefusesInTheCallersProtocol) {
  wire::Request bare{
      "POST",
      "/",
      {{"host", "localhost"}, {"x-amz-target", "AmazonEC2ContainerServiceV20141113.ListClusters"}},
      "{}"};
  const auto unsigned_json = ask(bare);
  EXPECT_EQ(unsigned_json.status, 403);
  EXPECT_NE(unsigned_json.body.find("\"__type\":\"MissingAuthenticationTokenException\""), std::string::npos);
  wire::Request form{"POST",
                     "/",
                     {{"host", "localhost"}, {"content-type", "application/x-www-form-urlencoded"}},
                     "Action=GetCallerIdentity&Version=2011-06-15"};
  EXPECT_NE(ask(form).body.find("<Code>MissingAuthenticationToken</Code>"), std::string::npos);
  EXPECT_EQ(ask(ecs_request("PutAttributes", "{}")).status, 501);
  EXPECT_EQ(ask(ecs_request("MakeCoffee", "{}")).status, 400);
  wire::Request other{"POST", "/", {{"host", "localhost"}, {"x-amz-target", "AWSLambda.Invoke"}}, "{}"};
  sign(other, "lambda", loop.real_now());
  const auto unknown = ask(other);
  EXPECT_EQ(unknown.status, 501);
  EXPECT_NE(unknown.body.find("'lambda'"), std::string::npos);
}

TEST_F(GatewayTest, RefusesForeignHosts) {
  auto request = ecs_request("ListClusters", "{}");
  request.headers[0].second = "evil.example";
  EXPECT_EQ(ask(request).status, 403);
}

TEST_F(GatewayTest, ConfirmsSubscriptionsWithoutASignature) {
  const auto answer =
      ask({"GET", "/?Action=ConfirmSubscription&TopicArn=arn%3At&Token=k", {{"host", "localhost"}}, ""});
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find("<SubscriptionArn>arn:t:k</SubscriptionArn>"), std::string::npos);
  EXPECT_EQ(ask({"GET", "/?Action=ListTopics&Version=2010-03-31", {{"host", "localhost"}}, ""}).status, 403);
}

TEST_F(GatewayTest, ServesRoutesByTheLongestPrefix) {
  const auto say = [](std::string text) {
    return [text](const wire::Request&, const std::string&, const net::Respond& respond) {
      respond({200, {}, text});
    };
  };
  gateway_.routes().add("GET", "/_berth", say("all"));
  gateway_.routes().add("GET", "/_berth/status", say("status"));
  const auto get = [&](const std::string& target, const std::string& method = "GET") {
    return ask({method, target, {{"host", "localhost"}}, ""});
  };
  EXPECT_EQ(get("/_berth/status?x=1").body, "status");
  EXPECT_EQ(get("/_berth/statuses").body, "all");
  EXPECT_EQ(get("/_berth").body, "all");
  EXPECT_EQ(get("/_berth/status", "POST").status, 405);
  EXPECT_EQ(get("/_berthing").status, 403);
}

TEST_F(GatewayTest, RefusesOversizeBodiesInTheCallersProtocol) {
  const auto answer = gateway_.refuse(ecs_request("CreateService", ""), 413);
  EXPECT_EQ(answer.status, 413);
  EXPECT_NE(answer.body.find("RequestEntityTooLarge"), std::string::npos);
}

TEST_F(GatewayTest, HoldsAWaitersAnswerUntilItIsWorthSending) {
  set_running(0);
  send(waiter_request());
  EXPECT_TRUE(answers_.empty());
  EXPECT_EQ(gateway_.held_waiters(), 1u);
  set_running(1);
  loop.run_for(Duration::seconds(1));
  EXPECT_TRUE(answers_.empty());
  set_running(2);
  loop.run_for(Duration::seconds(1));
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_NE(answers_[0].body.find("\"runningCount\":2"), std::string::npos);
  EXPECT_EQ(gateway_.held_waiters(), 0u);
}

TEST_F(GatewayTest, HoldsNoAnswerForLongerThanItsLimit) {
  set_running(0);
  send(waiter_request());
  loop.run_for(Duration::seconds(limits::held_waiter_s_max - 1));
  EXPECT_TRUE(answers_.empty());
  loop.run_for(Duration::seconds(1));
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_NE(answers_[0].body.find("\"runningCount\":0"), std::string::npos);
}

TEST_F(GatewayTest, HoldsOnlyWaitersAndAnswersErrorsAtOnce) {
  set_running(0);
  send(ecs_request("DescribeServices", R"({"services": ["web"]})", "aws-cli/1.45.11 m/N,g,b"));
  EXPECT_EQ(answers_.size(), 1u);
  send(waiter_request());
  write([&] { store.erase<RunningRow>("running"); });
  loop.run_for(Duration::seconds(1));
  ASSERT_EQ(answers_.size(), 2u);
  EXPECT_NE(answers_[1].body.find("ClusterNotFoundException"), std::string::npos);
}

TEST_F(GatewayTest, HoldsABoundedNumberAndReleasesThemAll) {
  set_running(0);
  for (int i = 0; i < limits::held_waiters_max; ++i) send(waiter_request());
  EXPECT_TRUE(answers_.empty());
  send(waiter_request());
  EXPECT_EQ(answers_.size(), 1u);
  gateway_.release_waiters();
  EXPECT_EQ(answers_.size(), static_cast<std::size_t>(limits::held_waiters_max) + 1);
  send(waiter_request());
  EXPECT_EQ(answers_.size(), static_cast<std::size_t>(limits::held_waiters_max) + 2);
}

TEST(WaiterCall, IsToldByItsUserAgent) {
  const auto is_waiter = [](const std::string& agent) {
    return is_waiter_call({"POST", "/", {{"user-agent", agent}}, ""});
  };
  EXPECT_TRUE(is_waiter(
      "aws-cli/1.45.11 md/Botocore#1.43.11 lang/python#3.11.7 m/N,g,D,B,b,Z cfg/retry-mode#legacy"));
  EXPECT_TRUE(is_waiter("aws-cli/2.9.19 Python/3.11.2 prompt/off command/ecs.wait.services-stable"));
  EXPECT_TRUE(is_waiter("aws-cli/2.9.19 Python/3.11.2 prompt/off command/cloudformation.deploy"));
  EXPECT_FALSE(is_waiter("aws-cli/1.45.11 m/Z,g,D,b,N"));
  EXPECT_FALSE(is_waiter("aws-cli/2.9.19 command/ecs.describe-services"));
  EXPECT_FALSE(is_waiter(""));
}

}  // namespace
}  // namespace berth::gateway
