// SPDX-License-Identifier: Apache-2.0
#include "router/plan/acceptance.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "network/netmap_json.h"
#include "tests/support/networks.h"
#include "tests/support/signing.h"

namespace cw::router {
namespace {

using network::Content;
using network::Statement;

const network::Netmap& netmap() {
  static const auto kNetmap = test::snapshot(1, 3).netmap;
  return kNetmap;
}

std::string bundle(std::uint64_t serial, std::uint8_t key = 1,
                   const network::Netmap& of = netmap()) {
  return test::bundle(of, {.serial = serial, .network = of.ula, .time = test::signed_at()}, key);
}

Trust trust() {
  return {.keys = {test::signing_key(1).public_key(), test::signing_key(2).public_key()},
          .network_id = std::nullopt};
}

InForce at_serial(std::uint64_t serial, const network::Netmap& of = netmap()) {
  const auto taken = accept(bundle(serial, 1, of), trust(), std::nullopt, {}, test::signed_at());
  EXPECT_TRUE(taken) << taken.error().to_text();
  return (*taken)->becomes;
}

network::Netmap with_signers(const std::vector<std::uint8_t>& keys,
                             const std::vector<std::uint8_t>& revokers = {}) {
  auto of = netmap();
  for (const auto key : keys) {
    of.signers.push_back(test::signing_key(key).public_key());
  }
  for (const auto key : revokers) {
    of.revokers.push_back(test::signing_key(key).public_key());
  }
  std::ranges::sort(of.signers);
  std::ranges::sort(of.revokers);
  return of;
}

std::string of_another_network() {
  auto of = netmap();
  of.ula = *net::Prefix::parse("fd99:9999:9999::/48");
  of.via_prefix = *net::Prefix::parse("fd99:9999:9999:b1a::/64");
  return bundle(43, 1, of);
}

std::string needing(const std::string& feature) {
  auto body = network::to_json(netmap());
  const std::string none = "\"features\":[]";
  body.replace(body.find(none), none.size(), "\"features\":[\"" + feature + "\"]");
  return network::make_bundle(body,
                              {.serial = 43, .network = netmap().ula, .time = test::signed_at()},
                              test::signing_key(1));
}

std::string flipped() {
  auto broken = bundle(43);
  broken[broken.size() / 2] = static_cast<char>(broken[broken.size() / 2] ^ 1);
  return broken;
}

std::string verdict(const Result<std::optional<Accepted>>& accepted) {
  if (!accepted) {
    return fmt::format("refused ({}): {}", to_text(accepted.error().kind),
                       accepted.error().to_text());
  }
  return *accepted ? fmt::format("taken: serial {}", (*accepted)->statement.serial) : "in force";
}

// What its content alone keeps out can be had; what is kept out for anything else cannot.
TEST(NewerSerial, IsOfWhatIsSignedAndNewerWhateverIsInIt) {
  const std::optional now(at_serial(42));
  const auto serial = [&](const std::string& what, const Floor& floor = {}) {
    return newer_serial(what, trust(), now, floor, test::signed_at());
  };
  EXPECT_EQ(serial(bundle(43)), 43U);
  EXPECT_EQ(serial(needing("teleport")), 43U);
  EXPECT_EQ(serial(bundle(42)), 0U);
  EXPECT_EQ(serial(bundle(41)), 0U);
  EXPECT_EQ(serial(needing("teleport"), {.given_up = 43}), 0U);
  EXPECT_EQ(serial(bundle(43, 3)), 0U);
  EXPECT_EQ(serial(flipped()), 0U);
  EXPECT_EQ(serial(of_another_network()), 0U);
}

// Every way to be taken or refused, as a person reads it. UPDATE_GOLDEN=1 rewrites the file.
TEST(GoldenAcceptance, OfEveryKindOfOffer) {
  const std::optional now(at_serial(42));
  const auto offer = [&](const std::string& what) {
    return accept(what, trust(), now, {}, test::signed_at());
  };
  auto other = netmap();
  other.peers.pop_back();
  auto elsewhere = trust();
  elsewhere.network_id = *net::Prefix::parse("fd99:9999:9999::/48");
  const std::optional named(at_serial(42, with_signers({1})));
  const std::optional from_a_directory(in_force(netmap()));
  const auto on_trial = test::bundle(netmap(), {.serial = 43,
                                                .network = netmap().ula,
                                                .time = test::signed_at(),
                                                .confirm = std::chrono::seconds(600)});
  const auto had = raised({}, now->statement.value_or(Statement{}));
  const std::vector<std::pair<std::string, std::string>> cases{
      {"the first one", verdict(accept(bundle(7), trust(), std::nullopt, {}, test::signed_at()))},
      {"after a directory",
       verdict(accept(bundle(7), trust(), from_a_directory, {}, test::signed_at()))},
      {"newer", verdict(offer(bundle(43)))},
      {"newer, by the other key", verdict(offer(bundle(43, 2)))},
      {"the same again", verdict(offer(bundle(42)))},
      {"the same serial, other content", verdict(offer(bundle(42, 1, other)))},
      {"older", verdict(offer(bundle(41)))},
      {"given up before",
       verdict(accept(bundle(43), trust(), now, {.given_up = 43}, test::signed_at()))},
      {"above what was given up",
       verdict(accept(bundle(44), trust(), now, {.given_up = 43}, test::signed_at()))},
      {"older than what was in force before, the copy is lost",
       verdict(accept(bundle(41), trust(), std::nullopt, had, test::signed_at()))},
      {"what was in force before, the copy is lost",
       verdict(accept(bundle(42), trust(), std::nullopt, had, test::signed_at()))},
      {"of another network than before, the copy is lost",
       verdict(accept(of_another_network(), trust(), std::nullopt, had, test::signed_at()))},
      {"of another network than before, which router.toml names",
       verdict(accept(of_another_network(), elsewhere, std::nullopt, had, test::signed_at()))},
      {"on trial, in time by its clock and this one's",
       verdict(accept(on_trial, trust(), now, {}, test::signed_at() + std::chrono::seconds(899)))},
      {"on trial that is over",
       verdict(accept(on_trial, trust(), now, {}, test::signed_at() + std::chrono::seconds(900)))},
      {"on trial, by a clock that is far behind",
       verdict(accept(on_trial, trust(), now, {}, WallTime{}))},
      {"nothing at all", verdict(offer(""))},
      {"cut off in the body", verdict(offer(bundle(43).substr(0, bundle(43).size() - 1)))},
      {"cut off in the signature", verdict(offer(bundle(43).substr(0, 100)))},
      {"one bit flipped", verdict(offer(flipped()))},
      {"signed by nobody trusted", verdict(offer(bundle(43, 3)))},
      {"not by a signer of the one in force",
       verdict(accept(bundle(43, 2), trust(), named, {}, test::signed_at()))},
      {"by a signer of the one in force",
       verdict(accept(bundle(43, 1), trust(), named, {}, test::signed_at()))},
      {"of another network", verdict(offer(of_another_network()))},
      {"not router.toml's network",
       verdict(accept(bundle(43), elsewhere, std::nullopt, {}, test::signed_at()))},
      {"needs an unknown feature", verdict(offer(needing("teleport")))},
      {"a web page", verdict(offer("<!DOCTYPE html>\n<html>\n<body>\nlog in\n</body>\n</html>\n"))},
  };
  std::string text;
  for (const auto& [what, said] : cases) {
    text += fmt::format("{}\n  {}\n", what, said);
  }
  const std::string path = CW_SOURCE_DIR "/tests/unit/router/golden/acceptance.txt";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << text;
    GTEST_SKIP() << "wrote " << path;
  }
  const std::ifstream file(path);
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(text, golden.str());
}

TEST(Acceptance, OfWhatWasKeptAsksForTrustAlone) {
  EXPECT_TRUE(resume(bundle(1), trust()));
  EXPECT_FALSE(resume(bundle(1, 3), trust()));
  EXPECT_FALSE(resume(flipped(), trust()));
}

TEST(Acceptance, TheFloorOfANetworkIsNoneForAnother) {
  const Statement netmap_taken{.serial = 42, .network = netmap().ula};
  const auto floor = raised({.given_up = 41}, netmap_taken);
  EXPECT_EQ(floor, (Floor{.network_id = netmap().ula, .serial = 42, .given_up = 41}));
  EXPECT_EQ(raised(floor, {.serial = 7, .network = netmap().ula}), floor);
  const auto other = *net::Prefix::parse("fd99:9999:9999::/48");
  EXPECT_EQ(raised(floor, {.content = Content::Revocations, .serial = 3, .network = other}),
            (Floor{.network_id = other, .revocations = 3}));
}

TEST(AcceptanceOfRevocations, NeverGoesBelowWhatWasHeldOnce) {
  const Floor floor{.network_id = netmap().ula, .revocations = 5};
  EXPECT_EQ(is_not_older({.serial = 4, .network = netmap().ula}, floor).error().kind,
            ErrorKind::Exists);
  EXPECT_TRUE(is_not_older({.serial = 5, .network = netmap().ula}, floor));
}

TEST(Acceptance, ATrialEndsWhenItSays) {
  const WallTime taken(std::chrono::seconds(1000));
  const Statement on_trial{.time = taken, .confirm = std::chrono::seconds(600)};
  EXPECT_EQ(goes_back_at(on_trial, taken), WallTime(std::chrono::seconds(1600)));
  // Taken late, it has what is left of its time and the slack for clocks.
  EXPECT_EQ(goes_back_at(on_trial, taken + std::chrono::seconds(800)),
            WallTime(std::chrono::seconds(1900)));
  EXPECT_EQ(goes_back_at(Statement{}, taken), std::nullopt);
}

network::Revocations of_the_first_peer() {
  return {.revoked = {{.peer = netmap().peers[0].name,
                       .public_key = netmap().peers[0].public_key,
                       .time = test::signed_at()}}};
}

std::string revocations(std::uint64_t serial, std::uint8_t key,
                        const network::Revocations& list = of_the_first_peer()) {
  return network::make_bundle(network::to_json(list),
                              {.content = Content::Revocations,
                               .serial = serial,
                               .network = netmap().ula,
                               .time = test::signed_at()},
                              test::signing_key(key));
}

TEST(AcceptanceOfRevocations, IsForSignersAndRevokersOfTheNetmapInForce) {
  const auto now = at_serial(42, with_signers({1}, {3}));
  EXPECT_TRUE(accept_revocations(revocations(1, 1), trust(), now, std::nullopt));
  EXPECT_TRUE(accept_revocations(revocations(1, 3), trust(), now, std::nullopt));
  const auto refused = accept_revocations(revocations(1, 2), trust(), now, std::nullopt);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::Permission);
}

