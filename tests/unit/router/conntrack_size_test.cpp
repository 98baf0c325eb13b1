// SPDX-License-Identifier: Apache-2.0
#include "router/plan/conntrack_size.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/plan/desired.h"
#include "router/plan/plan.h"
#include "tests/support/model_kernel.h"
#include "tests/support/networks.h"

namespace cw::router {
namespace {

using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30U;
constexpr auto kBuckets = "net/netfilter/nf_conntrack_buckets";
constexpr auto kMax = "net/netfilter/nf_conntrack_max";
constexpr auto kEstablished = "net/netfilter/nf_conntrack_tcp_timeout_established";

// For both the table and its buckets.
std::string entries(std::uint64_t memory) {
  const auto wanted = conntrack_sysctls(memory);
  EXPECT_EQ(wanted.at(0).key, kBuckets);
  EXPECT_EQ(wanted.at(1).key, kMax);
  EXPECT_EQ(wanted.at(0).value, wanted.at(1).value);
  return wanted.at(1).value;
}

TEST(ConntrackSize, GrowsWithTheMemoryUpToAnEnd) {
  EXPECT_EQ(entries(1 * kGiB), "131072");
  EXPECT_EQ(entries(8 * kGiB), "1048576");
  EXPECT_EQ(entries(32 * kGiB), "4194304");
  EXPECT_EQ(entries(1024 * kGiB), "4194304");
  EXPECT_EQ(entries(0), "8192");
}

TEST(ConntrackSize, IsWholePagesOfBucketsSoThatTheKernelRoundsNothing) {
  for (const std::uint64_t memory : {kGiB - 12345, 7 * kGiB + 4096 * 333}) {
    EXPECT_EQ(std::stoull(entries(memory)) % (65536 / sizeof(void*)), 0U);
  }
}

TEST(ConntrackSize, IsLeftToWhoeverHasTheTable) {
  EXPECT_THAT(conntrack_sysctls(std::nullopt),
              Each(testing::Field(&WantedSysctl::key, kEstablished)));
}

std::vector<std::string> planned(test::ModelKernel& kernel) {
  auto snapshot = test::snapshot(1, 1);
  snapshot.host.conntrack_memory = 8 * kGiB;
  const auto wanted = *desired(snapshot);
  auto sinks = kernel.sinks();
  return to_lines(plan(wanted, read_kernel(sinks, wanted, firewall::Depth::Full).state));
}

TEST(ConntrackSize, RaisesWhatIsSmallerAndShortensWhatIsLonger) {
  test::ModelKernel kernel;
  const auto lines = planned(kernel);
  EXPECT_THAT(lines, Contains(AllOf(HasSubstr(kBuckets), HasSubstr("1048576"))));
  EXPECT_THAT(lines, Contains(AllOf(HasSubstr(kMax), HasSubstr("1048576"))));
  EXPECT_THAT(lines, Contains(AllOf(HasSubstr(kEstablished), HasSubstr("86400"))));
}

TEST(ConntrackSize, LowersAndLengthensNothingThatTheHostHas) {
  test::ModelKernel kernel;
  kernel.sysctls[kBuckets] = "2097152";
  kernel.sysctls[kMax] = "8388608";
  kernel.sysctls[kEstablished] = "7440";
  EXPECT_THAT(planned(kernel), Each(Not(HasSubstr("nf_conntrack"))));
}

TEST(ConntrackSize, ABoundIsNotMetByWhatIsNoNumber) {
  const WantedSysctl wanted{.key = kMax, .value = "10", .bound = Bound::AtLeast};
  for (const auto* there : {"", "11x", "9"}) {
    EXPECT_FALSE(wanted.is_met_by(there)) << there;
  }
  EXPECT_TRUE(wanted.is_met_by("11"));
}

}  // namespace
}  // namespace cw::router
