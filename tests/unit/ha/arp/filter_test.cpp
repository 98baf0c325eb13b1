// SPDX-License-Identifier: Apache-2.0
#include "ha/arp/filter.h"

#include <algorithm>

#include <linux/if_packet.h>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "ha/arp/frame.h"

namespace cw::ha::arp {
namespace {

constexpr Mac kOwn = {0x02, 0, 0, 0, 0, 0x0a};
constexpr auto kPacketType = static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PKTTYPE);

// What the kernel would do, of the instructions that are used here; a load behind the end lets
// nothing through.
std::uint32_t run(const Filter& filter, Bytes frame, std::uint8_t type = PACKET_HOST) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < filter.size(); ++i) {
    const auto& each = filter[i];
    const std::size_t size = BPF_SIZE(each.code) == BPF_W ? 4 : 1;
    switch (BPF_CLASS(each.code)) {
      case BPF_LD:
        if (each.k == kPacketType) {
          value = type;
          break;
        }
        if (each.k + size > frame.size()) {
          return 0;
        }
        value = 0;
        for (std::size_t b = 0; b < size; ++b) {
          value = value << 8U | frame[each.k + b];
        }
        break;
      case BPF_JMP:
        i += value == each.k ? each.jt : each.jf;
        break;
      case BPF_RET:
        return each.k;
      default:
        ADD_FAILURE() << "instruction " << each.code;
        return 0;
    }
  }
  ADD_FAILURE() << "the end was run over";
  return 0;
}

net::Ip arbitrary_ip() {
  // Few, and alike in all words but some.
  if (*rc::gen::arbitrary<bool>()) {
    return net::Ip::v4(0x0a090000U + *rc::gen::inRange(1U, 8U));
  }
  net::Ip::V6Bytes bytes{0xfd};
  bytes[*rc::gen::element(1U, 5U, 9U, 15U)] = *rc::gen::inRange<std::uint8_t>(0, 3);
  return net::Ip::v6(bytes);
}

// The last 32 bits; the rest is compared by who reads the frame.
bool is_like_one_of(const std::vector<net::Ip>& addresses, const net::Ip& ip) {
  return std::ranges::any_of(addresses, [&](const net::Ip& each) {
    return each.family() == ip.family() && each.low32() == ip.low32();
  });
}

RC_GTEST_PROP(FilterProperty, ClaimsOfTheseAddressesPassAndNoOthers, ()) {
  const auto addresses = *rc::gen::container<std::vector<net::Ip>>(rc::gen::exec(arbitrary_ip));
  const auto ip = arbitrary_ip();
  const bool ours = is_like_one_of(addresses, ip);
  const auto frame =
      ip.is_v4() ? arp_announcement(kOwn, ip, Form::Request) : neighbor_advertisement(kOwn, ip);
  const auto filter = ip.is_v4() ? arp_by(addresses) : advertisements_of(addresses);
  RC_ASSERT((run(filter, frame) >= frame.size()) == ours);
  RC_ASSERT(run(filter, Bytes(frame).first(kEthernetSize)) == 0U);
}

RC_GTEST_PROP(FilterProperty, PacketsToTheseAddressesAndUsPassAndNoOthers, ()) {
  const auto addresses = *rc::gen::container<std::vector<net::Ip>>(rc::gen::exec(arbitrary_ip));
  const auto ip = arbitrary_ip();
  const bool ours = is_like_one_of(addresses, ip);
  Frame frame(kEthernetSize + 60);
  frame[12] = ip.is_v4() ? 0x08 : 0x86;
  frame[13] = ip.is_v4() ? 0x00 : 0xdd;
  std::ranges::copy(ip.bytes(),
                    frame.begin() + (ip.is_v4() ? kIpv4DestinationAt : kIpv6DestinationAt));
  RC_ASSERT(destination_of(frame) == ip);
  const auto filter = packets_to(addresses, ip.family());
  RC_ASSERT((run(filter, frame) != 0) == ours);
  RC_ASSERT(run(filter, frame, PACKET_OTHERHOST) == 0U);
  RC_ASSERT(run(filter, frame, PACKET_BROADCAST) == 0U);
}

TEST(Filter, ProbesAndSolicitationsOfOurAddressesDoNotWakeUs) {
  const auto v4 = *net::Ip::parse("10.9.0.100");
  const auto v6 = *net::Ip::parse("fd09::100");
  EXPECT_EQ(run(arp_by({v4}), arp_probe(kOwn, v4)), 0U);
  EXPECT_EQ(
      run(advertisements_of({v6}), neighbor_solicitation(kOwn, *net::Ip::parse("fe80::a"), v6)),
      0U);
}

TEST(Filter, TheMostAddressesFitIntoWhatTheKernelTakes) {
  std::vector<net::Ip> many;
  for (std::uint32_t i = 0; i < kMostAddresses; ++i) {
    many.push_back(net::Ip::v6({0xfd}).with_low32(i));
  }
  constexpr std::size_t kHalfOfOptmem = 10240 / sizeof(sock_filter);
  EXPECT_LE(packets_to(many, net::Family::V6).size(), kHalfOfOptmem);
  EXPECT_LE(advertisements_of(many).size(), kHalfOfOptmem);
}

}  // namespace
}  // namespace cw::ha::arp
