// SPDX-License-Identifier: Apache-2.0
#include "netlink/socket/sysctl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/namespace.h"

namespace cw::kernel {
namespace {

class SysctlTest : public NamespaceTest {
 protected:
  netlink::ProcSysctls sysctls_;
};

TEST_F(SysctlTest, WritesWhatTheToolReads) {
  EXPECT_EQ(*sysctls_.read("net/ipv4/ip_forward"), "0");
  for (int i = 0; i < 2; ++i) {
    CW_EXPECT_OK(sysctls_.write({.key = "net/ipv4/ip_forward", .value = "1"}));
  }
  EXPECT_EQ(run("cat /proc/sys/net/ipv4/ip_forward"), "1\n");
}

TEST_F(SysctlTest, AKnobThatThisKernelLacksIsNotFound) {
  EXPECT_EQ(sysctls_.read("net/ipv4/conf/gone/rp_filter").error().kind, ErrorKind::NotFound);
  EXPECT_EQ(sysctls_.write({.key = "net/ipv4/conf/gone/rp_filter", .value = "1"}).error().kind,
            ErrorKind::NotFound);
}

TEST_F(SysctlTest, AValueThatTheKernelRefusesIsInvalid) {
  const auto result = sysctls_.write({.key = "net/ipv4/ip_forward", .value = "yes"});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::Invalid);
  EXPECT_THAT(result.error().to_text(),
              testing::HasSubstr("cannot set net/ipv4/ip_forward to yes"));
}

TEST_F(SysctlTest, RefusesAKeyThatLeadsElsewhere) {
  for (const char* key : {"", "/etc/passwd", "../self/environ", "net/../../self/environ"}) {
    EXPECT_EQ(sysctls_.read(key).error().kind, ErrorKind::Bug) << key;
  }
  EXPECT_EQ(sysctls_.read("net/ipv4").error().kind, ErrorKind::Invalid) << "a folder";
}

}  // namespace
}  // namespace cw::kernel