TEST(AcceptanceOfRevocations, IsForTrustedKeysWhereNoSignersAreNamed) {
  EXPECT_TRUE(accept_revocations(revocations(1, 2), trust(), at_serial(42), std::nullopt));
  EXPECT_FALSE(accept_revocations(revocations(1, 3), trust(), at_serial(42), std::nullopt));
}

TEST(AcceptanceOfRevocations, NeverGoesBack) {
  const auto now = at_serial(42);
  const auto held = accept_revocations(revocations(2, 1), trust(), now, std::nullopt);
  ASSERT_TRUE(held && *held);
  EXPECT_EQ(*accept_revocations(revocations(2, 1), trust(), now, *held), std::nullopt);
  EXPECT_EQ(accept_revocations(revocations(1, 1), trust(), now, *held).error().kind,
            ErrorKind::Exists);
  EXPECT_EQ(accept_revocations(revocations(2, 1, {}), trust(), now, *held).error().kind,
            ErrorKind::Exists);
  EXPECT_TRUE(accept_revocations(revocations(3, 1, {}), trust(), now, *held)->has_value());
}

TEST(AcceptanceOfRevocations, OfARevokerOnlyTakeAway) {
  const auto now = at_serial(42, with_signers({1}, {3}));
  const auto held = accept_revocations(revocations(2, 1), trust(), now, std::nullopt);
  ASSERT_TRUE(held && *held);
  const auto refused = accept_revocations(revocations(3, 3, {}), trust(), now, *held);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::Permission);
  EXPECT_TRUE(accept_revocations(revocations(3, 3), trust(), now, *held)->has_value());
  EXPECT_TRUE(accept_revocations(revocations(3, 1, {}), trust(), now, *held)->has_value());
}

