// SPDX-License-Identifier: Apache-2.0
#include "cli/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::cli {
namespace {

using ::testing::HasSubstr;

TEST(ParseResponse, TakesStatusAndBody) {
  const auto response = parse_response(
      "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\ncontent-length:  2 \r\n\r\n{}");
  ASSERT_TRUE(response) << response.error().to_text();
  EXPECT_EQ(*response, (Response{.status = 403, .body = "{}"}));
}

TEST(ParseResponse, AnEmptyBodyIsABody) {
  EXPECT_TRUE(parse_response("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"));
}

TEST(ParseResponse, RefusesWhatIsNotHttp) {
  for (const auto* text :
       {"", "\r\n\r\n", "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 2\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy",
        "HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"}) {
    EXPECT_FALSE(parse_response(text)) << text;
  }
}

TEST(ParseResponse, RefusesAHeadWithoutEnd) {
  const std::string endless(kMaxHead + 10, 'x');
  const auto response = parse_response("HTTP/1.1 200 OK\r\nX: " + endless + "\r\n\r\n");
  ASSERT_FALSE(response);
  EXPECT_THAT(response.error().to_text(), HasSubstr("no end of headers"));
}

TEST(Exchange, SaysThatNobodyIsThere) {
  const auto response = exchange("/nonexistent/control.sock", "GET", "/v1/status", "");
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::NotFound);
}

TEST(Exchange, RefusesAPathThatNoSocketCanHave) {
  EXPECT_FALSE(exchange(std::string(200, 'x'), "GET", "/v1/status", ""));
}

}  // namespace
}  // namespace cw::cli
