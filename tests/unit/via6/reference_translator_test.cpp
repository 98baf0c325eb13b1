// SPDX-License-Identifier: Apache-2.0
#include "tests/support/reference_translator.h"

#include <gmock/gmock.h>

#include "tests/support/ip_packets.h"

// The reference itself, by what the RFCs say in words, tables and examples.
namespace cw::test {
namespace {

net::Ip ip(const char* text) {
  return *net::Ip::parse(text);
}

const net::Ip kPeer6 = ip("fd12:3456:789a::6465:8005");
const net::Ip kVia = ip("fd12:3456:789a:b1a:0:7:a00:105");
const net::Ip kImage = ip("240.37.128.5");
const net::Ip kHost = ip("10.0.1.5");
const Bytes kData = {'h', 'e', 'l', 'l', 'o'};

via6::Parameters parameters() {
  return {.via_prefix = *net::Prefix::parse("fd12:3456:789a:b1a::/64"),
          .site = net::SiteId{7},
          .routes = {*net::Prefix::parse("10.0.0.0/16")},
          .ula = *net::Prefix::parse("fd12:3456:789a::/48"),
          .block = *net::Block::from(*net::Prefix::parse("100.101.128.0/17")),
          .gateway = ip("100.101.0.1"),
          .mtu = 1420};
}

Translation from(std::span<const std::uint8_t> bytes) {
  return translate(parameters(), Direction::FromTunnel, bytes);
}

Translation to(std::span<const std::uint8_t> bytes) {
  return translate(parameters(), Direction::ToTunnel, bytes);
}

Ipv6 ipv6(std::uint8_t next) {
  return {.source = kPeer6, .destination = kVia, .next = next};
}

Ipv4 ipv4(std::uint8_t protocol) {
  return {.source = kHost, .destination = kImage, .protocol = protocol};
}

std::span<const std::uint8_t> tail(const Bytes& bytes, std::size_t from) {
  return std::span(bytes).subspan(from);
}

Bytes error_to_peer(std::uint8_t type, std::uint8_t code, std::uint32_t rest) {
  const auto inside =
      packet({.source = kImage, .destination = kHost, .protocol = 17}, udp(kImage, kHost, kData));
  return packet(ipv4(1), icmp(type, code, rest, inside));
}

Bytes error_to_site(std::uint8_t type, std::uint8_t code, std::uint32_t rest) {
  const auto inside =
      packet(Ipv6{.source = kVia, .destination = kPeer6, .next = 17}, udp(kVia, kPeer6, kData));
  return packet(ipv6(58), icmpv6(kPeer6, kVia, type, code, rest, inside));
}

// Type, code and the four bytes behind the checksum of what an error became.
std::array<std::uint64_t, 3> became(const Translation& made) {
  if (made.packet.empty()) {
    return {0, 0, made.outcome};
  }
  const auto icmp = tail(made.packet, made.packet[0] >> 4U == 4 ? 20 : 40);
  return {icmp[0], icmp[1],
          std::uint64_t{icmp[4]} << 24U | std::uint64_t{icmp[5]} << 16U |
              std::uint64_t{icmp[6]} << 8U | icmp[7]};
}

// RFC 6052 section 2.4: an address behind a /96.
TEST(ReferenceTranslator, EmbedsAddressesAsTheTableSays) {
  auto of_the_table = parameters();
  of_the_table.via_prefix = *net::Prefix::parse("2001:db8:122:344::/64");
  of_the_table.routes = {*net::Prefix::parse("192.0.2.0/24")};
  const auto source = ip("192.0.2.33");
  const auto made = translate(of_the_table, Direction::ToTunnel,
                              packet({.source = source, .destination = kImage, .protocol = 17},
                                     udp(source, kImage, kData)));
  ASSERT_FALSE(made.packet.empty());
  EXPECT_EQ(net::Ip::from_bytes(tail(made.packet, 8).first(16))->to_text(),
            "2001:db8:122:344:0:7:c000:221");
}

TEST(ReferenceTranslator, MakesTheSamePacketThatTheOtherStackWouldSend) {
  for (const auto protocol : {std::uint8_t{6}, std::uint8_t{17}}) {
    const auto payload = protocol == 6 ? &tcp : &udp;
    auto header6 = ipv6(protocol);
    header6.traffic_class = 0xb8;
    header6.hop_limit = 3;
    Ipv4 header4{.source = kImage,
                 .destination = kHost,
                 .protocol = protocol,
                 .traffic_class = 0xb8,
                 .ttl = 3,
                 .fragment = 0};
    const auto made = from(packet(header6, payload(kPeer6, kVia, kData)));
    EXPECT_EQ(made.packet, packet(header4, payload(kImage, kHost, kData)));
    EXPECT_TRUE(made.free_id);

    auto answer4 = ipv4(protocol);
    answer4.traffic_class = 0xb8;
    const Ipv6 answer6{
        .source = kVia, .destination = kPeer6, .next = protocol, .traffic_class = 0xb8};
    EXPECT_EQ(to(packet(answer4, payload(kHost, kImage, kData))).packet,
              packet(answer6, payload(kVia, kPeer6, kData)));
  }
}

TEST(ReferenceTranslator, TranslatesEchoBothWays) {
  EXPECT_EQ(from(packet(ipv6(58), icmpv6(kPeer6, kVia, 128, 0, 7, kData))).packet,
            packet({.source = kImage, .destination = kHost, .protocol = 1, .fragment = 0},
                   icmp(8, 0, 7, kData)));
  EXPECT_EQ(to(packet(ipv4(1), icmp(0, 0, 7, kData))).packet,
            packet(Ipv6{.source = kVia, .destination = kPeer6, .next = 58},
                   icmpv6(kVia, kPeer6, 129, 0, 7, kData)));
}

// RFC 7915 section 5.1: DF from 1261 bytes on.
TEST(ReferenceTranslator, ForbidsFragmentingOnlyWhatIpv6CouldNotCarry) {
  for (const std::size_t size : {1260U, 1261U}) {
    const auto made = from(packet(ipv6(17), udp(kPeer6, kVia, Bytes(size - 28))));
    ASSERT_EQ(made.packet.size(), size);
    EXPECT_EQ(made.packet[6], size == 1260 ? 0 : 0x40);
    EXPECT_EQ(made.free_id, size == 1260);
  }
}

TEST(ReferenceTranslator, TranslatesFragmentsBothWays) {
  auto header = ipv6(17);
  header.extensions = {fragment_header(185, true, 0xabcd1234)};
  EXPECT_EQ(from(packet(header, kData)).packet, packet({.source = kImage,
                                                        .destination = kHost,
                                                        .protocol = 17,
                                                        .id = 0x1234,
                                                        .fragment = 0x2000 + 185},
                                                       kData));
  auto header4 = ipv4(17);
  header4.id = 0x1234;
  header4.fragment = 0x2000 + 185;
  EXPECT_EQ(to(packet(header4, kData)).packet,
            packet(Ipv6{.source = kVia,
                        .destination = kPeer6,
                        .next = 17,
                        .extensions = {fragment_header(185, true, 0x1234)}},
                   kData));
}

TEST(ReferenceTranslator, SkipsHeadersThatIpv4LacksButNoUnfinishedRoute) {
  auto header = ipv6(17);
  header.extensions = {{.number = 0, .bytes = Bytes(8)},
                       {.number = 43, .bytes = {0, 0, 2, 0, 0, 0, 0, 0}},
                       {.number = 60, .bytes = {0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}};
  const auto datagram = udp(kPeer6, kVia, kData);
  EXPECT_EQ(from(packet(header, datagram)).packet, from(packet(ipv6(17), datagram)).packet);
  header.extensions[1].bytes[3] = 1;
  EXPECT_EQ(from(packet(header, datagram)).outcome, CW_VIA6_SOURCE_ROUTE);
}

TEST(ReferenceTranslator, LeavesOutOptionsButNoUnfinishedRoute) {
  auto header = ipv4(17);
  header.options = {131, 7, 8, 10, 0, 0, 1, 0};  // its pointer is behind its end
  const auto datagram = udp(kHost, kImage, kData);
  EXPECT_EQ(to(packet(header, datagram)).packet, to(packet(ipv4(17), datagram)).packet);
  header.options[2] = 4;
  EXPECT_EQ(to(packet(header, datagram)).outcome, CW_VIA6_SOURCE_ROUTE);
}

// RFC 7915 section 4.5.
TEST(ReferenceTranslator, GivesUdpTheChecksumThatIpv6Demands) {
  auto datagram = udp(kHost, kImage, kData);
  const auto complete = to(packet(ipv4(17), datagram)).packet;
  set_number(datagram, 6, 0, 2);
  EXPECT_EQ(to(packet(ipv4(17), datagram)).packet, complete);
  auto fragment = ipv4(17);
  fragment.fragment = 0x2000;
  EXPECT_EQ(to(packet(fragment, datagram)).outcome, CW_VIA6_NO_CHECKSUM);
}

// RFC 7915 section 4.2.
TEST(ReferenceTranslator, MapsErrorsToPeersAsTheTableSays) {
  const std::uint64_t none = CW_VIA6_ICMP_TYPE;
  using Case = std::pair<std::array<std::uint32_t, 3>, std::array<std::uint64_t, 3>>;
  const std::vector<Case> cases = {{{3, 0, 0}, {1, 0, 0}},
                                   {{3, 1, 0}, {1, 0, 0}},
                                   {{3, 2, 0}, {4, 1, 6}},
                                   {{3, 3, 0}, {1, 4, 0}},
                                   {{3, 4, 1300}, {2, 0, 1320}},
                                   {{3, 4, 576}, {2, 0, 1280}},
                                   {{3, 4, 9000}, {2, 0, 1420}},
                                   {{3, 4, 0}, {2, 0, 1280}},
                                   {{3, 5, 0}, {1, 0, 0}},
                                   {{3, 9, 0}, {1, 1, 0}},
                                   {{3, 10, 0}, {1, 1, 0}},
                                   {{3, 13, 0}, {1, 1, 0}},
                                   {{3, 14, 0}, {0, 0, none}},
                                   {{3, 15, 0}, {1, 1, 0}},
                                   {{11, 0, 0}, {3, 0, 0}},
                                   {{11, 1, 0}, {3, 1, 0}},
                                   {{12, 0, 0x08000000}, {4, 0, 7}},
                                   {{12, 0, 0x09000000}, {4, 0, 6}},
                                   {{12, 2, 0x02000000}, {4, 0, 4}},
                                   {{12, 0, 0x0c000000}, {4, 0, 8}},
                                   {{12, 0, 0x10000000}, {4, 0, 24}},
                                   {{12, 0, 0x04000000}, {0, 0, none}},
                                   {{12, 0, 0x14000000}, {0, 0, none}},
                                   {{12, 1, 0}, {0, 0, none}},
                                   {{5, 0, 0}, {0, 0, none}},
                                   {{13, 0, 0}, {0, 0, none}}};
  for (const auto& [in, out] : cases) {
    const auto made = to(
        error_to_peer(static_cast<std::uint8_t>(in[0]), static_cast<std::uint8_t>(in[1]), in[2]));
    EXPECT_EQ(became(made), out) << in[0] << "/" << in[1] << "/" << in[2];
  }
}

// RFC 7915 section 5.2.
TEST(ReferenceTranslator, MapsErrorsToTheSiteAsTheTableSays) {
  const std::uint64_t none = CW_VIA6_ICMP_TYPE;
  using Case = std::pair<std::array<std::uint32_t, 3>, std::array<std::uint64_t, 3>>;
  const std::vector<Case> cases = {{{1, 0, 0}, {3, 1, 0}},
                                   {{1, 1, 0}, {3, 10, 0}},
                                   {{1, 2, 0}, {3, 1, 0}},
                                   {{1, 3, 0}, {3, 1, 0}},
                                   {{1, 4, 0}, {3, 3, 0}},
                                   {{1, 5, 0}, {0, 0, none}},
                                   {{2, 0, 1400}, {3, 4, 1380}},
                                   {{2, 0, 100}, {3, 4, 1260}},
                                   {{2, 0, 9000}, {3, 4, 1400}},
                                   {{3, 0, 0}, {11, 0, 0}},
                                   {{3, 1, 0}, {11, 1, 0}},
                                   {{4, 1, 40}, {3, 2, 0}},
                                   {{4, 0, 6}, {12, 0, 0x09000000}},
                                   {{4, 0, 7}, {12, 0, 0x08000000}},
                                   {{4, 0, 4}, {12, 0, 0x02000000}},
                                   {{4, 0, 8}, {12, 0, 0x0c000000}},
                                   {{4, 0, 24}, {12, 0, 0x10000000}},
                                   {{4, 0, 2}, {0, 0, none}},
                                   {{4, 0, 40}, {0, 0, none}},
                                   {{4, 2, 0}, {0, 0, none}},
                                   {{135, 0, 0}, {0, 0, none}}};
  for (const auto& [in, out] : cases) {
    const auto made = from(
        error_to_site(static_cast<std::uint8_t>(in[0]), static_cast<std::uint8_t>(in[1]), in[2]));
    EXPECT_EQ(became(made), out) << in[0] << "/" << in[1] << "/" << in[2];
  }
}

// A router that does not know the MTU (RFC 7915 section 4.2, RFC 1191 section 7.1).
TEST(ReferenceTranslator, GuessesAnMtuByThePlateaus) {
  auto with_jumbo = parameters();
  with_jumbo.mtu = 9000;
  auto inside =
      packet({.source = kImage, .destination = kHost, .protocol = 17}, udp(kImage, kHost, kData));
  set_number(inside, 2, 4352, 2);
  const auto made =
      translate(with_jumbo, Direction::ToTunnel, packet(ipv4(1), icmp(3, 4, 0, inside)));
  EXPECT_EQ(became(made), (std::array<std::uint64_t, 3>{2, 0, 2022}));
}

TEST(ReferenceTranslator, ErrorsHoldThePacketThatTheirReceiverSent) {
  const auto sent6 = packet(ipv6(17), udp(kPeer6, kVia, kData));
  auto sent4 = from(sent6).packet;
  const auto error6 = to(packet(ipv4(1), icmp(3, 3, 0, sent4))).packet;
  ASSERT_FALSE(error6.empty());
  EXPECT_TRUE(std::ranges::equal(tail(error6, 48), sent6));
  EXPECT_TRUE(has_right_checksums(error6));

  const auto answer4 = packet(ipv4(6), tcp(kHost, kImage, kData));
  const auto answer6 = to(answer4).packet;
  const auto error4 = from(packet(ipv6(58), icmpv6(kPeer6, kVia, 1, 4, 0, answer6))).packet;
  ASSERT_FALSE(error4.empty());
  auto inside = Bytes(error4.begin() + 28, error4.end());
  EXPECT_TRUE(has_right_checksums(inside));
  EXPECT_TRUE(has_right_checksums(error4));
  EXPECT_TRUE(std::ranges::equal(tail(inside, 20), tail(answer4, 20)));
}

// RFC 4443 section 2.4 (c), RFC 4884.
TEST(ReferenceTranslator, CutsErrorsToTheSmallestMtuAndTheirExtensionsOff) {
  const auto large = packet({.source = kImage, .destination = kHost, .protocol = 17},
                            udp(kImage, kHost, Bytes(1372)));
  const auto cut = to(packet(ipv4(1), icmp(3, 3, 0, large))).packet;
  EXPECT_EQ(cut.size(), 1280U);
  EXPECT_TRUE(has_right_checksums(cut));

  auto padded =
      packet({.source = kImage, .destination = kHost, .protocol = 17}, udp(kImage, kHost, kData));
  padded.resize(128);
  const auto plain = to(packet(ipv4(1), icmp(11, 0, 0, padded))).packet;
  padded.resize(140, 0x55);
  EXPECT_EQ(to(packet(ipv4(1), icmp(11, 0, 32U << 16U, padded))).packet, plain);
}

TEST(ReferenceTranslator, ErrorsAboutErrorsAndOfStrangersAreDropped) {
  const auto inner =
      packet({.source = kImage, .destination = kHost, .protocol = 1}, icmp(3, 3, 0, kData));
  EXPECT_EQ(to(packet(ipv4(1), icmp(3, 3, 0, inner))).outcome, CW_VIA6_INNER_ERROR);
  const auto stranger = packet({.source = ip("240.37.128.6"), .destination = kHost, .protocol = 17},
                               udp(kImage, kHost, kData));
  EXPECT_EQ(to(packet(ipv4(1), icmp(3, 3, 0, stranger))).outcome, CW_VIA6_INNER_ADDRESS);
}

TEST(ReferenceTranslator, SourcesOfErrorsThatMeanNothingBecomeTheDummyAddress) {
  auto error = error_to_peer(11, 0, 0);
  const auto from_where = [&](const char* source) {
    std::ranges::copy(ip(source).bytes(), error.begin() + 12);
    const auto made = to(error).packet;
    return made.empty() ? "dropped" : net::Ip::from_bytes(tail(made, 8).first(16))->to_text();
  };
  EXPECT_EQ(from_where("172.16.0.1"), "fd12:3456:789a:b1a:0:7:ac10:1");
  EXPECT_EQ(from_where("169.254.169.1"), "fd12:3456:789a:b1a:0:7:c000:8");
  EXPECT_EQ(from_where("100.101.0.1"), "fd12:3456:789a::6465:1");
}

TEST(ReferenceTranslator, DropsWhatIsNotTranslatedAndPassesWhatIsNotItsOwn) {
  const auto outcome = [](const char* destination) {
    return from(packet(Ipv6{.source = kPeer6, .destination = ip(destination), .next = 17},
                       udp(kPeer6, ip(destination), kData)));
  };
  EXPECT_EQ(outcome("fd12:3456:789a:b1a:0:8:a00:105").outcome, CW_VIA6_OTHER_SITE);
  EXPECT_EQ(outcome("fd12:3456:789a:b1a:1:7:a00:105").outcome, CW_VIA6_OTHER_SITE);
  EXPECT_EQ(outcome("fd12:3456:789a:b1a:0:7:a9fe:a9fe").outcome, CW_VIA6_NEVER);
  EXPECT_EQ(outcome("fd12:3456:789a:b1a:0:7:7f00:1").outcome, CW_VIA6_NEVER);
  EXPECT_EQ(outcome("fd12:3456:789a:b1a:0:7:e000:1").outcome, CW_VIA6_NEVER);
  EXPECT_EQ(outcome("fd12:3456:789a:b1a:0:7:a01:105").outcome, CW_VIA6_NO_ROUTE);
  EXPECT_TRUE(outcome("fd12:3456:789a::6465:1").passes);
  EXPECT_TRUE(
      to(packet({.source = kHost, .destination = ip("100.101.128.5"), .protocol = 17}, kData))
          .passes);
}

}  // namespace
}  // namespace cw::test
