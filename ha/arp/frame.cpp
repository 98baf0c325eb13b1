// SPDX-License-Identifier: Apache-2.0
#include "ha/arp/frame.h"

#include <algorithm>

namespace cw::ha::arp {

namespace {

constexpr std::uint16_t kEtherArp = 0x0806;
constexpr std::uint16_t kEtherIpv4 = 0x0800;
constexpr std::uint16_t kEtherIpv6 = 0x86dd;

constexpr std::uint16_t kHardwareEthernet = 1;
constexpr std::uint16_t kRequest = 1;
constexpr std::uint16_t kReply = 2;

constexpr std::size_t kArpFrame = kEthernetSize + 28;
constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;
constexpr std::size_t kNdHeader = 24;  // type, code, checksum, flags or reserved, target
constexpr std::size_t kLinkOption = 8;

constexpr std::uint8_t kNeighborSolicitation = 135;
constexpr std::uint8_t kSourceLinkOption = 1;
constexpr std::uint8_t kTargetLinkOption = 2;
constexpr std::uint8_t kHopLimit = 255;  // nobody behind a router can have sent it

// We are a router, and say so: a host that took an address from a router's list of neighbours and
// reads otherwise drops it from its default routers (RFC 4861, 7.2.5).
constexpr std::uint8_t kFlagRouter = 0x80;
constexpr std::uint8_t kFlagSolicited = 0x40;
constexpr std::uint8_t kFlagOverride = 0x20;

constexpr Mac kBroadcast = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
constexpr Mac kNobody = {};
constexpr Mac kAllNodesMac = {0x33, 0x33, 0, 0, 0, 1};

constexpr net::Ip kAllNodes = net::Ip::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});

void put(Frame& frame, Bytes bytes) {
  frame.insert(frame.end(), bytes.begin(), bytes.end());
}

void put16(Frame& frame, std::uint16_t value) {
  frame.push_back(static_cast<std::uint8_t>(value >> 8U));
  frame.push_back(static_cast<std::uint8_t>(value));
}

std::uint16_t get16(Bytes bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8U | bytes[at + 1]);
}

Mac mac_at(Bytes bytes, std::size_t at) {
  Mac mac{};
  std::ranges::copy(bytes.subspan(at, mac.size()), mac.begin());
  return mac;
}

// Of that many bytes: in bounds by the caller, so there is always one.
net::Ip ip_at(Bytes bytes, std::size_t at, std::size_t size) {
  return net::Ip::from_bytes(bytes.subspan(at, size)).value_or(net::Ip());
}

Frame ethernet(const Mac& to, const Mac& from, std::uint16_t type) {
  Frame frame;
  put(frame, to);
  put(frame, from);
  put16(frame, type);
  return frame;
}

Frame arp(const Mac& own, std::uint16_t operation, const net::Ip& sender, const Mac& target_mac,
          const net::Ip& target) {
  auto frame = ethernet(kBroadcast, own, kEtherArp);
  put16(frame, kHardwareEthernet);
  put16(frame, kEtherIpv4);
  frame.push_back(static_cast<std::uint8_t>(own.size()));
  frame.push_back(static_cast<std::uint8_t>(sender.bytes().size()));
  put16(frame, operation);
  put(frame, own);
  put(frame, sender.bytes());
  put(frame, target_mac);
  put(frame, target.bytes());
  return frame;
}

// Of an IPv6 packet, the pseudo-header of RFC 8200, 8.1 included; 0 where the packet's own is
// right.
std::uint16_t icmpv6_checksum(Bytes packet) {
  const auto payload = packet.subspan(kIpv6Header);
  std::uint32_t sum = static_cast<std::uint32_t>(payload.size()) + kIcmpv6;
  for (std::size_t i = 8; i < kIpv6Header; i += 2) {
    sum += get16(packet, i);
  }
  for (std::size_t i = 0; i + 1 < payload.size(); i += 2) {
    sum += get16(payload, i);
  }
  if (payload.size() % 2 != 0) {
    sum += std::uint32_t{payload.back()} << 8U;
  }
  while (sum > 0xffff) {
    sum = (sum & 0xffffU) + (sum >> 16U);
  }
  return static_cast<std::uint16_t>(~sum);
}

Frame neighbor_discovery(const Mac& to, const Mac& own, const net::Ip& source,
                         const net::Ip& destination, std::uint8_t type, std::uint8_t flags,
                         const net::Ip& target, std::uint8_t option) {
  auto frame = ethernet(to, own, kEtherIpv6);
  put16(frame, 0x6000);  // version 6
  put16(frame, 0);
  put16(frame, kNdHeader + kLinkOption);
  frame.push_back(kIcmpv6);
  frame.push_back(kHopLimit);
  put(frame, source.bytes());
  put(frame, destination.bytes());
  frame.push_back(type);
  frame.push_back(0);
  const auto checksum_at = frame.size();
  put16(frame, 0);
  frame.push_back(flags);
  frame.push_back(0);
  put16(frame, 0);
  put(frame, target.bytes());
  frame.push_back(option);
  frame.push_back(kLinkOption / 8);
  put(frame, own);
  const auto sum = icmpv6_checksum(Bytes(frame).subspan(kEthernetSize));
  frame[checksum_at] = static_cast<std::uint8_t>(sum >> 8U);
  frame[checksum_at + 1] = static_cast<std::uint8_t>(sum);
  return frame;
}

