// SPDX-License-Identifier: Apache-2.0
#include "network/edit/gateway_edits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "network/compile.h"
#include "network/edit/peer_edits.h"
#include "network/edit/staleness.h"
#include "tests/unit/network/random_network.h"

namespace cw::network {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

NewGateway second() {
  return {.name = "prod-b",
          .site = "production",
          .public_key = *net::PublicKey::parse(kBobKey),
          .endpoint = {.host = "vpn2.example.com", .port = 51821}};
}

Result<Changes> add(const Texts& files, const NewGateway& wanted) {
  return add_gateway(files.at("sites/production.toml"), *compile(files).netmap, wanted);
}

TEST(AddGateway, PutsTheFirstOneBehindWhatTheSitesFileSays) {
  auto files = small_network();
  files.erase("peers/alice.toml");
  files["sites/production.toml"] = "id = 7 # for ever\n[[router]]\nname = \"r\"\n";
  const auto changes = add(files, second());
  ASSERT_TRUE(changes) << changes.error().to_text();
  EXPECT_EQ(*(*changes)[0].content,
            "id = 7 # for ever\n[[router]]\nname = \"r\"\n\n"
            "[[gateway]]\n"
            "name = \"prod-b\"\n"
            "public_key = \"cPxGwq8zERHQ3Q1cOZFdJ+cvJX5Ka4mLN38AyYKYF10=\"\n"
            "endpoint = \"vpn2.example.com:51821\"\n"
            "address = \"100.83.0.1\"\n");
  files["sites/production.toml"] = *(*changes)[0].content;
  EXPECT_TRUE(compile(files).netmap) << rendered(files);
}

TEST(AddGateway, AsksForABlockWhereTheSiteHasAGateway) {
  EXPECT_THAT(add(small_network(), second()).error().message, HasSubstr("say with --block"));
}

TEST(AddGateway, RefusesANameThatIsTakenAndASiteThatIsNone) {
  auto wanted = second();
  wanted.name = "prod-a";
  EXPECT_EQ(add(small_network(), wanted).error().kind, ErrorKind::Exists);
  wanted = second();
  wanted.site = "elsewhere";
  EXPECT_THAT(add(small_network(), wanted).error().message, HasSubstr("no site `elsewhere`"));
}

// ---- a new key

Result<RotatedGateway> rotate(const Texts& files, const Rotation& wanted) {
  const auto compiled = compile(files);
  EXPECT_TRUE(compiled.netmap) << rendered(files);
  return rotate_gateway(files.at("sites/production.toml"), parse(files), *compiled.netmap, wanted);
}

Rotation of_prod_a() {
  return {.gateway = "prod-a", .public_key = *net::PublicKey::parse(kBobKey)};
}

void make(Texts& files, const Changes& changes) {
  for (const auto& change : changes) {
    files[change.path] = *change.content;
  }
}

// Alice has the configuration of the network as it is, which her file says.
void give_alice_a_configuration(Texts& files) {
  const auto netmap = *compile(files).netmap;
  make(files, reissue_peer(files["peers/alice.toml"], netmap, netmap.peers[0], {})->changes);
}

Texts rotated() {
  auto files = small_network();
  give_alice_a_configuration(files);
  make(files, rotate(files, of_prod_a())->changes);
  return files;
}

Result<Retirement> retirement_of(const Texts& files, std::string_view gateway) {
  const auto compiled = compile(files);
  EXPECT_TRUE(compiled.netmap) << rendered(files);
  return retirement(parse(files), *compiled.netmap, gateway);
}

TEST(RotateGateway, PutsOneWithANewKeyAndAPortOfItsOwnBesideTheOld) {
  auto files = small_network();
  const auto before = files["sites/production.toml"];
  const auto made = rotate(files, of_prod_a());
  ASSERT_TRUE(made) << made.error().to_text();
  EXPECT_EQ(made->name, "prod-a-2");
  EXPECT_EQ(made->endpoint.to_text(), "vpn.example.com:51821");
  EXPECT_EQ(*made->changes[0].content,
            before +
                "\n[[gateway]]\n"
                "name = \"prod-a-2\"\n"
                "replaces = \"prod-a\"\n"
                "public_key = \"cPxGwq8zERHQ3Q1cOZFdJ+cvJX5Ka4mLN38AyYKYF10=\"\n"
                "endpoint = \"vpn.example.com:51821\"\n"
                "address = \"100.83.0.1\"\n");
  make(files, made->changes);
  EXPECT_TRUE(compile(files).netmap) << rendered(files);
}

TEST(RotateGateway, SaysWhatTheOldOnesTableSays) {
  auto files = small_network();
  files["sites/production.toml"] +=
      "listen_port = 4000\nblock = \"100.83.0.0/17\"\nrouters = [\"router-a\"]\n"
      "[gateway.egress]\nmode = \"floating\"\naddress = \"10.0.0.20\"\n"
      "address_ipv6 = \"2001:db8::20\"\n";
  const auto made = rotate(files, of_prod_a());
  ASSERT_TRUE(made) << made.error().to_text();
  EXPECT_THAT(*made->changes[0].content,
              HasSubstr("endpoint = \"vpn.example.com:51821\"\n"
                        "listen_port = 4001\n"
                        "block = \"100.83.0.0/17\"\n"
                        "address = \"100.83.0.1\"\n"
                        "routers = [\"router-a\"]\n"
                        "egress = { mode = \"floating\", address = \"10.0.0.20\", "
                        "address_ipv6 = \"2001:db8::20\" }\n"));
  make(files, made->changes);
  EXPECT_TRUE(compile(files).netmap) << rendered(files);
}

TEST(RotateGateway, ChoosesTheNextNumberWithinTwelveCharacters) {
  const auto named = [](const std::string& old) {
    auto files = small_network();
    auto& site = files["sites/production.toml"];
    site.replace(site.find("prod-a"), 6, old);
    auto wanted = of_prod_a();
    wanted.gateway = old;
    return rotate(files, wanted)->name;
  };
  EXPECT_EQ(named("main"), "main-2");
  EXPECT_EQ(named("main-2"), "main-3");
  EXPECT_EQ(named("main-9"), "main-10");
  EXPECT_EQ(named("frankfurt-ab"), "frankfurt-2");
  EXPECT_EQ(named("frankfurt-99"), "frankfur-100");
  EXPECT_EQ(named("a-20261128"), "a-20261128-2");
}

TEST(RotateGateway, TakesTheNameAndThePortThatItIsTold) {
  auto wanted = of_prod_a();
  wanted.name = "fresh";
  wanted.endpoint = net::Endpoint{.host = "new.example.com", .port = 443};
  wanted.listen_port = 51899;
  const auto made = rotate(small_network(), wanted);
  ASSERT_TRUE(made) << made.error().to_text();
  EXPECT_THAT(*made->changes[0].content,
              HasSubstr("endpoint = \"new.example.com:443\"\nlisten_port = 51899\n"));
  EXPECT_THAT(*made->changes[0].content, HasSubstr("name = \"fresh\"\n"));
}

TEST(RotateGateway, RefusesAGatewayThatIsReplacedOrReplacesOrIsNone) {
  EXPECT_EQ(rotate(rotated(), of_prod_a()).error().kind, ErrorKind::Exists);
  auto wanted = of_prod_a();
  wanted.gateway = "prod-a-2";
  EXPECT_THAT(rotate(rotated(), wanted).error().message, HasSubstr("retire that one first"));
  wanted.gateway = "prod-b";
  EXPECT_EQ(rotate(rotated(), wanted).error().kind, ErrorKind::NotFound);
  wanted = of_prod_a();
  wanted.name = "prod-a";
  EXPECT_EQ(rotate(small_network(), wanted).error().kind, ErrorKind::Exists);
}

TEST(RetireGateway, NamesThePeersThatHaveNotMoved) {
  auto files = rotated();
  auto found = retirement_of(files, "prod-a");
  ASSERT_TRUE(found) << found.error().to_text();
  EXPECT_EQ(*found, (Retirement{.gateway = "prod-a",
                                .site = "production",
                                .successor = "prod-a-2",
                                .homes = {"alice"},
                                .behind = {"alice"},
                                .unknown = {}}));
  give_alice_a_configuration(files);
  found = retirement_of(files, "prod-a");
  EXPECT_THAT(found->behind, IsEmpty());
  EXPECT_THAT(found->homes, IsEmpty());
}

TEST(RetireGateway, NamesThePeersOfWhichNothingIsKnown) {
  auto files = small_network();
  make(files, rotate(files, of_prod_a())->changes);
  const auto found = retirement_of(files, "prod-a");
  EXPECT_THAT(found->behind, IsEmpty());
  EXPECT_THAT(found->unknown, ElementsAre("alice"));
}

TEST(RetireGateway, TakesTheOldTableAwayAndGivesItsPeersTheNewHome) {
  auto files = rotated();
  files["peers/alice.toml"] += "# hers\n";
  const auto changes = retire_gateway(files, parse(files), *retirement_of(files, "prod-a"));
  ASSERT_TRUE(changes) << changes.error().to_text();
  make(files, *changes);
  EXPECT_EQ(files["sites/production.toml"],
            "id = 7\n"
            "routes = [\"10.1.0.0/16\", \"10.0.0.0/16\"]\n"
            "[[router]]\n"
            "name = \"router-a\"\n"
            "[[gateway]]\n"
            "name = \"prod-a-2\"\n"
            "public_key = \"cPxGwq8zERHQ3Q1cOZFdJ+cvJX5Ka4mLN38AyYKYF10=\"\n"
            "endpoint = \"vpn.example.com:51821\"\n"
            "address = \"100.83.0.1\"\n");
  EXPECT_THAT(files["peers/alice.toml"], HasSubstr("home = \"prod-a-2\"\n"));
  EXPECT_THAT(files["peers/alice.toml"], EndsWith("# hers\n"));
  EXPECT_TRUE(compile(files).netmap) << rendered(files);
}

TEST(RetireGateway, AsksNobodyToImportAgainWhoHasTheNewConfiguration) {
  auto files = rotated();
  give_alice_a_configuration(files);
  make(files, *retire_gateway(files, parse(files), *retirement_of(files, "prod-a")));
  const auto compiled = compile(files);
  ASSERT_TRUE(compiled.netmap) << rendered(files);
  EXPECT_THAT(stale_peers(parse(files), *compiled.netmap), IsEmpty());
}

TEST(RetireGateway, RefusesWhatNothingReplaces) {
  EXPECT_THAT(retirement_of(small_network(), "prod-a").error().message,
              HasSubstr("nothing replaces gateway `prod-a`"));
  EXPECT_THAT(retirement_of(rotated(), "prod-a-2").error().message, HasSubstr("nothing replaces"));
  EXPECT_EQ(retirement_of(rotated(), "prod-b").error().kind, ErrorKind::NotFound);
}

}  // namespace
}  // namespace cw::network
