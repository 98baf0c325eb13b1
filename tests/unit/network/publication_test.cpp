// SPDX-License-Identifier: Apache-2.0
#include "network/publication.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rfc3339.h"
#include "network/netmap_json.h"
#include "tests/unit/network/directory_text.h"
#include "tests/unit/network/signing_keys.h"

namespace cw::network {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const WallTime kNow = from_rfc3339("2026-11-28T13:00:00Z").value();

Netmap network_signed_by(const std::vector<minisign::PublicKey>& signers) {
  auto netmap = *compile(small_network()).netmap;
  netmap.signers = signers;
  std::ranges::sort(netmap.signers);
  return netmap;
}

Published published(const Netmap& netmap, std::uint64_t serial, std::uint64_t revocations = 0) {
  const Statement statement{
      .serial = serial, .network = netmap.ula, .time = kNow, .revocations = revocations};
  const auto key = signing_key(1);
  const auto trusted = key.public_key();
  return open_published(make_bundle(to_json(netmap), statement, key), std::span(&trusted, 1))
      .value();
}

PublishedRevocations revocations_of(std::uint64_t serial, std::string_view key) {
  return {
      .statement = {.content = Content::Revocations, .serial = serial, .time = kNow},
      .list = with(
          {}, {.peer = "alice", .public_key = net::PublicKey::parse(key).value(), .time = kNow})};
}

TEST(Publication, BeginsWithSerialOne) {
  const auto netmap = network_signed_by({});
  const auto statement =
      next_statement({.netmap = netmap, .key = signing_key(1).public_key()}, kNow).value();
  EXPECT_EQ(statement, (Statement{.serial = 1, .network = netmap.ula, .time = kNow}));
}

TEST(Publication, TakesTheNextSerialAndSaysHowLongToWait) {
  const auto netmap = network_signed_by({});
  const auto before = published(netmap, 41, 3);
  const auto statement = next_statement({.netmap = netmap,
                                         .key = signing_key(1).public_key(),
                                         .in_force = &before,
                                         .confirm = std::chrono::seconds(600)},
                                        kNow)
                             .value();
  EXPECT_EQ(statement.serial, 42U);
  EXPECT_EQ(statement.revocations, 3U);  // there is no newer list
  EXPECT_EQ(statement.confirm, std::chrono::seconds(600));
}

TEST(Publication, AsksForAHigherSerialWhereOneIsNamed) {
  const auto netmap = network_signed_by({});
  const auto before = published(netmap, 41);
  const auto key = signing_key(1).public_key();
  EXPECT_EQ(next_statement(
                {.netmap = netmap, .key = key, .in_force = &before, .lowest_serial = 100}, kNow)
                .value()
                .serial,
            100U);
  EXPECT_EQ(
      next_statement({.netmap = netmap, .key = key, .in_force = &before, .lowest_serial = 9}, kNow)
          .value()
          .serial,
      42U);
  const auto last = published(netmap, kLargestSerial);
  EXPECT_EQ(next_statement({.netmap = netmap, .key = key, .in_force = &last}, kNow).error().kind,
            ErrorKind::Exhausted);
}

TEST(Publication, IsRefusedToAKeyThatRoutersWouldRefuse) {
  const auto before = published(network_signed_by({signing_key(2).public_key()}), 1);
  const auto netmap = network_signed_by({signing_key(1).public_key()});
  const auto refused = next_statement(
      {.netmap = netmap, .key = signing_key(1).public_key(), .in_force = &before}, kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::Permission);
}

TEST(Publication, ThatLocksOutItsOwnKeyIsRefusedUnlessMeant) {
  const auto netmap = network_signed_by({signing_key(2).public_key()});
  const auto key = signing_key(1).public_key();
  EXPECT_THAT(next_statement({.netmap = netmap, .key = key}, kNow).error().to_text(),
              HasSubstr("locks out the key that publishes it"));
  EXPECT_TRUE(next_statement({.netmap = netmap, .key = key, .may_lock_out = true}, kNow));
}

TEST(Publication, ToTheTargetOfAnotherNetworkIsRefused) {
  auto other = network_signed_by({});
  other.ula = net::Prefix::parse("fd00:1:2::/48").value();
  other.via_prefix = net::default_via_prefix(other.ula);
  const auto before = published(other, 1);
  const auto netmap = network_signed_by({});
  EXPECT_THAT(next_statement(
                  {.netmap = netmap, .key = signing_key(1).public_key(), .in_force = &before}, kNow)
                  .error()
                  .to_text(),
              HasSubstr("the right target"));
}

TEST(Publication, TakesInARevocationOnlyOnceItLocksTheSamePeerOut) {
  auto netmap = network_signed_by({});
  const auto before = published(netmap, 1);
  const auto revoked = revocations_of(4, kAliceKey);
  const auto acknowledged = [&] {
    return next_statement({.netmap = netmap,
                           .key = signing_key(1).public_key(),
                           .in_force = &before,
                           .revoked = &revoked},
                          kNow)
        .value()
        .revocations;
  };
  EXPECT_EQ(acknowledged(), 3U);  // list 4 holds
  EXPECT_THAT(still_let_in(netmap, revoked.list), ElementsAre("alice"));
  netmap.peers.front().enabled = false;
  EXPECT_EQ(acknowledged(), 4U);
  netmap.peers.clear();
  EXPECT_EQ(acknowledged(), 4U);
}

TEST(Publication, GoingBackDoesNotLetARevokedPeerInAgain) {
  const auto with_alice = network_signed_by({});
  auto without_alice = with_alice;
  without_alice.peers.clear();
  const auto in_force = published(without_alice, 7, /*revocations=*/4);
  const auto revoked = revocations_of(4, kAliceKey);
  EXPECT_EQ(next_statement({.netmap = with_alice,
                            .key = signing_key(1).public_key(),
                            .in_force = &in_force,
                            .revoked = &revoked},
                           kNow)
                .value()
                .revocations,
            3U);
}

Result<Statement> revoked_by(std::uint8_t key, const Published& in_force,
                             const PublishedRevocations* before, const Revocations& list = {},
                             std::uint64_t lowest = 1) {
  return next_revocations({.in_force = in_force,
                           .list = list,
                           .key = signing_key(key).public_key(),
                           .before = before,
                           .lowest_serial = lowest},
                          kNow);
}

TEST(Revoking, TakesASerialAboveTheListAndTheNetmap) {
  const auto list = revocations_of(2, kAliceKey);
  EXPECT_EQ(revoked_by(1, published(network_signed_by({}), 1, 5), &list)->serial, 6U);
  EXPECT_EQ(revoked_by(1, published(network_signed_by({}), 1), &list)->serial, 3U);
}

TEST(Revoking, BeginsAboveAListThatWasLost) {
  const auto serial = revoked_by(1, published(network_signed_by({}), 1), nullptr)->serial;
  EXPECT_EQ(serial, 1'795'870'800U);  // kNow
}

TEST(Revoking, TakesNoSerialThatNothingCanFollow) {
  const auto in_force = published(network_signed_by({signing_key(1).public_key()}), 1);
  const auto list = revocations_of(kLargestSerial, kAliceKey);
  EXPECT_EQ(revoked_by(1, in_force, &list, list.list).error().kind, ErrorKind::Exhausted);
}

TEST(Revoking, IsForSignersAndRevokers) {
  auto netmap = network_signed_by({signing_key(2).public_key()});
  netmap.revokers = {signing_key(3).public_key()};
  const auto in_force = published(netmap, 1);
  EXPECT_TRUE(revoked_by(2, in_force, nullptr));
  EXPECT_TRUE(revoked_by(3, in_force, nullptr));
  EXPECT_EQ(revoked_by(4, in_force, nullptr).error().kind, ErrorKind::Permission);
}

TEST(Revoking, OfARevokerOnlyLocksOut) {
  auto netmap = network_signed_by({signing_key(2).public_key()});
  netmap.revokers = {signing_key(3).public_key()};
  const auto in_force = published(netmap, 1);
  const auto list = revocations_of(2, kAliceKey);
  EXPECT_TRUE(revoked_by(3, in_force, &list, list.list));
  EXPECT_EQ(revoked_by(3, in_force, &list, {}).error().kind, ErrorKind::Permission);
  EXPECT_TRUE(revoked_by(2, in_force, &list, {}));
  EXPECT_FALSE(revoked_by(3, in_force, &list, list.list, kLargestSerial));
}

TEST(Revoking, AListOfAnotherNetworkIsRefused) {
  const auto key = signing_key(3);
  auto netmap = network_signed_by({});
  netmap.revokers = {key.public_key()};
  Statement statement{.content = Content::Revocations, .serial = 1, .network = netmap.ula};
  EXPECT_TRUE(
      open_published_revocations(make_bundle(to_json(Revocations()), statement, key), netmap, {}));
  statement.network = net::Prefix::parse("fd00:1:2::/48").value();
  EXPECT_FALSE(
      open_published_revocations(make_bundle(to_json(Revocations()), statement, key), netmap, {}));
}

}  // namespace
}  // namespace cw::network
