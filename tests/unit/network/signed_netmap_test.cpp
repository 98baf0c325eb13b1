// SPDX-License-Identifier: Apache-2.0
#include "network/signed_netmap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rfc3339.h"
#include "network/netmap_json.h"
#include "network/revocation.h"
#include "tests/unit/network/directory_text.h"
#include "tests/unit/network/signing_keys.h"

namespace cw::network {
namespace {

using ::testing::HasSubstr;

Statement small_statement() {
  return {.content = Content::Netmap,
          .serial = 42,
          .network = net::Prefix::parse("fd5e:3a1c:9b04::/48").value(),
          .time = from_rfc3339("2026-11-28T13:00:00Z").value(),
          .revocations = 3,
          .confirm = std::chrono::seconds(600)};
}

std::string small_json() {
  return to_json(*compile(small_network()).netmap);
}

std::string small_bundle() {
  return make_bundle(small_json(), small_statement(), signing_key(1));
}

const std::array<minisign::PublicKey, 2>& trusted() {
  static const std::array kKeys = {signing_key(2).public_key(), signing_key(1).public_key()};
  return kKeys;
}

Error refusal(std::string_view bundle, Content content = Content::Netmap) {
  auto taken = verify_bundle(bundle, trusted(), content);
  return taken ? Error::make(ErrorKind::Bug, "accepted") : std::move(taken).error();
}

TEST(Statement, ReadsOnlyWhatItWrites) {
  EXPECT_EQ(to_text(small_statement()),
            "causeway netmap serial=42 network=fd5e:3a1c:9b04::/48 time=2026-11-28T13:00:00Z "
            "revocations=3 confirm=600");
  EXPECT_EQ(parse_statement(to_text(small_statement())).value(), small_statement());
  auto plain = small_statement();
  plain.confirm = std::nullopt;
  EXPECT_EQ(parse_statement(to_text(plain)).value(), plain);
  Statement revocations{.content = Content::Revocations,
                        .serial = kLargestSerial,
                        .network = plain.network,
                        .time = plain.time};
  EXPECT_EQ(to_text(revocations),
            "causeway revocations serial=9007199254740992 network=fd5e:3a1c:9b04::/48 "
            "time=2026-11-28T13:00:00Z");
  EXPECT_EQ(parse_statement(to_text(revocations)).value(), revocations);
  ++revocations.serial;
  EXPECT_FALSE(parse_statement(to_text(revocations)));
}

TEST(Statement, RefusesEverythingElse) {
  const std::string good =
      "causeway netmap serial=42 network=fd5e:3a1c:9b04::/48 "
      "time=2026-11-28T13:00:00Z revocations=3";
  ASSERT_TRUE(parse_statement(good));
  const auto with = [&](std::string_view what, std::string_view instead) {
    auto text = good;
    return text.replace(text.find(what), what.size(), instead);
  };
  for (const auto& text : {std::string(),
                           good + " ",
                           " " + good,
                           good + " confirm=0",
                           good + " confirm=86401",
                           good + " confirm=",
                           good + " confirm=60 confirm=60",
                           good + " evil=1",
                           with("42", "042"),
                           with("42", "0"),
                           with("42", "-1"),
                           with("42", "18446744073709551616"),
                           with("42", ""),
                           with(" revocations=3", ""),
                           with("/48", "/47"),
                           with("fd5e:3a1c:9b04::/48", "10.0.0.0/8"),
                           with("9b04::", "9b04:0::"),
                           with("Z", ""),
                           with(" network", "  network"),
                           with("netmap", "revocations"),
                           with("netmap", "network"),
                           std::string(100'000, 'x')}) {
    EXPECT_FALSE(parse_statement(text)) << text.substr(0, 200);
  }
}

TEST(SignedNetmap, OpensWhatItMade) {
  const auto bundle = small_bundle();
  const auto taken = verify_bundle(bundle, trusted());
  ASSERT_TRUE(taken) << taken.error().to_text();
  EXPECT_EQ(taken->statement, small_statement());
  EXPECT_EQ(taken->signer, signing_key(1).public_key());
  EXPECT_EQ(taken->body, small_json());
  EXPECT_EQ(open_body(*taken).value(), *compile(small_network()).netmap);
  EXPECT_EQ(read_statement(bundle).value(), small_statement());
}

TEST(SignedNetmap, IsRefusedWithAnyBitFlipped) {
  // A short body: what is proved is the same, each try costs two signatures.
  const auto good = make_bundle("{}", small_statement(), signing_key(1));
  ASSERT_TRUE(verify_bundle(good, trusted()));
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(verify_bundle(bad, trusted())) << "bit " << bit;
  }
}

TEST(SignedNetmap, IsRefusedCutOffAtAnyByte) {
  const auto good = small_bundle();
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(verify_bundle(good.substr(0, size), trusted())) << size;
  }
  EXPECT_THAT(refusal("").to_text(), HasSubstr("empty"));
  EXPECT_THAT(refusal(good.substr(0, 100)).to_text(), HasSubstr("four lines"));
  EXPECT_THAT(refusal(good.substr(0, good.size() - 1)).to_text(), HasSubstr("altered"));
  EXPECT_THAT(refusal(good.substr(0, good.size() - 4)).to_text(), HasSubstr("cut off"));
}

TEST(SignedNetmap, SaysWhichRefusalItIs) {
  auto altered = small_bundle();
  altered.replace(altered.find("alice"), 5, "alicf");
  EXPECT_EQ(refusal(altered).kind, ErrorKind::Invalid);
  EXPECT_THAT(refusal(altered).to_text(), HasSubstr("altered"));

  const auto stranger = make_bundle(small_json(), small_statement(), signing_key(9));
  EXPECT_EQ(refusal(stranger).kind, ErrorKind::Permission);
  EXPECT_THAT(refusal(stranger).to_text(), HasSubstr("not trusted"));

  EXPECT_THAT(refusal(small_bundle(), Content::Revocations).to_text(),
              HasSubstr("a file of `netmap`"));
  EXPECT_THAT(refusal("<html>\n<body>\n\n\n\n").to_text(), HasSubstr("no minisign signature"));
}

TEST(SignedNetmap, ATooLargeOneIsRefusedUnread) {
  EXPECT_EQ(refusal(std::string(kLargestSignedNetmap + 1, 'x')).kind, ErrorKind::Exhausted);
}

TEST(SignedNetmap, ASignatureOfAnotherFileOfOursIsNoNetmap) {
  // What somebody signed with the same key for another purpose.
  const auto signature = minisign::sign(small_json(), signing_key(1), std::string(kBundleComment),
                                        "timestamp:1 file:x");
  EXPECT_THAT(refusal(minisign::to_text(signature) + small_json()).to_text(),
              HasSubstr("trusted comment"));
}

TEST(SignedNetmap, OfAnotherNetworkThanItSaysIsRefused) {
  auto statement = small_statement();
  statement.network = net::Prefix::parse("fd00:1:2::/48").value();
  const auto bundle = make_bundle(small_json(), statement, signing_key(1));
  const auto taken = verify_bundle(bundle, trusted());
  ASSERT_TRUE(taken);
  EXPECT_THAT(open_body(*taken).error().to_text(), HasSubstr("the netmap is of fd5e:3a1c:9b04::"));
}

TEST(SignedNetmap, ThatNeedsAnUnknownFeatureIsRefusedByItsName) {
  auto body = small_json();
  body.replace(body.find("\"features\":[]"), 13, "\"features\":[\"ospf\"],\"areas\":{}");
  const auto bundle = make_bundle(body, small_statement(), signing_key(1));
  const auto refused = open_body(verify_bundle(bundle, trusted()).value());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::Unsupported);
  EXPECT_THAT(refused.error().to_text(), HasSubstr("the feature `ospf`"));
}

Revocation revocation(std::string peer, std::string_view key) {
  return {.peer = std::move(peer),
          .public_key = net::PublicKey::parse(key).value(),
          .time = from_rfc3339("2026-11-28T13:00:00Z").value()};
}

TEST(Revocations, ReadOnlyWhatTheyWrote) {
  auto list = with(with({}, revocation("bob", kBobKey)), revocation("alice", kAliceKey));
  list = with(std::move(list), revocation("again", kAliceKey));
  ASSERT_EQ(list.revoked.size(), 2U);
  EXPECT_EQ(list.revoked.front().peer, "alice");
  EXPECT_EQ(revocations_from_json(to_json(list)).value(), list);
  std::swap(list.revoked.front(), list.revoked.back());
  EXPECT_FALSE(revocations_from_json(to_json(list)));
  for (const char* text : {"", "{", "[]", "{}", R"({"format":1})", R"({"format":2,"revoked":[]})",
                           R"({"format":1,"revoked":[1]})", R"({"format":1,"revoked":[{}]})",
                           R"({"format":1,"revoked":[]} )", R"({"format":1,"more":1,"revoked":[]})",
                           R"({"format":1,"revoked":[{"peer":1,"public_key":2,"time":3}]})"}) {
    EXPECT_FALSE(revocations_from_json(text)) << text;
  }
}

TEST(Revocations, DisableThePeersWithTheirKeys) {
  const auto netmap = *compile(small_network()).netmap;
  const auto cut = without(netmap, with({}, revocation("whoever", kAliceKey)));
  ASSERT_EQ(cut.peers.size(), netmap.peers.size());
  EXPECT_FALSE(cut.peers.front().enabled);
  EXPECT_EQ(without(netmap, with({}, revocation("alice", kGatewayKey))), netmap);
}

TEST(Revocations, AreTakenBackByName) {
  const auto list = with({}, revocation("alice", kAliceKey));
  EXPECT_TRUE(restored(list, "alice").value().revoked.empty());
  EXPECT_EQ(restored(list, "bob").error().kind, ErrorKind::NotFound);
}

}  // namespace
}  // namespace cw::network
