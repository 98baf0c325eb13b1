// SPDX-License-Identifier: Apache-2.0
#include "network/edit/new_network.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/unit/network/random_network.h"

namespace cw::network {
namespace {

TEST(NewNetworkFiles, Compile) {
  const auto changes = new_network({.name = "acme",
                                    .pool = *net::Prefix::parse("100.83.0.0/16"),
                                    .ula = *net::Prefix::parse("fd5e:3a1c:9b04::/48"),
                                    .site = "office",
                                    .routes = {*net::Prefix::parse("10.0.0.0/16")},
                                    .router = "router-a"});
  ASSERT_TRUE(changes);
  Texts files;
  for (const auto& change : *changes) {
    EXPECT_TRUE(change.fresh);
    files[change.path] = *change.content;
  }
  EXPECT_EQ(rendered(files), "");
  EXPECT_TRUE(compile(files).netmap);
}

TEST(NewNetworkFiles, RefuseWrongNames) {
  EXPECT_FALSE(new_network({.name = "A B", .pool = {}, .ula = {}, .site = "s", .router = "r"}));
}

RC_GTEST_PROP(RandomAddresses, AreThoseOfAnOverlay, ()) {
  const auto random = [](std::uint32_t bound) { return pick<std::uint32_t>(0, bound - 1); };
  const auto pool = random_pool(random);
  RC_ASSERT(pool.length() == 16 && net::Prefix::parse("100.64.0.0/10")->contains(pool));
  const auto ula = random_ula(random);
  RC_ASSERT(ula.length() == 48 && net::Prefix::parse("fd00::/8")->contains(ula));
}

}  // namespace
}  // namespace cw::network
