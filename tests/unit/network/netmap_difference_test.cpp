// SPDX-License-Identifier: Apache-2.0
#include "network/netmap_difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "network/client_config.h"
#include "tests/unit/network/directory_text.h"
#include "tests/unit/network/signing_keys.h"

namespace cw::network {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr WallTime kNow{};

Netmap netmap_of(const Texts& texts) {
  EXPECT_TRUE(compile(texts).netmap) << rendered(texts);
  return *compile(texts).netmap;
}

NetmapDifference to(const Texts& after) {
  return difference(netmap_of(small_network()), netmap_of(after), {}, kNow);
}

std::string& peer(Texts& texts) {
  return texts.at("peers/alice.toml");
}

std::string& site(Texts& texts) {
  return texts.at("sites/production.toml");
}

TEST(NetmapDifference, OfTheSameIsNothing) {
  EXPECT_TRUE(to(small_network()).empty());
  EXPECT_EQ(to_text(to(small_network())), "nothing changes\n");
}

TEST(NetmapDifference, NamesPeersThatComeAndGo) {
  auto after = small_network();
  after.erase("peers/alice.toml");
  after["peers/bob.toml"] = "public_key = \"" + std::string(kBobKey) +
                            "\"\naddress = \"100.83.0.6\"\nuser = \"bob@example.com\"\n";
  const auto found = to(after);
  EXPECT_THAT(found.peers,
              ElementsAre("- alice (100.83.0.5)", "+ bob (bob@example.com, 100.83.0.6)"));
  EXPECT_THAT(found.reissued, IsEmpty());
  EXPECT_THAT(to_text(found), HasSubstr("rights\nalice\n  - any on 10.0.0.0/16 at production"));
}

TEST(NetmapDifference, SaysWhoIsLockedOutAndWhatTheyLose) {
  auto after = small_network();
  peer(after) += "enabled = false\n";
  const auto found = to(after);
  EXPECT_THAT(found.peers, ElementsAre("alice: locked out"));
  ASSERT_EQ(found.rights.size(), 1U);
  EXPECT_THAT(found.rights.front().loses, Not(IsEmpty()));
  EXPECT_THAT(found.reissued, IsEmpty());
}

TEST(NetmapDifference, ARouteMoreIsNoReasonToImportAgain) {
  auto after = small_network();
  site(after).replace(site(after).find("10.1.0.0/16"), 11, "10.2.0.0/16");
  const auto found = to(after);
  EXPECT_THAT(found.sites, ElementsAre("site production: - route 10.1.0.0/16",
                                       "site production: + route 10.2.0.0/16"));
  EXPECT_THAT(found.reissued, IsEmpty());
}

TEST(NetmapDifference, NamesAliasesAndAsksNobodyToImportAgain) {
  auto after = small_network();
  const std::string route = "\"10.0.0.0/16\"";
  site(after).replace(site(after).find(route), route.size(),
                      "{ prefix = " + route + ", alias = \"100.80.0.0/16\" }");
  const auto found = to(after);
  EXPECT_THAT(found.sites, ElementsAre("site production: + alias 100.80.0.0/16 of 10.0.0.0/16"));
  EXPECT_THAT(found.rights, IsEmpty());
  EXPECT_THAT(found.reissued, IsEmpty());
}

TEST(NetmapDifference, NamesWhoMustImportAgain) {
  auto after = small_network();
  site(after).replace(site(after).find("vpn.example.com"), 15, "new.example.com");
  const auto found = to(after);
  EXPECT_THAT(found.sites, ElementsAre("site production: gateway prod-a: endpoint "
                                       "vpn.example.com:51820 -> new.example.com:51820"));
  EXPECT_THAT(found.reissued, ElementsAre("alice"));
  EXPECT_THAT(to_text(found),
              HasSubstr("clients that must import a new configuration: 1\n  alice\n"));
}

TEST(NetmapDifference, AsksNobodyToImportWhatTheirFilesSayTheyHave) {
  auto after = small_network();
  site(after).replace(site(after).find("vpn.example.com"), 3, "new");
  const auto changed = netmap_of(after);
  peer(after) += "issued = \"" + fingerprint(changed, changed.peers.front()) + "\"\n";
  EXPECT_THAT(to(after).reissued, IsEmpty());
}

TEST(NetmapDifference, ARotatedKeyIsNamedAndNotReissuedTwice) {
  auto after = small_network();
  peer(after).replace(peer(after).find(kAliceKey), std::string_view(kAliceKey).size(), kBobKey);
  const auto found = to(after);
  EXPECT_THAT(found.peers, ElementsAre("alice: another public key"));
  EXPECT_THAT(found.reissued, IsEmpty());
}

// What `causeway gateway rotate` writes.
std::string successor() {
  return "[[gateway]]\nname = \"prod-b\"\nreplaces = \"prod-a\"\npublic_key = \"" +
         std::string(kBobKey) +
         "\"\nendpoint = \"vpn.example.com:51821\"\naddress = \"100.83.0.1\"\n";
}

TEST(NetmapDifference, AGatewayBesideTheOneThatItReplacesIsNoReasonToImportAgain) {
  auto after = small_network();
  site(after) += successor();
  EXPECT_THAT(to(after).reissued, IsEmpty());
}

TEST(NetmapDifference, NamesWhoStillHasTheGatewayThatIsRetired) {
  auto before = small_network();
  const auto old = netmap_of(before);
  peer(before) += "issued = \"" + fingerprint(old, old.peers.front()) + "\"\n";
  auto after = before;
  site(before) += successor();
  auto& text = site(after);
  text.replace(text.find("[[gateway]]"), std::string::npos, successor());
  text.erase(text.find("replaces"), std::string_view("replaces = \"prod-a\"\n").size());
  EXPECT_THAT(reissued(netmap_of(before), netmap_of(after)), ElementsAre("alice"));
}

TEST(NetmapDifference, SaysThatThePublisherIsLockedOut) {
  const auto before = netmap_of(small_network());
  auto after = before;
  after.signers = {signing_key(2).public_key()};
  const auto mine = signing_key(1).public_key();
  const auto found = difference(before, after, mine, kNow);
  EXPECT_EQ(found.locked_out, mine);
  EXPECT_THAT(to_text(found), HasSubstr("this locks out the key that publishes it"));
  EXPECT_FALSE(difference(before, after, signing_key(2).public_key(), kNow).locked_out);
  EXPECT_FALSE(difference(after, before, mine, kNow).locked_out);  // no signers: anybody trusted
}

TEST(NetmapDifference, OfAnotherNetworkSaysSo) {
  auto after = netmap_of(small_network());
  after.ula = net::Prefix::parse("fd00:1:2::/48").value();
  EXPECT_THAT(difference(netmap_of(small_network()), after, {}, kNow).network.front(),
              HasSubstr("another network"));
}

TEST(NetmapDifference, IsJsonForPrograms) {
  auto after = small_network();
  peer(after) += "enabled = false\n";
  EXPECT_THAT(to_json(to(after)), HasSubstr("\"alice: locked out\""));
}

}  // namespace
}  // namespace cw::network
