#include "submit.h"

#include <gtest/gtest.h>

namespace learner {
namespace {

Request with_body(std::string body, std::string content_type = "application/json") {
  Request request;
  request.method = "POST";
  request.path = "/api/submit";
  request.headers = {{"content-type", std::move(content_type)}};
  request.body = std::move(body);
  return request;
}

void expect_answer(const Request& request, int status, std::string_view body) {
  Response response = submit(request);
  EXPECT_EQ(response.status, status) << request.body;
  EXPECT_EQ(response.body, body) << request.body;
}

TEST(Submit, GreetsByName) {
  expect_answer(with_body(R"({"name":"Ana"})"), 200,
                R"({"message":"Happy learning, Ana!","data":{"name":"Ana"}})");
  expect_answer(with_body("{}"), 200, R"({"message":"Happy learning, User!","data":{"name":"User"}})");
  expect_answer(with_body(R"({"age":3,"name":""})"), 200,
                R"({"message":"Happy learning, !","data":{"name":""}})");
  expect_answer(with_body(R"({"name":"\u00e9\n"})"), 200,
                R"({"message":"Happy learning, é\n!","data":{"name":"é\n"}})");
}

TEST(Submit, ReadsWhateverIsCalledJsonOrNothing) {
  constexpr std::string_view greeting = R"({"message":"Happy learning, User!","data":{"name":"User"}})";
  for (const char* type :
       {"application/json; charset=utf-8", "Application/JSON", "application/vnd.x+json", ""}) {
    expect_answer(with_body("{}", type), 200, greeting);
  }
  Request untyped = with_body("{}");
  untyped.headers.clear();
  expect_answer(untyped, 200, greeting);
}

TEST(Submit, WantsABody) {
  constexpr std::string_view missing =
      R"({"detail":[{"type":"missing","loc":["body"],"msg":"Field required","input":null,)"
      R"("url":"https://errors.pydantic.dev/2.5/v/missing"}]})";
  expect_answer(with_body(""), 422, missing);
  expect_answer(with_body(" null "), 422, missing);
}

TEST(Submit, WantsAnObject) {
  auto refusal = [](std::string input) {
    return R"({"detail":[{"type":"model_attributes_type","loc":["body"],)"
           R"("msg":"Input should be a valid dictionary )"
           R"(or object to extract fields from","input":)" +
           input + R"(,"url":"https://errors.pydantic.dev/2.5/v/model_attributes_type"}]})";
  };
  expect_answer(with_body("[1, 2.50]"), 422, refusal("[1,2.5]"));
  expect_answer(with_body("\"x\""), 422, refusal("\"x\""));
  expect_answer(with_body("{}", "application/x-www-form-urlencoded"), 422, refusal("\"{}\""));
  expect_answer(with_body("{}", "text/json"), 422, refusal("\"{}\""));
}

TEST(Submit, WantsATextAsName) {
  auto refusal = [](std::string input) {
    return R"({"detail":[{"type":"string_type","loc":["body","name"],"msg":"Input should be a valid string",)"
           R"("input":)" +
           input + R"(,"url":"https://errors.pydantic.dev/2.5/v/string_type"}]})";
  };
  expect_answer(with_body(R"({"name":5})"), 422, refusal("5"));
  expect_answer(with_body(R"({"name":null})"), 422, refusal("null"));
  expect_answer(with_body(R"({"name":{"a":[true]}})"), 422, refusal(R"({"a":[true]})"));
}

TEST(Submit, SaysWhereJsonIsBroken) {
  expect_answer(with_body(R"({"name":)"), 422,
                R"({"detail":[{"type":"json_invalid","loc":["body",8],"msg":"JSON decode error","input":{},)"
                R"("ctx":{"error":"Expecting value"}}]})");
  expect_answer(with_body("\"\xff\""), 400, R"({"detail":"There was an error parsing the body"})");
}

TEST(Submit, FailsAsPythonDoesWhereItsAnswerIsNoJson) {
  for (const char* body : {R"({"name":NaN})", R"({"name":"\ud800"})", "[1e999]"}) {
    Response response = submit(with_body(body));
    EXPECT_EQ(response.status, 500);
    EXPECT_EQ(response.body, "Internal Server Error");
    EXPECT_EQ(response.content_type, "text/plain; charset=utf-8");
  }
}

}  // namespace
}  // namespace learner
