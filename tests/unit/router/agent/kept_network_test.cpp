// SPDX-License-Identifier: Apache-2.0
#include "router/agent/kept_network.h"

#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "tests/support/networks.h"
#include "tests/unit/router/agent/temp_folder.h"

namespace cw::agent {
namespace {

using ::testing::HasSubstr;

class Kept : public ::testing::Test {
 protected:
  struct stat look() {
    struct stat status{};
    EXPECT_EQ(::stat((temp_ / "state/netmap.json").c_str(), &status), 0);
    return status;
  }

  TempFolder temp_;
  KeptNetwork kept_{temp_ / "state"};
  network::Netmap netmap_ = test::snapshot(2, 5).netmap;
};

TEST_F(Kept, IsReadAsItWasWritten) {
  ASSERT_TRUE(kept_.write(netmap_));
  const auto copy = kept_.read();
  ASSERT_TRUE(copy) << copy.error().to_text();
  ASSERT_TRUE(copy->has_value());
  EXPECT_EQ((*copy)->netmap, netmap_);
  EXPECT_EQ((*copy)->written.time_since_epoch().count(), look().st_mtim.tv_sec);
}

TEST_F(Kept, IsNothingBeforeTheFirst) {
  const auto copy = kept_.read();
  ASSERT_TRUE(copy);
  EXPECT_FALSE(copy->has_value());
  EXPECT_FALSE(kept_.is(netmap_));
}

TEST_F(Kept, CanBeReadByItsOwnerAlone) {
  ASSERT_TRUE(kept_.write(netmap_));
  EXPECT_EQ(look().st_mode & 07777U, 0600U);
}

TEST_F(Kept, IsKnownAndNotWrittenAgain) {
  ASSERT_TRUE(kept_.write(netmap_));
  EXPECT_TRUE(kept_.is(netmap_));
  const auto before = look().st_ino;
  ASSERT_TRUE(kept_.write(netmap_));
  EXPECT_EQ(look().st_ino, before);
  netmap_.peers.pop_back();
  EXPECT_FALSE(kept_.is(netmap_));
  ASSERT_TRUE(kept_.write(netmap_));
  EXPECT_NE(look().st_ino, before);
}

TEST_F(Kept, IsRefusedWithItsNameWhereItIsDamaged) {
  temp_.write("state/netmap.json", "{");
  const auto copy = kept_.read();
  ASSERT_FALSE(copy);
  EXPECT_THAT(copy.error().to_text(), HasSubstr(temp_ / "state/netmap.json"));
}

TEST_F(Kept, SaysWhatIsInTheWay) {
  temp_.write("state", "");
  const auto written = kept_.write(netmap_);
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().to_text(), HasSubstr(temp_ / "state"));
}

}  // namespace
}  // namespace cw::agent
