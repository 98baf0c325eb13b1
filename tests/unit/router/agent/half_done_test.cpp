// SPDX-License-Identifier: Apache-2.0
#include <netinet/in.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/agent/reconcile.h"
#include "tests/support/model_kernel.h"
#include "tests/support/networks.h"
#include "tests/unit/router/agent/temp_folder.h"

// A change of the policy is up to three transactions and a seal (ADR 13). Whichever of them fails,
// the kernel has the old rights or the new ones, whole, and the next round puts right the rest.
namespace cw::agent {
namespace {

using firewall::Depth;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::uint16_t kDatabasePort = 5432;
constexpr std::uint16_t kOtherPort = 80;

network::Netmap allowing(std::uint16_t port) {
  auto netmap = test::snapshot(1, 4).netmap;
  netmap.policy.emplace().rules = {
      {.name = "r" + std::to_string(port),
       .from = {policy::Selector{}},
       .to = {{.kind = policy::SelectorKind::Site, .name = "prod", .prefix = {}}},
       .services = {{.protocol = policy::Protocol::Tcp, .first = port, .last = port}},
       .expires = std::nullopt}};
  return netmap;
}

// In force is a policy that allows the database; wanted is one that allows the other port instead.
class HalfDone : public ::testing::Test {
 protected:
  HalfDone() {
    reconciler_.set_host(snapshot_.host);
    take(reconciler_, kDatabasePort);
    EXPECT_TRUE(run(Depth::Full).settled);
    old_ = digest();
    take(reconciler_, kOtherPort);
    kernel_.flows = {database_, other_};
  }

  void take(Reconciler& reconciler, std::uint16_t port) {
    EXPECT_TRUE(reconciler.take(allowing(port), snapshot_.now));
  }

  Round run(Depth depth = Depth::Digest) { return reconciler_.run(depth, snapshot_.now); }

  std::optional<firewall::Digest> digest() { return kernel_.nft.read(Depth::Digest, {})->digest; }

  // Of those from now on, the first is 1.
  void fail_transaction(int which) {
    kernel_.nft.before_commit = [left = which]() mutable -> Result<> {
      return --left == 0 ? Result<>(Error::from_errno(EBUSY, "nft refused line 1")) : Result<>{};
    };
  }

  void fail_seal() {
    kernel_.nft.before_seal = [left = 1]() mutable -> Result<> {
      return left-- > 0 ? Result<>(Error::make(ErrorKind::Interrupted, "somebody else"))
                        : Result<>{};
    };
  }

  // By another agent's eyes, which remembers nothing: the table is as wanted, sealed and no more.
  void expect_whole() {
    Reconciler other(kernel_.sinks(), keys_, folder_);
    other.set_host(snapshot_.host);
    take(other, kOtherPort);
    const int commits = kernel_.nft.commits;
    EXPECT_TRUE(other.run(Depth::Full, snapshot_.now).settled);
    EXPECT_EQ(kernel_.nft.commits, commits);
  }

  static netlink::Flow to_site(std::uint16_t port) {
    return {.from = *net::Ip::parse("100.100.0.16"),
            .to = *net::Ip::parse("10.0.1.5"),
            .protocol = IPPROTO_TCP,
            .port = port};
  }

