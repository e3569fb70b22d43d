#include "application.h"

#include <gtest/gtest.h>

namespace learner {
namespace {

// The busy threads stop at once, and the time is what the test says.
constexpr double time_scale = 1e6;
constexpr TimePoint start{};

class ApplicationTest : public testing::Test {
 protected:
  std::optional<Response> call(std::string method, std::string path, std::string query = "",
                               Ticket ticket = 1) {
    Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.query = std::move(query);
    request.headers = {{"host", "learner.test"}};
    return application_.handle(request, ticket, start);
  }

  void expect(std::string path, int status, std::string_view body) {
    auto response = call("GET", path);
    ASSERT_TRUE(response) << path;
    EXPECT_EQ(response->status, status) << path;
    EXPECT_EQ(response->body, body) << path;
    EXPECT_EQ(response->content_type, "application/json") << path;
  }

  BusyThreads busy_{1};
  ScalingInfo scaling_info_{EcsClient(EcsSettings{}), -1};
  Application application_{time_scale, busy_, scaling_info_};
};

TEST_F(ApplicationTest, AnswersTheQuickEndpoints) {
  expect("/", 200, "\"Hello from ECS Fargate Service!\"");
  expect("/api/health", 200, R"({"status":"healthy"})");
  expect("/api/error", 500, R"({"detail":"Internal server error"})");
  expect("/api/notfound", 404, R"({"detail":"Resource not found"})");
  expect("/api/scalinginfo", 200, R"({"error":"ECS client not available"})");
  EXPECT_EQ(call("POST", "/api/submit")->status, 422);
}

TEST_F(ApplicationTest, KnowsNoOtherPath) {
  for (const char* path : {"/api", "/api/Health", "/api/health2", "//", "/docs"}) {
    expect(path, 404, R"({"detail":"Not Found"})");
  }
}

TEST_F(ApplicationTest, NamesTheMethodThatIsAllowed) {
  auto response = call("POST", "/api/load");
  EXPECT_EQ(response->status, 405);
  EXPECT_EQ(response->body, R"({"detail":"Method Not Allowed"})");
  EXPECT_EQ(*find_header(response->headers, "allow"), "GET");
  EXPECT_EQ(*find_header(call("GET", "/api/submit")->headers, "allow"), "POST");
  EXPECT_EQ(call("HEAD", "/")->status, 405);
}

TEST_F(ApplicationTest, RedirectsASlashTooMany) {
  auto response = call("GET", "/api/health/", "a=b");
  EXPECT_EQ(response->status, 307);
  EXPECT_EQ(response->body, "");
  EXPECT_EQ(*find_header(response->headers, "location"), "http://learner.test/api/health?a=b");
  EXPECT_EQ(call("GET", "/api/nothing/")->status, 404);
}

TEST_F(ApplicationTest, EveryLoadLastsItsOwnTime) {
  using std::chrono::microseconds;
  EXPECT_FALSE(call("GET", "/api/load", "", 1));
  EXPECT_FALSE(call("GET", "/api/quickload", "", 2));
  EXPECT_EQ(application_.next_ready(), start + microseconds(10));
  EXPECT_TRUE(application_.take_ready(start + microseconds(9)).empty());

  std::vector<Answer> quick = application_.take_ready(start + microseconds(10));
  ASSERT_EQ(quick.size(), 1u);
  EXPECT_EQ(quick[0].ticket, 2u);
  EXPECT_EQ(quick[0].response.body, R"({"status":"burst_completed","duration":"10s"})");

  EXPECT_EQ(application_.next_ready(), start + microseconds(60));
  std::vector<Answer> load = application_.take_ready(start + microseconds(60));
  ASSERT_EQ(load.size(), 1u);
  EXPECT_EQ(load[0].ticket, 1u);
  EXPECT_EQ(load[0].response.body, R"({"status":"load_generated","duration":"60s","threads":2})");
  EXPECT_EQ(application_.next_ready(), std::nullopt);
}

TEST(ScalingInfoResponse, IsTheArticles) {
  auto described = [](std::string_view document) {
    return scaling_info_response(std::get<Value>(parse_json(document))).body;
  };
  EXPECT_EQ(
      described(R"({"failures":[],"services":[{"status":"ACTIVE","runningCount":1,"desiredCount":3,)"
                R"("pendingCount":2,"serviceName":"learner-svc-service"}]})"),
      R"({"cluster":"learner-cluster","service":"learner-svc-service","desired_count":3,"running_count":1,)"
      R"("pending_count":2,"status":"ACTIVE","active_requests":0})");
  EXPECT_EQ(described(R"({"services":[],"failures":[{"reason":"MISSING"}]})"),
            R"({"error":"Service not found"})");
  EXPECT_EQ(described(R"({"services":[{}]})"), R"({"error":"Unable to fetch scaling information"})");
  EXPECT_EQ(described("{}"), R"({"error":"Unable to fetch scaling information"})");
  EXPECT_EQ(scaling_info_response(EcsClient::Failure{"x"}).body,
            R"({"error":"Unable to fetch scaling information"})");
}

TEST(EcsSettings, ComeFromTheTasksEnvironment) {
  auto get = [](const std::string& name) -> std::string {
    if (name == "AWS_DEFAULT_REGION") return "eu-central-1";
    if (name == "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") return "/v2/credentials/x";
    return "";
  };
  EcsSettings settings = read_ecs_settings(get);
  EXPECT_EQ(settings.region, "eu-central-1");
  EXPECT_EQ(settings.endpoint, "https://ecs.eu-central-1.amazonaws.com/");
  EXPECT_EQ(settings.credentials_url, "http://169.254.170.2/v2/credentials/x");
}

TEST(Url, IsPlainHttp) {
  EXPECT_EQ(parse_url("http://10.0.0.1:4566/a?b")->authority(), "10.0.0.1:4566");
  EXPECT_EQ(parse_url("http://10.0.0.1:4566/a?b")->path, "/a?b");
  EXPECT_EQ(parse_url("http://10.0.0.1")->authority(), "10.0.0.1");
  for (const char* url : {"https://10.0.0.1/", "10.0.0.1", "http://", "http://h:x/", "http://h:99999/"}) {
    EXPECT_FALSE(parse_url(url)) << url;
  }
}

}  // namespace
}  // namespace learner