TEST(AcceptanceOfRevocations, OfARevokerLeaveSerialsForOthers) {
  const auto now = at_serial(42, with_signers({1}, {3}));
  const auto offer = [&](std::uint64_t serial, std::uint8_t key) {
    return accept_revocations(revocations(serial, key), trust(), now, std::nullopt);
  };
  EXPECT_FALSE(offer(network::kLargestSerial, 3));
  EXPECT_TRUE(offer(network::kLargestSerial, 1));
  EXPECT_TRUE(offer(1'800'000'000, 3));  // begun anew
}

TEST(AcceptanceOfRevocations, IsOfANetmapNeither) {
  EXPECT_FALSE(accept_revocations(bundle(50), trust(), at_serial(42), std::nullopt));
  EXPECT_FALSE(accept(revocations(50, 1), trust(), at_serial(42), {}, test::signed_at()));
}

TEST(Revocations, CountUntilANetmapAcknowledgesThem) {
  const HeldRevocations held{.statement = {.serial = 3}, .list = of_the_first_peer()};
  auto now = at_serial(42);
  now.statement->revocations = 2;
  EXPECT_TRUE(count(held, now));
  now.statement->revocations = 3;
  EXPECT_FALSE(count(held, now));
}

TEST(Curtailment, DisablesWhomItNamesAndNobodyElse) {
  const auto less = curtailed(netmap(), {.revoked = of_the_first_peer(), .expiring = false});
  EXPECT_FALSE(less.peers[0].enabled);
  EXPECT_TRUE(less.peers[1].enabled);
  EXPECT_EQ(curtailed(netmap(), {}), netmap());
}

TEST(Curtailment, DisablesPeersWithAnExpiryWhereTheSourceIsSilent) {
  auto of = netmap();
  of.peers[1].expires = WallTime(std::chrono::seconds(4'000'000'000));
  const auto less = curtailed(of, {.revoked = {}, .expiring = true});
  EXPECT_TRUE(less.peers[0].enabled);
  EXPECT_FALSE(less.peers[1].enabled);
}

TEST(LocalRevocations, AreNeededAsLongAsTheNetmapLetsThePeerIn) {
  auto of = netmap();
  EXPECT_EQ(still_needed(of_the_first_peer(), of), of_the_first_peer());
  of.peers[0].enabled = false;
  EXPECT_EQ(still_needed(of_the_first_peer(), of), network::Revocations{});
  of.peers.erase(of.peers.begin());
  EXPECT_EQ(still_needed(of_the_first_peer(), of), network::Revocations{});
}

}  // namespace
}  // namespace cw::router
