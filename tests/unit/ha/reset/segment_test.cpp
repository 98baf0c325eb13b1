// SPDX-License-Identifier: Apache-2.0
#include "ha/reset/segment.h"

#include <array>
#include <string>

#include <netinet/in.h>
#include <sys/socket.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/unique_fd.h"
#include "tests/support/ip_packets.h"

namespace cw::ha::reset {
namespace {

net::Ip ip(const char* text) {
  return *net::Ip::parse(text);
}

netlink::Tuple client(bool v6 = false) {
  return {.source = ip(v6 ? "fd5e::6453:a" : "100.83.0.10"),
          .destination = ip(v6 ? "2001:db8:10::1:5" : "10.0.1.5"),
          .source_port = 40000,
          .destination_port = 5432};
}

std::string hex(const Packet& packet) {
  return fmt::format("{:02x}", fmt::join(packet, ""));
}

constexpr std::uint8_t kFin = 0x01;
constexpr std::uint8_t kSyn = 0x02;
constexpr std::uint8_t kRst = 0x04;
constexpr std::uint8_t kPush = 0x08;
constexpr std::uint8_t kAck = 0x10;

// What a client sends, with `options` bytes of them.
Packet sent(bool v6, std::uint8_t flags, std::size_t data = 0, std::size_t options = 12) {
  auto packet = provocation(netlink::inverse(client(v6)));
  const std::size_t tcp = v6 ? 40 : 20;
  packet[tcp + 13] = flags;
  packet[tcp + 12] = static_cast<std::uint8_t>((20 + options) / 4 << 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    packet[tcp + 4 + i] = static_cast<std::uint8_t>(0x11 + i);
    packet[tcp + 8 + i] = static_cast<std::uint8_t>(0xfc + i);
  }
  packet.resize(packet.size() + options + data, 1);
  const auto size = packet.size() - (v6 ? 40 : 0);
  packet[v6 ? 4 : 2] = static_cast<std::uint8_t>(size >> 8U);
  packet[v6 ? 5 : 3] = static_cast<std::uint8_t>(size);
  return packet;
}

// By hand from the RFCs' figures.
TEST(Segment, AProvocationIsASynWithAckFromTheServer) {
  const auto packet = provocation(client());
  EXPECT_EQ(hex(packet).substr(0, 20), "45000028000040004006");
  EXPECT_EQ(hex(packet).substr(24, 16), "0a0001056453000a");
  EXPECT_EQ(hex(packet).substr(40, 32), "15389c40000000000000000050120000");
  EXPECT_TRUE(test::has_right_checksums(packet));
  const auto packet6 = provocation(client(true));
  EXPECT_EQ(hex(packet6).substr(0, 16), "6000000000140640");
  EXPECT_TRUE(test::has_right_checksums(packet6));
}

TEST(Segment, AResetHasTheNumberThatTheClientExpects) {
  for (const bool v6 : {false, true}) {
    const auto segment = read(sent(v6, kAck));
    ASSERT_TRUE(segment);
    const auto packet = reset_of(*segment);
    EXPECT_TRUE(test::has_right_checksums(packet));
    const auto back = read(packet);
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, (Segment{.tuple = netlink::inverse(client(v6)),
                              .sequence = 0xfcfdfeff,
                              .acknowledged = 0,
                              .rst = true}));
  }
}

TEST(Segment, IsReadWhateverItsOptions) {
  for (const bool v6 : {false, true}) {
    EXPECT_EQ(
        read(sent(v6, kAck | kPush, 100, 20)),
        (Segment{
            .tuple = client(v6), .sequence = 0x11121314, .acknowledged = 0xfcfdfeff, .ack = true}));
  }
}

TEST(Segment, WhatIsNoSegmentIsNone) {
  for (const bool v6 : {false, true}) {
    const auto whole = sent(v6, kAck, 0, 0);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(read(Bytes(whole).first(size))) << size;
    }
    auto udp = whole;
    udp[v6 ? 6 : 9] = IPPROTO_UDP;
    EXPECT_FALSE(read(udp));
  }
  auto fragment = sent(false, kAck);
  fragment[7] = 1;
  EXPECT_FALSE(read(fragment));
  auto first = sent(false, kAck);
  first[6] = 0x20;
  EXPECT_FALSE(read(first));
  auto options = sent(false, kAck);
  options[0] = 0x4f;  // IP options to behind its end
  EXPECT_FALSE(read(options));
}

// The kernel runs socket filters on other sockets than those of packets as well.
class Filtered {
 public:
  explicit Filtered(net::Family family) {
    std::array<int, 2> pair{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair.data()), 0);
    in_ = UniqueFd(pair[0]);
    out_ = UniqueFd(pair[1]);
    auto code = filter(family);
    const sock_fprog program{.len = static_cast<unsigned short>(code.size()),
                             .filter = code.data()};
    EXPECT_EQ(::setsockopt(out_.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), 0);
  }

  // Bytes that come through; 0: none.
  std::size_t through(const Packet& packet) {
    (void)::send(in_.get(), packet.data(), packet.size(), 0);  // EPERM where it is filtered
    std::array<std::uint8_t, 2048> buffer{};
    const auto size = ::recv(out_.get(), buffer.data(), buffer.size(), 0);
    return size < 0 ? 0 : static_cast<std::size_t>(size);
  }

 private:
  UniqueFd in_;
  UniqueFd out_;
};

TEST(Segment, TheFilterLetsThroughWhatHasNoDataOrBeginsOrEnds) {
  for (const bool v6 : {false, true}) {
    Filtered socket(v6 ? net::Family::V6 : net::Family::V4);
    for (const auto options : {std::size_t{0}, std::size_t{12}, std::size_t{40}}) {
      const auto pure = sent(v6, kAck, 0, options);
      EXPECT_EQ(socket.through(pure), pure.size());
      EXPECT_GT(socket.through(sent(v6, kAck | kFin, 0, options)), 0U);
      EXPECT_EQ(socket.through(sent(v6, kAck | kPush, 1, options)), 0U);
      EXPECT_EQ(socket.through(sent(v6, kAck, 1300, options)), 0U);
      EXPECT_EQ(socket.through(sent(v6, kSyn, 1300, options)), kMostRead);
      EXPECT_GT(socket.through(sent(v6, kRst | kAck, 0, options)), 0U);
    }
    auto udp = sent(v6, kAck);
    udp[v6 ? 6 : 9] = IPPROTO_UDP;
    EXPECT_EQ(socket.through(udp), 0U);
    EXPECT_EQ(socket.through({}), 0U);
  }
  Filtered socket(net::Family::V4);
  auto fragment = sent(false, kAck);
  fragment[6] = 0x20;
  EXPECT_EQ(socket.through(fragment), 0U);
}

}  // namespace
}  // namespace cw::ha::reset
