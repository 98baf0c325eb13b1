// SPDX-License-Identifier: Apache-2.0
#include "ha/arp/frame.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace cw::ha::arp {
namespace {

constexpr Mac kOwn = {0x02, 0, 0, 0, 0, 0x0a};

net::Ip ip(const char* text) {
  return *net::Ip::parse(text);
}

std::string hex(const Frame& frame) {
  return fmt::format("{:02x}", fmt::join(frame, ""));
}

// Written down by hand from the RFCs' figures; the checksums by tcpdump, which called them correct.
TEST(Frame, AnAnnouncementIsARequestOfItsOwnAddressToAll) {
  EXPECT_EQ(hex(arp_announcement(kOwn, ip("10.9.0.100"), Form::Request)),
            "ffffffffffff"
            "02000000000a"
            "0806"
            "0001080006040001"
            "02000000000a0a090064"
            "0000000000000a090064");
}

TEST(Frame, AnAnnouncementAsAReplyHasItsSenderAsTarget) {
  EXPECT_EQ(hex(arp_announcement(kOwn, ip("10.9.0.100"), Form::Reply)),
            "ffffffffffff"
            "02000000000a"
            "0806"
            "0001080006040002"
            "02000000000a0a090064"
            "02000000000a0a090064");
}

TEST(Frame, AProbeNamesNoSender) {
  EXPECT_EQ(hex(arp_probe(kOwn, ip("10.9.0.100"))),
            "ffffffffffff"
            "02000000000a"
            "0806"
            "0001080006040001"
            "02000000000a00000000"
            "0000000000000a090064");
}

TEST(Frame, AnAdvertisementOverridesAndIsARoutersToAllNodes) {
  EXPECT_EQ(hex(neighbor_advertisement(kOwn, ip("fd09::100"))),
            "333300000001"
            "02000000000a"
            "86dd"
            "6000000000203aff"
            "fd090000000000000000000000000100"
            "ff020000000000000000000000000001"
            "8800d881"
            "a0000000"
            "fd090000000000000000000000000100"
            "020102000000000a");
}

TEST(Frame, ASolicitationAsksTheGroupFromAnAddressThatStays) {
  EXPECT_EQ(hex(neighbor_solicitation(kOwn, ip("fe80::a"), ip("fd09::1:2345"))),
            "3333ff012345"
            "02000000000a"
            "86dd"
            "6000000000203aff"
            "fe80000000000000000000000000000a"
            "ff0200000000000000000001ff012345"
            "87003574"
            "00000000"
            "fd090000000000000000000000012345"
            "010102000000000a");
}

TEST(Frame, ItsOwnAnnouncementsAreClaimsAndItsQuestionsAreNone) {
  for (const auto form : {Form::Request, Form::Reply}) {
    EXPECT_EQ(claim_of(arp_announcement(kOwn, ip("10.9.0.100"), form)),
              (Claim{.ip = ip("10.9.0.100"), .mac = kOwn}));
  }
  EXPECT_EQ(claim_of(neighbor_advertisement(kOwn, ip("fd09::100"))),
            (Claim{.ip = ip("fd09::100"), .mac = kOwn}));
  EXPECT_EQ(claim_of(arp_probe(kOwn, ip("10.9.0.100"))), std::nullopt);
  EXPECT_EQ(claim_of(neighbor_solicitation(kOwn, ip("fe80::a"), ip("fd09::100"))), std::nullopt);
}

RC_GTEST_PROP(FrameProperty, AClaimComesBackWhateverTheAddress, ()) {
  const auto mac = *rc::gen::arbitrary<Mac>();
  const auto v4 = net::Ip::v4(*rc::gen::inRange<std::uint32_t>(1, 0xffffffff));
  auto bytes = *rc::gen::arbitrary<net::Ip::V6Bytes>();
  bytes[0] = 0xfd;
  const auto v6 = net::Ip::v6(bytes);
  RC_ASSERT(claim_of(arp_announcement(mac, v4, Form::Reply)) == (Claim{.ip = v4, .mac = mac}));
  RC_ASSERT(claim_of(neighbor_advertisement(mac, v6)) == (Claim{.ip = v6, .mac = mac}));
  RC_ASSERT(destination_of(neighbor_solicitation(mac, v6, v6)).has_value());
}

// A frame may be padded, and says the same; cut anywhere, it says nothing.
RC_GTEST_PROP(FrameProperty, ACutFrameSaysNothingAndAPaddedOneTheSame, ()) {
  const auto whole = *rc::gen::element(arp_announcement(kOwn, ip("10.9.0.100"), Form::Request),
                                       neighbor_advertisement(kOwn, ip("fd09::100")));
  auto padded = whole;
  padded.resize(whole.size() + *rc::gen::inRange<std::size_t>(0, 32));
  RC_ASSERT(claim_of(padded) == claim_of(whole));
  const auto cut = *rc::gen::inRange<std::size_t>(0, whole.size());
  RC_ASSERT(claim_of(Bytes(whole).first(cut)) == std::nullopt);
}

// Of an advertisement each bit counts, but for the MACs of its frame, traffic class and flow label.
RC_GTEST_PROP(FrameProperty, AnAdvertisementWithABitFlippedIsNoClaim, ()) {
  auto frame = neighbor_advertisement(kOwn, ip("fd09::100"));
  const auto at = *rc::gen::inRange<std::size_t>(kEthernetSize + 4, frame.size());
  frame[at] = static_cast<std::uint8_t>(frame[at] ^ (1U << *rc::gen::inRange(0U, 8U)));
  RC_ASSERT(claim_of(frame) == std::nullopt);
}

RC_GTEST_PROP(FrameProperty, AnyBytesAreReadWithinTheirBounds, ()) {
  const auto bytes = *rc::gen::arbitrary<Frame>();
  (void)claim_of(bytes);
  (void)destination_of(bytes);
}

TEST(Frame, ArpOfOtherHardwareOrProtocolOrOperationIsNoClaim) {
  const auto good = arp_announcement(kOwn, ip("10.9.0.100"), Form::Request);
  for (const std::size_t at : {kEthernetSize + 1, kEthernetSize + 2, kEthernetSize + 4,
                               kEthernetSize + 5, kEthernetSize + 6}) {
    auto bad = good;
    bad[at] ^= 0x40U;
    EXPECT_EQ(claim_of(bad), std::nullopt) << at;
  }
}

}  // namespace
}  // namespace cw::ha::arp
