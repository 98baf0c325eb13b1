// SPDX-License-Identifier: Apache-2.0
#include "network/netmap_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "network/features.h"
#include "tests/unit/network/directory_text.h"

namespace cw::network {
namespace {

using ::testing::HasSubstr;

std::string small_json() {
  return to_json(*compile(small_network()).netmap);
}

std::string refusal(std::string_view text) {
  const auto netmap = netmap_from_json(text);
  return netmap ? "accepted" : netmap.error().to_text();
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

// Older routers refuse the key, and say by the feature's name why.
TEST(NetmapJson, TargetsOfHealthAreAFeature) {
  EXPECT_TRUE(is_known_feature("health"));
  Netmap netmap{.sites = {Site{.name = "s"}}};
  EXPECT_TRUE(features_of(netmap).empty());
  netmap.sites[0].health.push_back({.ip = *net::Ip::parse("10.0.1.5"), .port = 5432});
  EXPECT_EQ(features_of(netmap), std::vector<std::string>{"health"});
}

TEST(NetmapJson, ReadsWhatItWrote) {
  const auto netmap = *compile(small_network()).netmap;
  const auto back = netmap_from_json(to_json(netmap));
  ASSERT_TRUE(back) << back.error().to_text();
  EXPECT_EQ(*back, netmap);
}

TEST(NetmapJson, ReadsAPolicyThatItWrote) {
  auto texts = small_network();
  texts["policy.toml"] = R"(
[groups]
dba = ["nobody@example.com", "alice"]
[hosts]
db = { address = "10.0.1.5", site = "production" }
net = "10.1.0.0/24"
[[rule]]
name = "b"
from = ["dba", "gone", "site:production"]
to = ["db", "net", "10.0.9.0/24", "2001:db8::1", "site:production", "peer:alice", "group:dba"]
ports = ["icmp", "tcp/1-9", "udp", "any"]
expires = 2027-01-31T18:00:00Z
[[rule]]
name = "a"
from = "any"
to = "db"
ports = "tcp/5432"
[[test]]
from = ["alice", "group:dba"]
accept = "db:5432"
deny = ["192.0.2.9:22/tcp", "2001:db8::9:udp/53"]
)";
  const auto compiled = compile(texts);
  ASSERT_TRUE(compiled.netmap) << rendered(texts);
  const auto back = netmap_from_json(to_json(*compiled.netmap));
  ASSERT_TRUE(back) << back.error().to_text();
  EXPECT_EQ(*back, *compiled.netmap);
  EXPECT_EQ(compile(to_directory(*back)).netmap, compiled.netmap);
}

TEST(NetmapJson, HoldsNoSpaces) {
  EXPECT_THAT(small_json(), Not(HasSubstr(" ")));
}

TEST(NetmapJson, RefusesUnknownMissingAndMistypedKeys) {
  EXPECT_THAT(refusal(replaced(small_json(), "\"enabled\":true", "\"enabled\":true,\"evil\":1")),
              HasSubstr("no key `evil`"));
  EXPECT_THAT(refusal(replaced(small_json(), "\"id\":7,", "")), HasSubstr("`id` is missing"));
  EXPECT_THAT(refusal(replaced(small_json(), "\"id\":7", "\"id\":\"7\"")),
              HasSubstr("must be a whole number"));
  EXPECT_THAT(refusal(replaced(small_json(), "\"id\":7", "\"id\":null")), HasSubstr("`id`"));
  EXPECT_THAT(refusal(replaced(small_json(), "\"format\":1", "\"format\":2")), HasSubstr("format"));
}

TEST(NetmapJson, RefusesWhatADirectoryWouldBeRefusedFor) {
  EXPECT_THAT(refusal(replaced(small_json(), "100.83.0.5", "100.84.0.5")),
              HasSubstr("peers/alice.toml: 100.84.0.5 is outside the pool"));
  EXPECT_THAT(refusal(replaced(small_json(), "10.0.0.0/16", "0.0.0.0/0")),
              HasSubstr("default route"));
  EXPECT_THAT(refusal(replaced(small_json(), "\"alice\"", "\"../alice\"")),
              HasSubstr("not a name"));
}

TEST(NetmapJson, TakesOnlyTheCanonicalForm) {
  EXPECT_THAT(refusal(small_json() + "\n"), HasSubstr("canonical"));
  EXPECT_THAT(refusal(replaced(small_json(), "\"enabled\":true,", "")), HasSubstr("canonical"));
  EXPECT_THAT(
      refusal(replaced(small_json(), "\"enabled\":true", "\"enabled\":false,\"enabled\":true")),
      HasSubstr("canonical"));
}

TEST(NetmapJson, RefusesWhatIsNoNetmap) {
  for (const char* text : {"", "{", "[]", "1", "null", "\"x\"", "{}", "\xff", "{\"format\":1}"}) {
    EXPECT_NE(refusal(text), "accepted") << text;
  }
  EXPECT_THAT(refusal(std::string(1'000'000, '[')), HasSubstr("nested"));
}

}  // namespace
}  // namespace cw::network
