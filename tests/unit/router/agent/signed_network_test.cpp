// SPDX-License-Identifier: Apache-2.0
// A network that is fetched: what is taken, refused, given up, revoked, and kept. Against a real
// HTTPS server on a loopback address, on the model kernel.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "network/load/directory_reader.h"
#include "network/netmap_json.h"
#include "tests/support/signing.h"
#include "tests/unit/fetch/web_server.h"
#include "tests/unit/router/agent/agent_on_a_model.h"

namespace cw::agent {
namespace {

using test::signing_key;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SignedNetwork : public AgentOnAModel {
 protected:
  // A signed file on disk; served() puts a server in front of it.
  SignedNetwork() {
    std::filesystem::create_directory(temp_ / "web");
    signed_ = SignedSetup{.where = {fetch::Location::Kind::Path, temp_ / "web/net"},
                          .trust = {.keys = {signing_key(1).public_key()}, .network_id = {}},
                          .tls = {},
                          .interval = std::chrono::milliseconds(200),
                          .max_age = std::nullopt};
  }

  network::Netmap compiled() {
    network::DirectoryReader reader(temp_ / "network", clock_);
    EXPECT_TRUE(reader.refresh());
    return *reader.compile().netmap;
  }

  void put(const std::string& name, const std::string& text) const {
    ASSERT_TRUE(write_file_atomically(temp_ / "web/" + name, text));
  }

  std::string bundle(std::uint64_t serial, std::optional<std::chrono::seconds> confirm = {},
                     std::uint64_t revocations = 0) {
    const auto netmap = compiled();
    return test::bundle(netmap, {.serial = serial,
                                 .network = netmap.ula,
                                 .time = clock_.wall(),
                                 .revocations = revocations,
                                 .confirm = confirm});
  }

  void publish(std::uint64_t serial, std::optional<std::chrono::seconds> confirm = {}) {
    put("net", bundle(serial, confirm));
  }

  void revoke(std::uint64_t serial, const std::string& peer, std::uint8_t key = 1) {
    const auto netmap = compiled();
    const auto found = std::ranges::find(netmap.peers, peer, &network::Peer::name);
    const network::Revocations list{
        .revoked = {{.peer = peer, .public_key = found->public_key, .time = clock_.wall()}}};
    put("net.revoked", network::make_bundle(network::to_json(list),
                                            {.content = network::Content::Revocations,
                                             .serial = serial,
                                             .network = netmap.ula,
                                             .time = clock_.wall()},
                                            signing_key(key)));
  }

  std::optional<std::uint64_t> serial() {
    return agent_->status().signed_source.value_or(api::SourceStatus{}).serial;
  }

  bool reaches(std::uint64_t wanted) {
    return run_until([&] { return serial() == wanted; });
  }

  api::Answer reload() {
    const auto answer = ask([this] { return client_.reload(); });
    EXPECT_TRUE(answer) << answer.error().message;
    return answer.value_or(api::Answer{});
  }

  // Offered, and it changes nothing but what status, metrics and journal say.
  void expect_refused(const std::string& offer, const std::string& why) {
    publish(42);
    start();
    ASSERT_TRUE(reaches(42));
    const int writes = kernel_.writes;
    put("net", offer);
    ASSERT_TRUE(run_until([&] { return agent_->status().refused.has_value(); }));
    EXPECT_THAT(agent_->status().refused->text, HasSubstr(why));
    EXPECT_EQ(serial(), 42U);
    EXPECT_EQ(journal_.count(Event::NetworkRefused), 1U);
    const auto answer = reload();
    EXPECT_FALSE(answer.done);
    EXPECT_THAT(answer.diagnostics, HasSubstr(why));
    EXPECT_EQ(kernel_.writes, writes);
    publish(43);
    EXPECT_TRUE(run_until([&] { return !agent_->status().refused; }));
  }
};

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
TEST_F(SignedNetwork, WhereTheCopyIsLostNothingOlderIsTakenAndRevocationsHold) {
  publish(7);
  revoke(3, "p0003");
  start();
  ASSERT_TRUE(run_until([&] { return peers() == 9; }));
  stop();
  ASSERT_TRUE(write_file_atomically(temp_ / "state/netmap.signed", "nonsense"));
  std::filesystem::remove(temp_ / "web/net.revoked");
  publish(6);
  start();
  ASSERT_TRUE(run_until([&] { return agent_->status().refused.has_value(); }));
  EXPECT_THAT(agent_->status().refused->text, HasSubstr("older"));
  publish(7);
  ASSERT_TRUE(reaches(7));
  EXPECT_THAT(agent_->status().revoked, ElementsAre("p0003"));
  EXPECT_EQ(peers(), 9U);
}

TEST_F(SignedNetwork, OnTrialIsGivenUpUnlessItIsConfirmed) {
  publish(1);
  start();
  ASSERT_TRUE(reaches(1));
  remove_peer(0);
  publish(2, std::chrono::seconds(2));
  ASSERT_TRUE(reaches(2));
  EXPECT_EQ(peers(), 9U);
  EXPECT_TRUE(agent_->status().signed_source->goes_back);
  ASSERT_TRUE(reaches(1));
  EXPECT_EQ(peers(), 10U);
  EXPECT_EQ(journal_.count(Event::NetworkGivenUp), 1U);
  ASSERT_TRUE(run_until([&] { return agent_->status().refused.has_value(); }));
  EXPECT_THAT(agent_->status().refused->text, HasSubstr("nobody confirmed"));
  publish(3);
  EXPECT_TRUE(reaches(3));
  EXPECT_EQ(peers(), 9U);
}

TEST_F(SignedNetwork, OnTrialThatIsOverIsNotTakenByARouterThatWasOff) {
  publish(1);
  start();
  ASSERT_TRUE(reaches(1));
  stop();
  const auto netmap = compiled();
  put("net", test::bundle(netmap, {.serial = 2,
                                   .network = netmap.ula,
                                   .time = clock_.wall() - std::chrono::hours(24),
                                   .confirm = std::chrono::seconds(600)}));
  start();
  ASSERT_TRUE(run_until([&] { return agent_->status().refused.has_value(); }));
  EXPECT_THAT(agent_->status().refused->text, HasSubstr("its trial is over"));
  EXPECT_EQ(serial(), 1U);
}

TEST_F(SignedNetwork, OnTrialWhereNothingWasBeforeItIsSaidToStay) {
  const auto says = [this] {
    return std::ranges::any_of(agent_->status().problems, [](const api::Problem& problem) {
      return problem.text.find("none to go back to") != std::string::npos;
    });
  };
  publish(1, std::chrono::seconds(600));
  start();
  ASSERT_TRUE(reaches(1));
  EXPECT_TRUE(says());
  EXPECT_FALSE(agent_->status().signed_source->goes_back);
  publish(2);
  ASSERT_TRUE(reaches(2));
  EXPECT_FALSE(says());
}

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

TEST_F(SignedNetwork, OnTrialIsGivenUpAlsoWhereItCouldNotBeWritten) {
  publish(1);
  start();
  ASSERT_TRUE(reaches(1));
  ASSERT_TRUE(run_until([&] { return std::filesystem::exists(temp_ / "state/netmap.signed"); }));
  std::filesystem::create_directories(temp_ / "state/netmap.before");
  publish(2, std::chrono::seconds(1));
  ASSERT_TRUE(reaches(2));
  EXPECT_TRUE(reaches(1));
}

TEST_F(SignedNetwork, OnTrialStaysWhenItIsConfirmed) {
  publish(1);
  start();
  ASSERT_TRUE(reaches(1));
  publish(2, std::chrono::seconds(3));
  ASSERT_TRUE(reaches(2));
  publish(3);
  ASSERT_TRUE(reaches(3));
  EXPECT_FALSE(agent_->status().signed_source->goes_back);
}

TEST_F(SignedNetwork, OnTrialIsGivenUpAlsoWhereTheAgentWasAwayMeanwhile) {
  publish(1);
  start();
  ASSERT_TRUE(reaches(1));
  remove_peer(0);
  publish(2, std::chrono::seconds(1));
  ASSERT_TRUE(reaches(2));
  stop();
  const auto gone = clock_.wall() + std::chrono::seconds(2);
  ASSERT_TRUE(run_until([&] { return clock_.wall() > gone; }));
  start();
  EXPECT_EQ(serial(), 1U);
  EXPECT_EQ(peers(), 10U);
  ASSERT_TRUE(run_until([&] { return agent_->status().refused.has_value(); }));
  EXPECT_EQ(serial(), 1U);
  stop();
  start();
  EXPECT_EQ(serial(), 1U);
}

TEST_F(SignedNetwork, ARevocationBesideItLocksOutUntilItIsAcknowledged) {
  publish(1);
  revoke(1, "p0003");
  start();
  ASSERT_TRUE(reaches(1));
  ASSERT_TRUE(run_until([&] { return peers() == 9; }));
  EXPECT_THAT(agent_->status().revoked, ElementsAre("p0003"));
  std::filesystem::remove(temp_ / "web/net.revoked");
  stop();
  start();
  EXPECT_EQ(peers(), 9U);
  publish(2);
  ASSERT_TRUE(reaches(2));
  EXPECT_EQ(peers(), 9U);
  put("net", bundle(3, {}, 1));  // knows of it, and lets the peer in all the same
  ASSERT_TRUE(reaches(3));
  EXPECT_EQ(peers(), 10U);
  EXPECT_THAT(agent_->status().revoked, IsEmpty());
}

// Lists are looked at more often than netmaps: a new revoker's comes first and is refused.
TEST_F(SignedNetwork, ARevocationThatWasRefusedCountsOnceANetmapNamesItsSigner) {
  publish(1);
  revoke(1, "p0003", 3);
  start();
  ASSERT_TRUE(reaches(1));
  ASSERT_TRUE(run_until([&] { return journal_.count(Event::SourceTrouble) == 1; }));
  auto netmap = compiled();
  netmap.revokers = {signing_key(3).public_key()};
  put("net", test::bundle(netmap, {.serial = 2, .network = netmap.ula, .time = clock_.wall()}));
  ASSERT_TRUE(reaches(2));
  EXPECT_TRUE(run_until([&] { return peers() == 9; }));
}

TEST_F(SignedNetwork, ARevocationOnTheRouterHoldsOverARestartUntilTheNetworkSaysSo) {
  publish(1);
  start();
  ASSERT_TRUE(reaches(1));
  const auto answer = ask([this] { return client_.revoke("p0003"); });
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->done) << answer->text;
  EXPECT_EQ(peers(), 9U);
  stop();
  start();
  EXPECT_EQ(peers(), 9U);
  publish(2);
  ASSERT_TRUE(reaches(2));
  EXPECT_EQ(peers(), 9U);
  remove_peer(3);
  publish(3);
  ASSERT_TRUE(reaches(3));
  EXPECT_THAT(agent_->status().revoked, IsEmpty());
  add_peer(3);
  publish(4);
  ASSERT_TRUE(reaches(4));
  EXPECT_EQ(peers(), 10U);
}

// What was given up must not take a revocation with it.
TEST_F(SignedNetwork, ARevocationOutlivesANetmapOnTrial) {
  publish(1);
  start();
  ASSERT_TRUE(reaches(1));
  ASSERT_TRUE(ask([this] { return client_.revoke("p0003"); })->done);
  remove_peer(3);
  publish(2, std::chrono::seconds(1));
  ASSERT_TRUE(reaches(2));
  ASSERT_TRUE(reaches(1));
  EXPECT_EQ(peers(), 9U);
  EXPECT_THAT(agent_->status().revoked, ElementsAre("p0003"));
}

TEST_F(SignedNetwork, ComesUpAgainAfterDownAlsoWithoutItsSource) {
  publish(1);
  start();
  ASSERT_TRUE(reaches(1));
  ASSERT_TRUE(ask([this] { return client_.down(); }));
  std::filesystem::remove(temp_ / "web/net");
  (void)reload();
  EXPECT_EQ(peers(), 10U);
}

TEST_F(AgentOnAModel, APeerOfADirectoryIsRevokedUntilTheDirectorySaysSo) {
  start();
  ASSERT_TRUE(ask([this] { return client_.revoke("p0003"); })->done);
  EXPECT_EQ(peers(), 9U);
  EXPECT_FALSE(ask([this] { return client_.revoke("nobody"); })->done);
  stop();
  start();
  EXPECT_EQ(peers(), 9U);
  ASSERT_TRUE(ask([this] { return client_.reload(); })->done);
  EXPECT_EQ(peers(), 9U);
  remove_peer(3);
  ASSERT_TRUE(ask([this] { return client_.reload(); })->done);
  add_peer(3);
  ASSERT_TRUE(ask([this] { return client_.reload(); })->done);
  EXPECT_EQ(peers(), 10U);
}

}  // namespace
}  // namespace cw::agent