  const netlink::Flow database_ = to_site(kDatabasePort);
  const netlink::Flow other_ = to_site(kOtherPort);
  TempFolder temp_;
  router::Snapshot snapshot_ = test::snapshot(1, 4);
  test::ModelKernel kernel_;
  router::KeyRing keys_ = test::key_ring();
  RuntimeFolder folder_ = *RuntimeFolder::claim(temp_ / "run");
  Reconciler reconciler_{kernel_.sinks(), keys_, folder_};
  std::optional<firewall::Digest> old_;
};

TEST_F(HalfDone, WhereTheNewIsNotBuiltTheOldIsInForce) {
  fail_transaction(1);
  const auto round = run();
  EXPECT_FALSE(round.settled);
  EXPECT_THAT(round.failed, SizeIs(1));
  EXPECT_EQ(digest(), old_);
  EXPECT_THAT(kernel_.flows, SizeIs(2)) << "the rules that allow them are in force";
  EXPECT_TRUE(run().settled);
  EXPECT_THAT(kernel_.flows, ::testing::ElementsAre(other_));
  expect_whole();
}

TEST_F(HalfDone, WhereNothingTurnsToTheNewTheOldIsInForceAndTheNextRoundClearsUp) {
  fail_transaction(2);
  const auto round = run();
  EXPECT_FALSE(round.settled);
  EXPECT_THAT(round.failed, SizeIs(1));
  EXPECT_EQ(digest(), old_);
  EXPECT_THAT(kernel_.flows, SizeIs(2)) << "the rules that allow them are in force";
  EXPECT_TRUE(run().settled);
  EXPECT_THAT(kernel_.flows, ::testing::ElementsAre(other_));
  expect_whole();
}

TEST_F(HalfDone, WhereTheOldIsNotClearedAwayTheNewIsInForceAndItsConnectionsAreForgotten) {
  fail_transaction(3);
  const auto round = run();
  EXPECT_FALSE(round.settled);
  EXPECT_THAT(round.failed, SizeIs(1));
  EXPECT_NE(digest(), old_);
  EXPECT_THAT(kernel_.flows, ::testing::ElementsAre(other_));
  EXPECT_TRUE(run().settled);
  expect_whole();
}

TEST_F(HalfDone, WhereItIsNotSealedTheNewIsInForceAndIsBuiltAnewOnce) {
  fail_seal();
  const auto round = run();
  EXPECT_FALSE(round.settled);
  EXPECT_THAT(round.failed, SizeIs(1));
  EXPECT_NE(digest(), old_);
  EXPECT_THAT(kernel_.flows, ::testing::ElementsAre(other_));
  const auto next = run();
  EXPECT_TRUE(next.settled);
  EXPECT_THAT(next.done, Contains(HasSubstr("firewall table")));
  EXPECT_THAT(run(Depth::Full).done, IsEmpty());
  expect_whole();
}

TEST_F(HalfDone, WhoeverWantsTheOldAgainMeanwhileGetsItWhole) {
  for (const int failing : {2, 3}) {
    SCOPED_TRACE(failing);
    fail_transaction(failing);
    EXPECT_FALSE(run().settled);
    take(reconciler_, kDatabasePort);
    kernel_.flows = {database_, other_};
    EXPECT_TRUE(run().settled);
    EXPECT_EQ(digest(), old_);
    EXPECT_THAT(kernel_.flows, ::testing::ElementsAre(database_));
    EXPECT_THAT(run(Depth::Full).done, IsEmpty());
    take(reconciler_, kOtherPort);
  }
}

TEST_F(HalfDone, AnAgentThatEndsInBetweenLeavesNothingToTheNext) {
  for (const int failing : {1, 2, 3, 4}) {
    SCOPED_TRACE(failing);
    Reconciler ends(kernel_.sinks(), keys_, folder_);
    ends.set_host(snapshot_.host);
    take(ends, kDatabasePort);
    EXPECT_TRUE(ends.run(Depth::Full, snapshot_.now).settled);
    take(ends, kOtherPort);
    kernel_.flows = {database_, other_};
    failing == 4 ? fail_seal() : fail_transaction(failing);
    EXPECT_FALSE(ends.run(Depth::Digest, snapshot_.now).settled);
    Reconciler next(kernel_.sinks(), keys_, folder_);
    next.set_host(snapshot_.host);
    take(next, kOtherPort);
    EXPECT_TRUE(next.run(Depth::Full, snapshot_.now).settled);
    EXPECT_THAT(kernel_.flows, ::testing::ElementsAre(other_));
    expect_whole();
  }
}

TEST_F(HalfDone, ATableThatIsReplacedAndNotSealedIsReplacedAgain) {
  kernel_.nft.flush();
  fail_seal();
  EXPECT_FALSE(run().settled);
  EXPECT_NE(digest(), old_);
  EXPECT_THAT(kernel_.flows, ::testing::ElementsAre(other_)) << "the new rules are in force";
  EXPECT_TRUE(run().settled);
  expect_whole();
}

// A first start whose table cannot be sealed the first time; whether it opened all the same.
void expect_of_an_unsealed_start(ErrorKind why, bool opens) {
  const TempFolder temp;
  test::ModelKernel kernel;
  const auto keys = test::key_ring();
  const auto folder = *RuntimeFolder::claim(temp / "run");
  const auto snapshot = test::snapshot(1, 4);
  Reconciler reconciler(kernel.sinks(), keys, folder);
  reconciler.set_host(snapshot.host);
  ASSERT_TRUE(reconciler.take(snapshot.netmap, snapshot.now));
  kernel.nft.before_seal = [why] { return Result<>(Error::make(why, "somebody")); };
  EXPECT_FALSE(reconciler.run(Depth::Full, snapshot.now).settled);
  EXPECT_EQ(kernel.sysctls["net/ipv4/ip_forward"], opens ? "1" : "0");
  EXPECT_EQ(kernel.routes()->empty(), !opens);
  kernel.nft.before_seal = {};
  EXPECT_TRUE(reconciler.run(Depth::Digest, snapshot.now).settled);
  EXPECT_EQ(kernel.sysctls["net/ipv4/ip_forward"], "1");
  EXPECT_THAT(*kernel.routes(), Not(IsEmpty()));
}

TEST(HalfDoneAtFirst, NothingIsOpenedBehindATableThatCannotBeRead) {
  expect_of_an_unsealed_start(ErrorKind::Bug, false);
}

// The table is whole, and what anybody changes in it is announced.
TEST(HalfDoneAtFirst, OthersWhoChangeTheirTablesAllTheTimeDoNotKeepItClosed) {
  expect_of_an_unsealed_start(ErrorKind::Interrupted, true);
}

}  // namespace
}  // namespace cw::agent
