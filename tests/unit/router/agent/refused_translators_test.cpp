// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/router/agent/reconciler_on_a_model.h"

namespace cw::agent {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class RefusedTranslators : public Reconcile {
 protected:
  RefusedTranslators() {
    snapshot_ = test::snapshot(2, 4);
    reconciler_.set_host(snapshot_.host);
    EXPECT_TRUE(reconciler_.take(snapshot_.netmap, snapshot_.now));
    kernel_.before_write = [this](const std::string& what) -> Result<> {
      if (what == "4via6 cw-spare" || what == also_) {
        return Error::make(ErrorKind::Unsupported, what);
      }
      return {};
    };
  }

  std::string also_;  // is refused
};

TEST_F(RefusedTranslators, AreLeftOutOnTheirDeviceAlone) {
  const auto round = run(Depth::Full);
  EXPECT_TRUE(round.settled);
  EXPECT_TRUE(round.wrote_firewall);
  EXPECT_THAT(round.refused, SizeIs(1));
  EXPECT_FALSE(kernel_.attached("cw-prod")->from_tunnel.empty());
  EXPECT_TRUE(kernel_.attached("cw-spare")->from_tunnel.empty());
}

TEST_F(RefusedTranslators, HideNoOtherFailure) {
  also_ = "sysctl net/ipv4/ip_forward";
  const auto round = run(Depth::Full);
  EXPECT_FALSE(round.settled);
  EXPECT_THAT(round.failed, SizeIs(1));
}

TEST_F(RefusedTranslators, AreNotTriedAgainBeforeSomebodyAsks) {
  EXPECT_THAT(run(Depth::Full).refused, SizeIs(1));
  EXPECT_THAT(run().refused, IsEmpty());
  EXPECT_THAT(reconciler_.preview(snapshot_.now)->steps, IsEmpty());
  reconciler_.forget_refusals();
  EXPECT_THAT(run().refused, SizeIs(1));
}

TEST_F(RefusedTranslators, DoNotMakePeersWaitForThem) {
  EXPECT_THAT(run(Depth::Full).refused, SizeIs(1));
  EXPECT_TRUE(run().settled);
  reconciler_.forget_refusals();
  snapshot_.netmap.peers.pop_back();
  EXPECT_TRUE(reconciler_.take(snapshot_.netmap, snapshot_.now));
  std::vector<std::string> written;
  kernel_.before_write = [&](const std::string& what) -> Result<> {
    written.push_back(what);
    return what == "4via6 cw-spare" ? Result<>(Error::make(ErrorKind::Unsupported, what))
                                    : Result<>{};
  };
  EXPECT_THAT(run().refused, SizeIs(1));
  EXPECT_THAT(written, SizeIs(2));
  EXPECT_EQ(written.back(), "4via6 cw-spare");
}

TEST_F(RefusedTranslators, AreOfNoConcernWhereTheyAreNotWanted) {
  EXPECT_THAT(run(Depth::Full).refused, SizeIs(1));
  EXPECT_THAT(reconciler_.refusals(), SizeIs(1));
  take(4);  // without the second gateway
  EXPECT_TRUE(run().settled);
  EXPECT_THAT(reconciler_.refusals(), IsEmpty());
}

}  // namespace
}  // namespace cw::agent
