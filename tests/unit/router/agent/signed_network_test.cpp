// SPDX-License-Identifier: Apache-2.0
// A network that is fetched: what is taken, refused and kept. Against a real HTTPS server on a
// loopback address, on the model kernel.
#include "tests/unit/fetch/web_server.h"
#include "tests/unit/router/agent/signed_network_on_a_model.h"

namespace cw::agent {
namespace {

TEST_F(SignedNetwork, IsTakenFromAFileAndAgainWhenItChanges) {
  publish(1);
  start();
  ASSERT_TRUE(reaches(1));
  EXPECT_EQ(peers(), 10U);
  add_peer(10);
  publish(2);
  ASSERT_TRUE(reaches(2));
  EXPECT_EQ(peers(), 11U);
}

TEST_F(SignedNetwork, IsFetchedOverHttpsAtOnceWhereAPersonAsks) {
  const TempFolder web;
  const test::WebServer server(web);
  signed_->where = server.at("net");
  signed_->tls = server.trust();
  signed_->interval = std::chrono::hours(1);
  web.write("net", bundle(1));
  start();
  ASSERT_TRUE(reaches(1));
  add_peer(10);
  web.write("net", bundle(2));
  const auto answer = reload();
  EXPECT_TRUE(answer.done);
  EXPECT_THAT(answer.steps, Contains(HasSubstr("p0010")));
  EXPECT_EQ(serial(), 2U);
}

TEST_F(SignedNetwork, RefusesOneThatIsCutOff) {
  const auto whole = bundle(43);
  expect_refused(whole.substr(0, whole.size() - 1), "cut off or altered");
}

TEST_F(SignedNetwork, RefusesOneWithABitFlipped) {
  auto flipped = bundle(43);
  flipped[flipped.size() - 10] = static_cast<char>(flipped[flipped.size() - 10] ^ 1);
  expect_refused(flipped, "cut off or altered");
}

TEST_F(SignedNetwork, RefusesOneByAnotherKey) {
  const auto netmap = compiled();
  expect_refused(
      test::bundle(netmap, {.serial = 43, .network = netmap.ula, .time = clock_.wall()}, 2),
      "not trusted");
}

TEST_F(SignedNetwork, RefusesAnOlderOne) {
  expect_refused(bundle(41), "older");
}

TEST_F(SignedNetwork, RefusesOneOfAnotherNetwork) {
  auto netmap = compiled();
  netmap.ula = *net::Prefix::parse("fd99:9999:9999::/48");
  netmap.via_prefix = *net::Prefix::parse("fd99:9999:9999:b1a::/64");
  expect_refused(test::bundle(netmap, {.serial = 43, .network = netmap.ula, .time = clock_.wall()}),
                 "another network");
}

TEST_F(SignedNetwork, RefusesOneThatNeedsMoreThanThisVersionHas) {
  const auto netmap = compiled();
  auto body = network::to_json(netmap);
  const std::string none = "\"features\":[]";
  body.replace(body.find(none), none.size(), "\"features\":[\"teleport\"]");
  expect_refused(
      network::make_bundle(body, {.serial = 43, .network = netmap.ula, .time = clock_.wall()},
                           signing_key(1)),
      "needs the feature");
}

TEST_F(SignedNetwork, PeersWithAnExpiryAreLockedOutWhileItsSourceIsSilentForTooLong) {
  temp_.write("network/peers/p0003.toml",
              fmt::format("public_key = \"{}\"\naddress = \"100.100.0.19\"\n"
                          "expires = 2099-01-01T00:00:00Z\n",
                          test::public_key(1003).to_text()));
  signed_->max_age = std::chrono::seconds(1);
  publish(1);
  start();
  ASSERT_TRUE(reaches(1));
  EXPECT_EQ(peers(), 10U);
  std::filesystem::rename(temp_ / "web/net", temp_ / "web/away");
  ASSERT_TRUE(run_until([&] { return peers() == 9; }));
  EXPECT_TRUE(agent_->status().signed_source->expiring_locked_out);
  std::filesystem::rename(temp_ / "web/away", temp_ / "web/net");
  EXPECT_TRUE(run_until([&] { return peers() == 10; }));
}

TEST_F(SignedNetwork, ASourceThatIsDownChangesNothing) {
  publish(1);
  start();
  ASSERT_TRUE(reaches(1));
  const int writes = kernel_.writes;
  std::filesystem::remove(temp_ / "web/net");
  ASSERT_TRUE(run_until([&] { return !agent_->status().signed_source->trouble.empty(); }));
  EXPECT_EQ(journal_.count(Event::SourceTrouble), 1U);
  EXPECT_FALSE(reload().done);
  EXPECT_EQ(kernel_.writes, writes);
  EXPECT_EQ(peers(), 10U);
  publish(1);
  ASSERT_TRUE(run_until([&] { return agent_->status().signed_source->trouble.empty(); }));
  EXPECT_EQ(journal_.count(Event::SourceHeard), 1U);
}

TEST_F(SignedNetwork, IsKeptForAStartWithoutItsSource) {
  publish(7);
  start();
  ASSERT_TRUE(reaches(7));
  stop();
  std::filesystem::remove(temp_ / "web/net");
  const int writes = kernel_.writes;
  start();
  EXPECT_EQ(serial(), 7U);
  EXPECT_EQ(peers(), 10U);
  EXPECT_EQ(kernel_.writes, writes);
}

TEST_F(SignedNetwork, ThatWasKeptIsVerifiedAgain) {
  publish(7);
  start();
  ASSERT_TRUE(reaches(7));
  stop();
  std::filesystem::remove(temp_ / "web/net");
  auto kept = *read_file(temp_ / "state/netmap.signed", network::kLargestSignedNetmap);
  kept[kept.size() - 10] = static_cast<char>(kept[kept.size() - 10] ^ 1);
  ASSERT_TRUE(write_file_atomically(temp_ / "state/netmap.signed", kept));
  start();
  EXPECT_EQ(serial(), std::nullopt);
  EXPECT_EQ(agent_->status().phase, api::Phase::Waiting);
  EXPECT_EQ(peers(), 10U);  // the data path is as it was
}

// Or the source could bring back yesterday's network, and whoever was revoked.
TEST_F(SignedNetwork, WhatItCannotWriteDownIsAProblemAndTriedAgain) {
  const auto says = [this] {
    return std::ranges::any_of(agent_->status().problems, [](const api::Problem& problem) {
      return problem.text.find("cannot be written down") != std::string::npos;
    });
  };
  std::filesystem::create_directories(temp_ / "state/source.json");
  publish(1);
  start();
  ASSERT_TRUE(reaches(1));
  EXPECT_TRUE(says());
  std::filesystem::remove(temp_ / "state/source.json");
  EXPECT_TRUE(run_until([&] { return !says(); }));
  EXPECT_TRUE(kept_bundles_.memory()->heard);
}

// Lists are looked at more often than netmaps: a new revoker's comes first and is refused.
TEST_F(SignedNetwork, ComesUpAgainAfterDownAlsoWithoutItsSource) {
  publish(1);
  start();
  ASSERT_TRUE(reaches(1));
  ASSERT_TRUE(ask([this] { return client_.down(); }));
  std::filesystem::remove(temp_ / "web/net");
  (void)reload();
  EXPECT_EQ(peers(), 10U);
}

}  // namespace
}  // namespace cw::agent
