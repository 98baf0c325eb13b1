// SPDX-License-Identifier: Apache-2.0
#include "router/agent/flowtable.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/model_kernel.h"

namespace cw::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class FlowtableTest : public ::testing::Test {
 protected:
  FlowtableTest() { kernel_.add_foreign_link("eth1", ""); }

  std::vector<api::Problem> look(const std::vector<std::string>& uplinks) {
    return flowtable_.look(sinks_, uplinks);
  }

  test::ModelKernel kernel_;
  router::Sinks sinks_ = kernel_.sinks();
  Flowtable flowtable_{true, std::nullopt};
};

TEST_F(FlowtableTest, SpansTheUplinksThatAreThere) {
  EXPECT_THAT(look({"eth1", "eth0", "gone"}), IsEmpty());
  EXPECT_THAT(flowtable_.devices(), ElementsAre("eth0", "eth1"));
}

TEST_F(FlowtableTest, SpansTheDeviceThatIsNamedAndNoOther) {
  Flowtable named(true, "eth1");
  (void)named.look(sinks_, {"eth0"});
  EXPECT_THAT(named.devices(), ElementsAre("eth1"));
}

TEST_F(FlowtableTest, AsksNothingWhereNobodyWantsIt) {
  Flowtable off(false, std::nullopt);
  (void)off.look(sinks_, {"eth0"});
  EXPECT_THAT(off.devices(), IsEmpty());
  EXPECT_EQ(kernel_.nft.checks, 0);
}

TEST_F(FlowtableTest, AsksNothingWhereTheKernelHasIt) {
  ASSERT_TRUE(kernel_.nft.commit(
      "table inet causeway {\n"
      "  flowtable f { hook ingress priority filter; devices = { \"eth0\", \"cw-prod\" }; }\n"
      "}\n"));
  (void)look({"eth0"});
  EXPECT_THAT(flowtable_.devices(), ElementsAre("eth0"));
  EXPECT_EQ(kernel_.nft.checks, 0);
}

TEST_F(FlowtableTest, TellsOnceWhatTheKernelRefusesAndAsksOnce) {
  kernel_.nft.has_flowtables = false;
  const auto told = look({"eth0"});
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].severity, api::Severity::Warning);
  EXPECT_THAT(told[0].text, HasSubstr("eth0"));
  EXPECT_THAT(look({"eth0"}), IsEmpty());
  EXPECT_THAT(flowtable_.devices(), IsEmpty());
  EXPECT_THAT(flowtable_.problems(), ElementsAre(told[0])) << "it stays in the status";
  EXPECT_EQ(kernel_.nft.checks, 1);
}

TEST_F(FlowtableTest, AsksAgainWhenSomebodyWantsItTo) {
  kernel_.nft.has_flowtables = false;
  (void)look({"eth0"});
  kernel_.nft.has_flowtables = true;
  flowtable_.forget_refusals();
  EXPECT_THAT(look({"eth0"}), IsEmpty());
  EXPECT_THAT(flowtable_.devices(), ElementsAre("eth0"));
  EXPECT_THAT(flowtable_.problems(), IsEmpty());
}

TEST_F(FlowtableTest, KeepsADeviceWithoutADefaultRouteUntilItIsGone) {
  (void)look({"eth0", "eth1"});
  (void)look({"eth1"});
  EXPECT_THAT(flowtable_.devices(), ElementsAre("eth0", "eth1"));
  ASSERT_TRUE(kernel_.remove_link("eth0"));
  (void)look({"eth1"});
  EXPECT_THAT(flowtable_.devices(), ElementsAre("eth1"));
}

TEST_F(FlowtableTest, KeepsWhatItHasWhileLinksCannotBeListed) {
  (void)look({"eth0"});
  kernel_.interrupt_dumps = true;
  (void)look({"eth0"});
  EXPECT_THAT(flowtable_.devices(), ElementsAre("eth0"));
}

}  // namespace
}  // namespace cw::agent
