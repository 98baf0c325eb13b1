// SPDX-License-Identifier: Apache-2.0
#include "network/compile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/network/directory_text.h"

namespace cw::network {
namespace {

using ::testing::ElementsAre;

net::Prefix prefix(std::string_view text) {
  return *net::Prefix::parse(text);
}

TEST(Compile, FillsInEveryDefault) {
  const auto compiled = compile(small_network());
  ASSERT_TRUE(compiled.netmap) << rendered(small_network());
  EXPECT_THAT(compiled.diagnostics, testing::IsEmpty());
  const Netmap expected{
      .name = "example",
      .pool = prefix("100.83.0.0/16"),
      .ula = prefix("fd5e:3a1c:9b04::/48"),
      .via_prefix = prefix("fd5e:3a1c:9b04:b1a::/64"),
      .client_routes = {},
      .sites = {{
          .name = "production",
          .id = {7},
          .routes = {prefix("10.0.0.0/16"), prefix("10.1.0.0/16")},
          .routers = {{.name = "router-a", .address = {}}},
          .gateways = {{
              .name = "prod-a",
              .public_key = *net::PublicKey::parse(kGatewayKey),
              .endpoint = {.host = "vpn.example.com", .port = 51820},
              .listen_port = 51820,
              .block = *net::Block::from(prefix("100.83.0.0/16")),
              .address = *net::Ip::parse("100.83.0.1"),
              .routers = {"router-a"},
              .egress = {},
          }},
      }},
      .peers = {{
          .name = "alice",
          .public_key = *net::PublicKey::parse(kAliceKey),
          .address = *net::Ip::parse("100.83.0.5"),
          .user = "",
          .groups = {},
          .sites = {"production"},
          .home = "prod-a",
          .enabled = true,
          .expires = {},
      }},
  };
  EXPECT_EQ(*compiled.netmap, expected);
}

TEST(Compile, TakesTheSamePrefixAtTwoSites) {
  auto texts = small_network();
  texts["sites/staging.toml"] = "id = 8\nroutes = [\"10.0.0.0/16\"]\n";
  const auto compiled = compile(texts);
  ASSERT_TRUE(compiled.netmap) << rendered(texts);
  EXPECT_THAT(compiled.netmap->peers[0].sites, ElementsAre("production", "staging"));
}

TEST(Compile, GivesThePeerTheGatewayOfTheSiteWithTheLowestIdAsHome) {
  auto texts = small_network();
  texts["sites/alpha.toml"] =
      "id = 9\n[[router]]\nname = \"router-z\"\n[[gateway]]\nname = \"alpha\"\npublic_key = \"" +
      std::string(kBobKey) + "\"\nendpoint = \"vpn.example.com:51821\"\naddress = \"100.83.0.2\"\n";
  const auto compiled = compile(texts);
  ASSERT_TRUE(compiled.netmap) << rendered(texts);
  EXPECT_EQ(compiled.netmap->peers[0].home, "prod-a");
}

TEST(Compile, ReadsAnExpiryAsUtcWhateverItsOffset) {
  auto texts = small_network();
  texts["peers/alice.toml"] += "expires = 2027-01-31T20:00:00+02:00\n";
  const auto compiled = compile(texts);
  ASSERT_TRUE(compiled.netmap) << rendered(texts);
  using namespace std::chrono;
  EXPECT_EQ(compiled.netmap->peers[0].expires, WallTime(sys_days(2027y / 1 / 31) + 18h));
}

TEST(Compile, NeverTakesABrokenPolicyForNone) {
  auto texts = small_network();
  texts["policy.toml"] = "[[rule]\n";
  EXPECT_FALSE(compile(texts).netmap);
}

TEST(Compile, NeverHoldsUpTheRemovalOfAPeerThatThePolicyNames) {
  auto texts = small_network();
  texts["policy.toml"] =
      "[groups]\ndba = [\"bob\"]\n"
      "[[rule]]\nname = \"a\"\nfrom = [\"bob\", \"dba\"]\nto = \"peer:bob\"\nports = \"any\"\n"
      "[[test]]\nfrom = [\"bob\", \"alice\"]\naccept = \"peer:bob:icmp\"\n";
  EXPECT_TRUE(compile(texts).netmap) << rendered(texts);
}

TEST(Compile, DoesNotBlamePeersForASiteThatIsNoToml) {
  auto texts = small_network();
  texts["sites/production.toml"] = "id = \n";
  texts["peers/alice.toml"] += "sites = [\"production\"]\nhome = \"prod-a\"\n";
  const auto compiled = compile(texts);
  ASSERT_EQ(compiled.diagnostics.size(), 1U) << rendered(texts);
  EXPECT_EQ(compiled.diagnostics[0].place.file, "sites/production.toml");
}

TEST(Compile, ReportsAllMistakesAtOnce) {
  auto texts = small_network();
  texts["network.toml"] += "colour = 1\n";
  texts["sites/production.toml"] = "id = 0\n" + texts["sites/production.toml"].substr(7);
  texts["peers/alice.toml"] += "user = 5\n";
  EXPECT_EQ(compile(texts).diagnostics.size(), 3U) << rendered(texts);
}

TEST(Directory, PuttingAFileAgainReplacesWhatWasKnownOfIt) {
  auto texts = small_network();
  Directory directory = parse(texts);
  const Directory before = directory;
  directory.put("peers/alice.toml", "nonsense");
  EXPECT_FALSE(compile(directory).netmap);
  directory.put("peers/alice.toml", texts["peers/alice.toml"]);
  EXPECT_EQ(directory, before);
  directory.forget("peers/alice.toml");
  EXPECT_TRUE(compile(directory).netmap->peers.empty());
}

TEST(Directory, ForgetsTheMistakesOfAFileThatIsGone) {
  Directory directory = parse(small_network());
  directory.put("peers/bob.toml", "nonsense");
  directory.forget("peers/bob.toml");
  EXPECT_EQ(directory, parse(small_network()));
}

TEST(ToDirectory, CompilesToTheSameNetmap) {
  const auto netmap = *compile(small_network()).netmap;
  EXPECT_EQ(compile(to_directory(netmap)).netmap, netmap);
}

}  // namespace
}  // namespace cw::network
