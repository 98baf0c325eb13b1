// SPDX-License-Identifier: Apache-2.0
#include "fetch/location.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::fetch {
namespace {

using ::testing::HasSubstr;
using Kind = Location::Kind;

Location parsed(std::string_view text) {
  const auto location = parse_location(text);
  EXPECT_TRUE(location) << text << ": " << location.error().message;
  return location.value_or(Location{});
}

std::string refused(std::string_view text) {
  const auto location = parse_location(text);
  EXPECT_FALSE(location) << text;
  return location ? "" : location.error().message;
}

TEST(FetchLocation, IsAPathUnlessItHasAScheme) {
  EXPECT_EQ(parsed("/etc/causeway/net"), (Location{Kind::Path, "/etc/causeway/net"}));
  EXPECT_EQ(parsed("net"), (Location{Kind::Path, "net"}));
  EXPECT_EQ(parsed("dir/a://b"), (Location{Kind::Path, "dir/a://b"}));
}

TEST(FetchLocation, IsHttpsWithAnyHost) {
  EXPECT_EQ(parsed("https://cdn.example.com/a/net.signed").kind, Kind::Https);
  EXPECT_EQ(parsed("HTTPS://[2001:db8::1]:8443/n").text, "https://[2001:db8::1]:8443/n");
}

TEST(FetchLocation, IsHttpToLoopbackAddressesAlone) {
  EXPECT_EQ(parsed("http://127.0.0.1:8080/n").kind, Kind::LoopbackHttp);
  EXPECT_EQ(parsed("http://[::1]/n").kind, Kind::LoopbackHttp);
  for (const auto* text :
       {"http://example.com/n", "http://localhost/n", "http://10.0.0.1/n",
        "http://127.0.0.1.example.com/n", "http://[::2]/n", "http://0177.0.0.1/n"}) {
    EXPECT_THAT(refused(text), HasSubstr("loopback")) << text;
  }
}

TEST(FetchLocation, RefusesOtherSchemes) {
  for (const auto* text : {"file:///etc/shadow", "ftp://example.com/n", "s3://bucket/n", "://x"}) {
    EXPECT_THAT(refused(text), HasSubstr("not fetched from")) << text;
  }
}

TEST(FetchLocation, RefusesWhatWouldShowASecret) {
  EXPECT_THAT(refused("https://me:secret@example.com/n"), HasSubstr("user name"));
  EXPECT_THAT(refused("http://127.0.0.1@example.com/n"), HasSubstr("user name"));
  EXPECT_THAT(refused("https://example.com/n?token=secret"), HasSubstr("query"));
}

TEST(FetchLocation, RefusesWhatNamesNoFile) {
  EXPECT_THAT(refused("https://example.com"), HasSubstr("no file"));
  EXPECT_THAT(refused("https://example.com/"), HasSubstr("no file"));
  EXPECT_THAT(refused("https:///n"), HasSubstr("no host"));
  EXPECT_THAT(refused("https://example.com:x/n"), HasSubstr("port"));
  EXPECT_THAT(refused("https://[::1/n"), HasSubstr("bracket"));
  EXPECT_THAT(refused("https://exa mple.com/n"), HasSubstr("blanks"));
  EXPECT_THAT(refused("https://example.com/n\n"), HasSubstr("neither"));
  EXPECT_THAT(refused(""), HasSubstr("neither"));
}

TEST(FetchLocation, NamesTheFilesBesideIt) {
  EXPECT_EQ(beside(parsed("https://h/n"), ".revoked").text, "https://h/n.revoked");
  EXPECT_EQ(beside(parsed("/n"), ".revoked"), (Location{Kind::Path, "/n.revoked"}));
}

}  // namespace
}  // namespace cw::fetch
