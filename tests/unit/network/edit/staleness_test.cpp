// SPDX-License-Identifier: Apache-2.0
#include "network/edit/staleness.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "network/compile.h"
#include "network/edit/peer_edits.h"
#include "tests/unit/network/random_network.h"

namespace cw::network {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Alice has the configuration of small_network().
Texts issued() {
  auto files = small_network();
  const auto netmap = *compile(files).netmap;
  const auto edit = reissue_peer(files["peers/alice.toml"], netmap, netmap.peers[0], {});
  files["peers/alice.toml"] = *edit->changes[0].content;
  return files;
}

std::vector<Staleness> stale(const Texts& files) {
  const auto compiled = compile(files);
  EXPECT_TRUE(compiled.netmap) << rendered(files);
  return stale_peers(parse(files), *compiled.netmap);
}

void replace(std::string& text, std::string_view what, std::string_view with) {
  text.replace(text.find(what), what.size(), with);
}

std::string lab(const char* routes) {
  return fmt::format(
      "id = 9\nroutes = {}\n[[router]]\nname = \"l\"\n[[gateway]]\nname = \"lab\"\n"
      "public_key = \"{}\"\nendpoint = \"192.0.2.7:443\"\naddress = \"100.83.0.2\"\n",
      routes, numbered_key(77));
}

TEST(StalePeers, NobodyWhereNothingChanged) {
  EXPECT_THAT(stale(issued()), IsEmpty());
}

TEST(StalePeers, NobodyOfWhoseConfigurationNothingIsKnown) {
  auto files = small_network();
  files["sites/lab.toml"] = lab("[]");
  EXPECT_THAT(stale(files), IsEmpty());
}

TEST(StalePeers, MustWhereTheGatewayMoved) {
  auto files = issued();
  replace(files["sites/production.toml"], "vpn.example.com", "new.example.com");
  EXPECT_THAT(stale(files), ElementsAre(Staleness{.peer = "alice", .must = true}));
}

TEST(StalePeers, MayWhereTheGatewayHasASuccessorAndStillServes) {
  auto files = issued();
  files["sites/production.toml"] += fmt::format(
      "[[gateway]]\nname = \"prod-b\"\nreplaces = \"prod-a\"\npublic_key = \"{}\"\n"
      "endpoint = \"vpn.example.com:51821\"\naddress = \"100.83.0.1\"\n",
      numbered_key(77));
  EXPECT_THAT(stale(files), ElementsAre(Staleness{.peer = "alice", .may = {"gateway prod-b"}}));
}

TEST(StalePeers, MayForASiteAndARouteThatCameLater) {
  auto files = issued();
  files["sites/lab.toml"] = lab("[\"10.9.0.0/16\"]");
  replace(files["sites/production.toml"], "\"10.1.0.0/16\"", "\"10.1.0.0/16\", \"10.2.0.0/16\"");
  EXPECT_THAT(
      stale(files),
      ElementsAre(Staleness{.peer = "alice", .may = {"site lab", "10.2.0.0/16 at production"}}));
}

TEST(StalePeers, MayForAnAliasThatCameLaterAndNotOnceItIsIssued) {
  auto files = issued();
  replace(files["sites/production.toml"], "\"10.1.0.0/16\"",
          "{ prefix = \"10.1.0.0/16\", alias = \"100.91.0.0/16\" }");
  EXPECT_THAT(stale(files),
              ElementsAre(Staleness{.peer = "alice", .may = {"100.91.0.0/16 at production"}}));
  const auto netmap = *compile(files).netmap;
  files["peers/alice.toml"] =
      *reissue_peer(files["peers/alice.toml"], netmap, netmap.peers[0], {})->changes[0].content;
  EXPECT_THAT(stale(files), IsEmpty());
}

TEST(StalePeers, NotForARouteThatTheCatchAllsLeadToTheHomeGateway) {
  auto files = small_network();
  files["network.toml"] += "client_routes = [\"10.0.0.0/8\"]\n";
  const auto netmap = *compile(files).netmap;
  files["peers/alice.toml"] =
      *reissue_peer(files["peers/alice.toml"], netmap, netmap.peers[0], {})->changes[0].content;
  replace(files["sites/production.toml"], "\"10.1.0.0/16\"", "\"10.1.0.0/16\", \"10.2.0.0/16\"");
  EXPECT_THAT(stale(files), IsEmpty());
}

TEST(StalePeers, SaysThatARouteMoved) {
  auto files = small_network();
  files["sites/lab.toml"] = lab("[]");
  const auto netmap = *compile(files).netmap;
  files["peers/alice.toml"] =
      *reissue_peer(files["peers/alice.toml"], netmap, netmap.peers[0], {})->changes[0].content;
  replace(files["sites/production.toml"], "\"10.1.0.0/16\", ", "");
  files["sites/lab.toml"] = lab("[\"10.1.0.0/16\"]");
  EXPECT_THAT(stale(files),
              ElementsAre(Staleness{.peer = "alice",
                                    .may = {"10.1.0.0/16 at lab, no longer at production"}}));
}

TEST(StalePeers, NobodyWhereARouteWent) {
  auto files = issued();
  replace(files["sites/production.toml"], "\"10.1.0.0/16\", ", "");
  EXPECT_THAT(stale(files), IsEmpty());
}

}  // namespace
}  // namespace cw::network
