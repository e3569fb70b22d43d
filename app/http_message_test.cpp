#include "http_message.h"

#include <gtest/gtest.h>

namespace learner {
namespace {

Parse status_of(std::string_view bytes) {
  Request request;
  return parse_request(bytes, request).status;
}

TEST(Request, IsReadInFull) {
  std::string bytes =
      "POST /api/%73ubmit?a=b&c=%20 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nX-A:  v \r\n\r\nhelloGET";
  Request request;
  ParsedRequest parsed = parse_request(bytes, request);
  ASSERT_EQ(parsed.status, Parse::complete);
  EXPECT_EQ(parsed.consumed, bytes.size() - 3);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, "/api/submit");
  EXPECT_EQ(request.query, "a=b&c=%20");
  EXPECT_EQ(request.body, "hello");
  EXPECT_EQ(*find_header(request.headers, "x-a"), "v");
  EXPECT_EQ(find_header(request.headers, "x-b"), nullptr);
  EXPECT_TRUE(request.keep_alive);
}

TEST(Request, EveryPrefixIsIncomplete) {
  std::string_view messages[] = {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab",
                                 "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
                                 "chunked\r\n\r\n1\r\na\r\n1;x=y\r\nb\r\n0\r\nT: v\r\n\r\n"};
  for (std::string_view message : messages) {
    for (std::size_t size = 0; size < message.size(); ++size) {
      EXPECT_EQ(status_of(message.substr(0, size)), Parse::incomplete) << message.substr(0, size);
    }
    Request request;
    ParsedRequest parsed = parse_request(message, request);
    EXPECT_EQ(parsed.status, Parse::complete);
    EXPECT_EQ(parsed.consumed, message.size());
    EXPECT_EQ(request.body, "ab");
  }
}

TEST(Request, KeepAliveIsForHttp11Only) {
  Request request;
  parse_request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", request);
  EXPECT_FALSE(request.keep_alive);
  parse_request("GET / HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\n\r\n", request);
  EXPECT_FALSE(request.keep_alive);
  parse_request("GET / HTTP/1.1\nHost: h\n\n", request);
  EXPECT_TRUE(request.keep_alive);
}

TEST(Request, ContinueIsExpectedOnlyWhileTheBodyIsOut) {
  std::string head = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n";
  Request request;
  EXPECT_TRUE(parse_request(head, request).expects_continue);
  EXPECT_FALSE(parse_request(head + "x", request).expects_continue);
}

TEST(Request, RefusesWhatCouldBeReadInTwoWays) {
  std::string_view heads[] = {
      "GET /\r\n\r\n",
      "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET / HTTP/2.0\r\nHost: h\r\n\r\n",
      "G(T / HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.1\r\nHost : h\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nX: a\x01z\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n"};
  for (std::string_view head : heads) EXPECT_EQ(status_of(head), Parse::invalid) << head;
}

TEST(Request, SizesAreBounded) {
  std::string head = "POST / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_EQ(status_of(head + "X: " + std::string(head_bytes_max, 'a')), Parse::too_large);
  EXPECT_EQ(status_of(head + "X: " + std::string(head_bytes_max, 'a') + "\r\n\r\n"), Parse::too_large);
  EXPECT_EQ(status_of(head + "Content-Length: " + std::to_string(body_bytes_max) + "\r\n\r\n"),
            Parse::incomplete);
  EXPECT_EQ(status_of(head + "Content-Length: " + std::to_string(body_bytes_max + 1) + "\r\n\r\n"),
            Parse::too_large);
  EXPECT_EQ(status_of(head + "Content-Length: 99999999999999999999\r\n\r\n"), Parse::invalid);
  EXPECT_EQ(status_of(head + "Transfer-Encoding: chunked\r\n\r\nffffffff\r\n"), Parse::too_large);
}

TEST(Request, EscapesThatAreNoneStay) {
  Request request;
  parse_request("GET /%zz%4%41% HTTP/1.0\r\n\r\n", request);
  EXPECT_EQ(request.path, "/%zz%4A%");
}

TEST(Response, IsWrittenAsOneMessage) {
  Response response{
      .status = 405, .body = "{}", .content_type = "application/json", .headers = {{"allow", "GET"}}};
  EXPECT_EQ(format_response(response, "D", false, true),
            "HTTP/1.1 405 Method Not Allowed\r\ndate: D\r\nallow: GET\r\ncontent-length: 2\r\n"
            "content-type: application/json\r\nconnection: close\r\n\r\n{}");
  EXPECT_TRUE(
      format_response(response, "D", true, false).ends_with("content-type: application/json\r\n\r\n"));
}

TEST(Response, IsReadByLengthChunksOrEnd) {
  int status = 0;
  std::string body;
  EXPECT_EQ(parse_response("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", status, body), Parse::complete);
  EXPECT_EQ(status, 200);
  EXPECT_EQ(body, "ab");
  EXPECT_EQ(parse_response("HTTP/1.1 404 \r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", status,
                           body),
            Parse::complete);
  EXPECT_EQ(status, 404);
  EXPECT_EQ(body, "abc");
  EXPECT_EQ(parse_response("HTTP/1.0 200 OK\r\n\r\nrest", status, body), Parse::complete);
  EXPECT_EQ(body, "rest");
  EXPECT_EQ(parse_response("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", status, body),
            Parse::incomplete);
  EXPECT_EQ(parse_response("SSH-2.0\r\n\r\n", status, body), Parse::invalid);
}

}  // namespace
}  // namespace learner
