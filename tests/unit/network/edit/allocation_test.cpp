// SPDX-License-Identifier: Apache-2.0
#include "network/edit/allocation.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "network/compile.h"
#include "tests/unit/network/random_network.h"

namespace cw::network {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};

std::uint32_t first(std::uint32_t /*bound*/) {
  return 0;
}

// A pool of four addresses, of which two are nobody's to have and one is the gateway's.
Texts tiny() {
  auto files = small_network();
  files["network.toml"] = "name = \"n\"\npool = \"100.83.0.0/30\"\nula = \"fd5e:3a1c:9b04::/48\"\n";
  files.erase("peers/alice.toml");
  return files;
}

Result<Allocation> allocated(const Texts& files, const Wish& wish = {}) {
  const auto directory = parse(files);
  return allocate(directory, *compile(files).netmap, wish, kNow, first);
}

TEST(Allocate, TakesAFreeAddressAndAllSites) {
  const auto place = allocated(tiny());
  ASSERT_TRUE(place);
  EXPECT_EQ(place->address.to_text(), "100.83.0.2");
  EXPECT_EQ(place->home, "prod-a");
  EXPECT_THAT(place->sites, ElementsAre("production"));
}

TEST(Allocate, SaysThatABlockIsFull) {
  auto files = tiny();
  files["peers/bob.toml"] =
      "public_key = \"" + std::string(kBobKey) + "\"\naddress = \"100.83.0.2\"\n";
  const auto place = allocated(files);
  ASSERT_FALSE(place);
  EXPECT_EQ(place.error().kind, ErrorKind::Exhausted);
}

std::string tombstone(WallTime removed) {
  const auto days = std::chrono::floor<std::chrono::days>(removed);
  const std::chrono::year_month_day date(days);
  return fmt::format("name = \"bob\"\npublic_key = \"{}\"\nremoved = {:04}-{:02}-{:02}T00:00:00Z\n",
                     kBobKey, static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

TEST(Allocate, LeavesTheAddressOfAPeerThatWasRemovedNotLongAgo) {
  auto files = tiny();
  files["removed/100.83.0.2.toml"] = tombstone(kNow - kRetention + std::chrono::days(2));
  EXPECT_EQ(allocated(files).error().kind, ErrorKind::Exhausted);
  files["removed/100.83.0.2.toml"] = tombstone(kNow - kRetention - std::chrono::days(2));
  const auto place = allocated(files);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->tombstone, "removed/100.83.0.2.toml");
}

// Gateways a (upper half of the pool) and b (lower half) at production; l (lower quarter) at lab.
Texts three_gateways() {
  auto files = small_network();
  const auto gateway = [](const char* name, unsigned key, const char* block, const char* address) {
    return fmt::format(
        "[[gateway]]\nname = \"{0}\"\npublic_key = \"{1}\"\nendpoint = \"{0}.example.com:{2}\"\n"
        "block = \"{3}\"\naddress = \"{4}\"\n",
        name, numbered_key(key), 50000 + key, block, address);
  };
  files["sites/production.toml"] = "id = 7\n[[router]]\nname = \"r\"\n" +
                                   gateway("a", 1, "100.83.128.0/17", "100.83.128.1") +
                                   gateway("b", 2, "100.83.0.0/17", "100.83.0.1");
  files["sites/lab.toml"] =
      "id = 8\n[[router]]\nname = \"l\"\n" + gateway("l", 3, "100.83.0.0/18", "100.83.0.2");
  return files;
}

TEST(Allocate, TakesTheEmptiestGateway) {
  const auto place = allocated(three_gateways());  // alice is in b and l
  ASSERT_TRUE(place);
  EXPECT_EQ(place->home, "a");
  EXPECT_EQ(place->address.to_text(), "100.83.128.0");
  EXPECT_THAT(place->sites, ElementsAre("production"));
}

TEST(Allocate, TakesAnAddressFromWhichAllSitesAreReached) {
  const auto place = allocate(parse(three_gateways()), *compile(three_gateways()).netmap,
                              {.gateway = "b"}, kNow, [](auto bound) { return bound - 1; });
  ASSERT_TRUE(place);
  EXPECT_EQ(place->address.to_text(), "100.83.63.255");
  EXPECT_THAT(place->sites, ElementsAre("lab", "production"));
}

TEST(Allocate, RefusesSitesThatNoAddressReachesAndNamesThatAreNone) {
  const std::vector<std::string> both = {"lab", "production"};
  EXPECT_THAT(allocated(three_gateways(), {.gateway = "a", .sites = both}).error().message,
              HasSubstr("at site `lab` as well"));
  EXPECT_THAT(allocated(three_gateways(), {.gateway = "x"}).error().message,
              HasSubstr("no gateway `x`"));
  EXPECT_THAT(allocated(three_gateways(), {.sites = {{"x"}}}).error().message,
              HasSubstr("no site `x`"));
}

RC_GTEST_PROP(AllocationLaws, ThePlaceIsFreeInItsBlockAndReachesWhatItSays, ()) {
  const auto files = random_network();
  const auto netmap = *compile(files).netmap;
  const auto place = allocate(parse(files), netmap, {}, kNow,
                              [](auto bound) { return pick<std::uint32_t>(0, bound - 1); });
  RC_ASSERT(place.has_value());
  for (const auto& peer : netmap.peers) {
    RC_ASSERT(peer.address != place->address);
  }
  bool home = false;
  std::set<std::string> reached;
  for (const auto& site : netmap.sites) {
    for (const auto& gateway : site.gateways) {
      RC_ASSERT(gateway.address != place->address);
      if (gateway.block.contains(place->address)) {
        reached.insert(site.name);
        home = home || gateway.name == place->home;
      }
    }
  }
  RC_ASSERT(home);
  RC_ASSERT(reached == std::set<std::string>(place->sites.begin(), place->sites.end()));
}

}  // namespace
}  // namespace cw::network
