// SPDX-License-Identifier: Apache-2.0
// Translators on devices of this kernel.
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <sys/mount.h>

#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include "tests/kernel/namespace.h"
#include "via6/tc/programs.h"
#include "via6/tc/translator.h"

namespace cw::kernel {
namespace {

via6::Parameters parameters() {
  return {.via_prefix = prefix("fd12:3456:789a:b1a::/64"),
          .site = net::SiteId{7},
          .routes = {prefix("10.0.0.0/16")},
          .ula = prefix("fd12:3456:789a::/48"),
          .block = *net::Block::from(prefix("100.101.128.0/17")),
          .gateway = *net::Ip::parse("100.101.0.1"),
          .mtu = 1420};
}

class Via6Tc : public NamespaceTest {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    std::string name = "/tmp/causeway-bpf.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    ASSERT_EQ(::mount("bpf", folder_.c_str(), "bpf", 0, nullptr), 0) << std::strerror(errno);
    run("ip link add cw-prod type veth peer name other");
    run("ip link set cw-prod up; ip link set other up");
    auto opened = via6::Tc::open(folder_);
    CW_ASSERT_OK(opened);
    tc_ = std::make_unique<via6::Tc>(std::move(*opened));
  }

  void TearDown() override {
    ::umount2(folder_.c_str(), MNT_DETACH);
    ::rmdir(folder_.c_str());
  }

  via6::Attached attached() {
    const auto found = tc_->attached("cw-prod");
    EXPECT_TRUE(found) << found.error().to_text();
    return found.value_or(via6::Attached{});
  }