std::optional<Claim> arp_claim(Bytes frame) {
  if (frame.size() < kArpFrame) {
    return std::nullopt;
  }
  const auto body = frame.subspan(kEthernetSize);
  const auto operation = get16(body, 6);
  if (get16(body, 0) != kHardwareEthernet || get16(body, 2) != kEtherIpv4 || body[4] != 6 ||
      body[5] != 4 || (operation != kRequest && operation != kReply)) {
    return std::nullopt;
  }
  const auto sender = ip_at(frame, kArpSenderAt, 4);
  if (sender == net::Ip()) {
    return std::nullopt;  // a probe
  }
  return Claim{.ip = sender, .mac = mac_at(body, 8)};
}

// The MAC that the option names, or else the frame's sender. None where the options do not fit
// (RFC 4861, 4.6: of length 0 they are discarded).
std::optional<Mac> advertised_mac(Bytes frame, Bytes options) {
  auto mac = mac_at(frame, 6);
  while (!options.empty()) {
    if (options.size() < 2 || options[1] == 0 || options.size() < options[1] * std::size_t{8}) {
      return std::nullopt;
    }
    if (options[0] == kTargetLinkOption) {
      mac = mac_at(options, 2);
    }
    options = options.subspan(options[1] * std::size_t{8});
  }
  return mac;
}

// The checks of RFC 4861, 7.1.2.
std::optional<Claim> advertised_claim(Bytes frame) {
  auto packet = frame.subspan(kEthernetSize);
  if (packet.size() < kIpv6Header + kNdHeader) {
    return std::nullopt;
  }
  const std::size_t size = kIpv6Header + get16(packet, 4);
  if (packet[0] >> 4U != 6 || packet[6] != kIcmpv6 || packet[7] != kHopLimit ||
      size < kIpv6Header + kNdHeader || packet.size() < size) {
    return std::nullopt;
  }
  packet = packet.first(size);  // without the padding of a short frame
  const auto message = packet.subspan(kIpv6Header);
  const bool to_many = packet[24] == 0xff;
  if (message[0] != kNeighborAdvertisement || message[1] != 0 || icmpv6_checksum(packet) != 0 ||
      message[8] == 0xff || (to_many && (message[4] & kFlagSolicited) != 0)) {
    return std::nullopt;
  }
  const auto target = net::Ip::from_bytes(message.subspan(8, 16));
  const auto mac = advertised_mac(frame, message.subspan(kNdHeader));
  if (!target || !mac) {
    return std::nullopt;
  }
  return Claim{.ip = *target, .mac = *mac};
}

}  // namespace

Frame arp_announcement(const Mac& own, const net::Ip& ip, Form form) {
  return form == Form::Request ? arp(own, kRequest, ip, kNobody, ip)
                               : arp(own, kReply, ip, own, ip);
}

Frame arp_probe(const Mac& own, const net::Ip& ip) {
  return arp(own, kRequest, net::Ip(), kNobody, ip);
}

Frame neighbor_advertisement(const Mac& own, const net::Ip& ip) {
  return neighbor_discovery(kAllNodesMac, own, ip, kAllNodes, kNeighborAdvertisement,
                            kFlagRouter | kFlagOverride, ip, kTargetLinkOption);
}

Frame neighbor_solicitation(const Mac& own, const net::Ip& source, const net::Ip& ip) {
  // The solicited-node group (RFC 4291, 2.7.1) and its MAC (RFC 2464, 7): the last bytes.
  const auto low = ip.bytes().last(4);
  const Mac to = {0x33, 0x33, 0xff, low[1], low[2], low[3]};
  const auto group =
      net::Ip::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, low[1], low[2], low[3]});
  return neighbor_discovery(to, own, source, group, kNeighborSolicitation, 0, ip,
                            kSourceLinkOption);
}

std::optional<Claim> claim_of(Bytes frame) {
  if (frame.size() < kEthernetSize) {
    return std::nullopt;
  }
  switch (get16(frame, 12)) {
    case kEtherArp:
      return arp_claim(frame);
    case kEtherIpv6:
      return advertised_claim(frame);
    default:
      return std::nullopt;
  }
}

std::optional<net::Ip> destination_of(Bytes frame) {
  if (frame.size() < kEthernetSize) {
    return std::nullopt;
  }
  const auto type = get16(frame, 12);
  if (type == kEtherIpv4 && frame.size() >= kEthernetSize + kIpv4Header) {
    return ip_at(frame, kIpv4DestinationAt, 4);
  }
  if (type == kEtherIpv6 && frame.size() >= kEthernetSize + kIpv6Header) {
    const auto ip = net::Ip::from_bytes(frame.subspan(kIpv6DestinationAt, 16));
    return ip ? std::optional(*ip) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace cw::ha::arp
