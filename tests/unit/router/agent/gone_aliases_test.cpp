// SPDX-License-Identifier: Apache-2.0
#include <netinet/in.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/router/agent/reconciler_on_a_model.h"

namespace cw::agent {
namespace {

using ::testing::ElementsAre;

class GoneAliases : public Reconcile {
 protected:
  GoneAliases() {
    take("10.0.0.0/16");
    EXPECT_TRUE(run(Depth::Full).settled);
    kernel_.flows = {by_alias_, native_};
  }

  // The alias stands for this route; empty: there is none.
  void take(const std::string& route) {
    auto netmap = snapshot_.netmap;
    netmap.sites[0].routes = {*net::Prefix::parse("10.0.0.0/16"),
                              *net::Prefix::parse("10.1.0.0/16")};
    if (!route.empty()) {
      netmap.sites[0].aliases = {
          {.route = *net::Prefix::parse(route), .alias = *net::Prefix::parse("100.80.0.0/16")}};
    }
    EXPECT_TRUE(reconciler_.take(std::move(netmap), snapshot_.now));
  }

  [[nodiscard]] netlink::Flow flow(const char* asked) const {
    return {.from = snapshot_.netmap.peers[0].address,
            .asked = *net::Ip::parse(asked),
            .to = *net::Ip::parse("10.0.1.5"),
            .protocol = IPPROTO_TCP,
            .port = 5432};
  }

  const netlink::Flow by_alias_ = flow("100.80.1.5");
  const netlink::Flow native_ = flow("10.0.1.5");
};

TEST_F(GoneAliases, EndWhatTheyHadOpenedAndNothingElse) {
  take("");
  EXPECT_TRUE(run().settled);
  EXPECT_THAT(kernel_.flows, ElementsAre(native_));
}

TEST_F(GoneAliases, AreAlsoThoseThatStandForSomethingElse) {
  take("10.1.0.0/16");
  EXPECT_TRUE(run().settled);
  EXPECT_THAT(kernel_.flows, ElementsAre(native_));
}

TEST_F(GoneAliases, AreNoneThatCameBackBeforeTheRound) {
  take("");
  take("10.0.0.0/16");
  EXPECT_TRUE(run().settled);
  EXPECT_THAT(kernel_.flows, ElementsAre(by_alias_, native_));
}

TEST_F(GoneAliases, AreAlsoThoseThatWentWhileTheRouterWasDown) {
  reconciler_.go_down();
  EXPECT_TRUE(run().settled);
  take("");
  EXPECT_TRUE(run().settled);
  EXPECT_THAT(kernel_.flows, ElementsAre(native_));
}

TEST_F(GoneAliases, AreForgottenAtTheNextRoundWhereTheFirstOneFails) {
  take("");
  kernel_.nft.before_commit = []() -> Result<> {
    return Error::make(ErrorKind::Retryable, "not now");
  };
  EXPECT_FALSE(run().settled);
  EXPECT_THAT(kernel_.flows, ElementsAre(by_alias_, native_));
  kernel_.nft.before_commit = nullptr;
  EXPECT_TRUE(run(Depth::Full).settled);
  EXPECT_THAT(kernel_.flows, ElementsAre(native_));
}

}  // namespace
}  // namespace cw::agent
