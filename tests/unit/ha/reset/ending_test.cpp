// SPDX-License-Identifier: Apache-2.0
#include "ha/reset/ending.h"

#include <netinet/in.h>

#include <gtest/gtest.h>

namespace cw::ha::reset {
namespace {

net::Ip ip(const char* text) {
  return *net::Ip::parse(text);
}

const Moving kMoving{
    .blocks = {*net::Prefix::parse("100.83.0.0/16"), *net::Prefix::parse("fd5e::/48")},
    .addresses = {ip("10.0.0.20"), ip("10.0.0.30")}};

// From a peer, seen at the site as `seen`.
netlink::Connection connection(const char* peer, const char* seen,
                               std::uint8_t protocol = IPPROTO_TCP) {
  netlink::Connection made{.id = {.original = {.source = ip(peer),
                                               .destination = ip("10.0.1.5"),
                                               .source_port = 40000,
                                               .destination_port = 5432},
                                  .protocol = protocol}};
  made.reply = netlink::inverse(made.id.original);
  made.reply.destination = ip(seen);
  return made;
}

replica::Picture picture(const std::vector<netlink::Connection>& all) {
  replica::Picture made;
  for (const auto& each : all) {
    made.emplace(each.id, each);
  }
  return made;
}

TEST(Ending, WhatTheSiteSawOfAnAddressThatMovesGoesOn) {
  EXPECT_TRUE(goes_on(connection("100.83.0.10", "100.83.0.10"), kMoving));
  EXPECT_TRUE(goes_on(connection("100.83.0.10", "10.0.0.30"), kMoving));
  EXPECT_TRUE(goes_on(connection("100.83.0.10", "10.0.0.20"), kMoving));
  EXPECT_TRUE(goes_on(connection("240.0.0.10", "100.83.0.10"), kMoving));  // routed, by 4via6
  EXPECT_FALSE(goes_on(connection("100.83.0.10", "10.0.0.10"), kMoving));
  EXPECT_FALSE(goes_on(connection("240.0.0.10", "10.0.0.10"), kMoving));
}

TEST(Ending, WhatBeganAtTheSiteGoesOn) {
  EXPECT_TRUE(goes_on(connection("10.0.1.9", "10.0.1.9"), kMoving));
}

TEST(Ending, OfUdpSiblingsHearOnlyWhatGoesOn) {
  EXPECT_TRUE(concerns_siblings(connection("100.83.0.10", "10.0.0.10"), kMoving));
  EXPECT_FALSE(concerns_siblings(connection("100.83.0.10", "10.0.0.10", IPPROTO_UDP), kMoving));
  EXPECT_TRUE(concerns_siblings(connection("100.83.0.10", "10.0.0.30", IPPROTO_UDP), kMoving));
}

TEST(Ending, AtATakeoverTheMasqueradedOnesEnd) {
  const auto lost = connection("100.83.0.10", "10.0.0.10");
  const std::vector told = {lost, connection("100.83.0.11", "10.0.0.30"),
                            connection("100.83.0.12", "10.0.0.10", IPPROTO_UDP)};
  EXPECT_EQ(ended(told, {}, kMoving), std::vector{lost});
}

TEST(Ending, WhatLivesHereDoesNotEnd) {
  const auto own = connection("100.83.0.10", "10.0.0.10");
  EXPECT_TRUE(ended(std::vector{own}, picture({own}), kMoving).empty());
  // A client's packet was here before: the same ports, and another address towards the site.
  const auto anew = connection("100.83.0.10", "10.0.0.11");
  EXPECT_EQ(ended(std::vector{own}, picture({anew}), kMoving), std::vector{own});
}

}  // namespace
}  // namespace cw::ha::reset