  std::string folder_;
  std::unique_ptr<via6::Tc> tc_;
};

TEST_F(Via6Tc, IsReadBackByWhatItWasGiven) {
  EXPECT_EQ(attached(), (via6::Attached{.device = "cw-prod"}));
  CW_EXPECT_OK(tc_->attach("cw-prod", parameters()));
  const auto expected = *via6::digest(parameters());
  EXPECT_EQ(attached(), (via6::Attached{"cw-prod", expected, expected, true}));
  CW_EXPECT_OK(tc_->attach("cw-prod", parameters()));
  EXPECT_EQ(attached(), (via6::Attached{"cw-prod", expected, expected, true}));
}

TEST_F(Via6Tc, IsReplacedInPlaceAndGoesOnCounting) {
  CW_EXPECT_OK(tc_->attach("cw-prod", parameters()));
  auto changed = parameters();
  changed.routes.push_back(prefix("192.168.0.0/24"));
  const auto before = run("bash -c 'stat -c %i " + folder_ + "/cw-prod'");
  CW_EXPECT_OK(tc_->attach("cw-prod", changed));
  EXPECT_EQ(run("bash -c 'stat -c %i " + folder_ + "/cw-prod'"), before);
  const auto expected = *via6::digest(changed);
  EXPECT_EQ(attached(), (via6::Attached{"cw-prod", expected, expected, true}));
  EXPECT_EQ(run_json("tc -j filter show dev cw-prod ingress pref 7920").size(), 2U);
  const auto counters = tc_->counters("cw-prod");
  CW_ASSERT_OK(counters);
  EXPECT_EQ(*counters, via6::Counters{});
}

TEST_F(Via6Tc, LeavesFiltersOfOthersAloneAndTakesItsPlaceBack) {
  const auto programs = via6::Programs::load(parameters(), {});
  CW_ASSERT_OK(programs);
  const auto pinned = folder_ + "/foreign";
  ASSERT_EQ(bpf_obj_pin(programs->from_tunnel(), pinned.c_str()), 0) << std::strerror(errno);
  const auto add = [&](const std::string& place) {
    run("tc filter add dev cw-prod ingress " + place + " protocol all bpf da pinned " + pinned);
  };
  run("tc qdisc add dev cw-prod clsact");
  add("pref 100");
  add("pref 7920 handle 5");
  const auto expected = *via6::digest(parameters());
  EXPECT_EQ(attached().from_tunnel, "foreign");
  CW_EXPECT_OK(tc_->attach("cw-prod", parameters()));
  EXPECT_EQ(attached(), (via6::Attached{"cw-prod", expected, expected, true}));
  run("tc filter del dev cw-prod egress pref 7920");
  EXPECT_EQ(attached(), (via6::Attached{"cw-prod", expected, "", true}));
  CW_EXPECT_OK(tc_->attach("cw-prod", parameters()));
  EXPECT_EQ(attached(), (via6::Attached{"cw-prod", expected, expected, true}));
  CW_EXPECT_OK(tc_->detach("cw-prod"));
  EXPECT_EQ(attached(), (via6::Attached{.device = "cw-prod"}));
  EXPECT_THAT(run("tc filter show dev cw-prod ingress"), testing::HasSubstr("pref 100"));
}

TEST_F(Via6Tc, IsGoneWithoutATraceAfterDetaching) {
  CW_EXPECT_OK(tc_->attach("cw-prod", parameters()));
  CW_EXPECT_OK(tc_->detach("cw-prod"));
  CW_EXPECT_OK(tc_->detach("cw-prod"));
  EXPECT_EQ(attached(), (via6::Attached{.device = "cw-prod"}));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/cw-prod"));
  const auto counters = tc_->counters("cw-prod");
  ASSERT_FALSE(counters);
  EXPECT_EQ(counters.error().kind, ErrorKind::NotFound);
}

TEST_F(Via6Tc, TranslatesUncountedWhereCountersCannotBeKept) {
  ASSERT_EQ(::umount(folder_.c_str()), 0) << std::strerror(errno);  // so it is no bpf file system
  CW_EXPECT_OK(tc_->attach("cw-prod", parameters()));
  const auto expected = *via6::digest(parameters());
  EXPECT_EQ(attached(), (via6::Attached{"cw-prod", expected, expected, true}));
  const auto counters = tc_->counters("cw-prod");
  ASSERT_FALSE(counters);
  EXPECT_EQ(counters.error().to_text(),
            "cannot keep counters at " + folder_ + "/cw-prod: Operation not permitted");
  CW_EXPECT_OK(tc_->detach("cw-prod"));
  EXPECT_EQ(attached(), (via6::Attached{.device = "cw-prod"}));
}

TEST_F(Via6Tc, HasCountersAgainAfterSomebodyRemovedThem) {
  CW_EXPECT_OK(tc_->attach("cw-prod", parameters()));
  std::filesystem::remove(folder_ + "/cw-prod");
  EXPECT_FALSE(attached().counted);
  CW_EXPECT_OK(tc_->attach("cw-prod", parameters()));
  EXPECT_TRUE(attached().counted);
  CW_EXPECT_OK(tc_->counters("cw-prod"));
}

TEST_F(Via6Tc, LeavesNoCountersOfADeviceThatWentFirst) {
  CW_EXPECT_OK(tc_->attach("cw-prod", parameters()));
  run("ip link del cw-prod");
  EXPECT_THAT(tc_->counted(), testing::Contains("cw-prod"));
  CW_EXPECT_OK(tc_->detach("cw-prod"));
  EXPECT_THAT(tc_->counted(), testing::Not(testing::Contains("cw-prod")));
}

TEST_F(Via6Tc, IsDetachedAlsoWhereItsCountersCannotBeRemoved) {
  CW_EXPECT_OK(tc_->attach("cw-prod", parameters()));
  ASSERT_EQ(::mount(nullptr, folder_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  CW_EXPECT_OK(tc_->detach("cw-prod"));
  EXPECT_EQ(attached(), (via6::Attached{.device = "cw-prod"}));
  EXPECT_THAT(tc_->counted(), testing::Not(testing::Contains("cw-prod")));
}

TEST_F(Via6Tc, TakesThePlaceOfAQdiscThatHasOneDirectionOnly) {
  run("tc qdisc add dev cw-prod ingress");
  CW_EXPECT_OK(tc_->attach("cw-prod", parameters()));
  const auto expected = *via6::digest(parameters());
  EXPECT_EQ(attached(), (via6::Attached{"cw-prod", expected, expected, true}));
  EXPECT_THAT(run("tc qdisc show dev cw-prod"), testing::HasSubstr("qdisc clsact"));
  EXPECT_THAT(run("tc filter show dev cw-prod ingress"), testing::HasSubstr(" from_tunnel"));
  EXPECT_THAT(run("tc filter show dev cw-prod egress"), testing::HasSubstr(" to_tunnel"));
}

TEST_F(Via6Tc, SaysWhichDeviceIsMissing) {
  const auto done = tc_->attach("cw-none", parameters());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::NotFound);
  EXPECT_EQ(done.error().to_text(), "no device cw-none: No such device");
  CW_EXPECT_OK(tc_->detach("cw-none"));
}

}  // namespace
}  // namespace cw::kernel
