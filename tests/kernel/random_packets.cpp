// SPDX-License-Identifier: Apache-2.0
#include "tests/kernel/random_packets.h"

#include <algorithm>

namespace cw::test {

namespace {

constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kIcmpv6 = 58;

net::Ip ip(const char* text) {
  return *net::Ip::parse(text);
}

}  // namespace

Bytes RandomPackets::data(std::size_t size) {
  Bytes made(size);
  for (auto& byte : made) {
    byte = static_cast<std::uint8_t>(random_());
  }
  return made;
}

Bytes RandomPackets::data() {
  if (once_in(8)) {
    return data(below(1500));
  }
  return once_in(64) ? data(below(2600)) : data(below(80));
}

net::Ip RandomPackets::peer() {
  const auto& block = parameters_.block.ipv4();
  const auto size = block.last().low32() - block.address().low32() + 1;
  return net::Ip::v4(block.address().low32() + below(size));
}

net::Ip RandomPackets::host() {
  const auto& route =
      parameters_.routes[below(static_cast<std::uint32_t>(parameters_.routes.size()))];
  switch (below(4)) {
    case 0:
      return route.address();
    case 1:
      return route.last();
    default:
      return net::Ip::v4(route.address().low32() +
                         below(route.last().low32() - route.address().low32() + 1));
  }
}

net::Ip RandomPackets::odd_ip() {
  switch (below(6)) {
    case 0:
      return ip(one_of({"0.0.0.1", "127.0.0.1", "169.254.169.254", "224.0.0.1", "240.0.0.1",
                        "255.255.255.255", "223.255.255.255", "1.0.0.0"}));
    case 1:  // beside a route
      return net::Ip::v4(
          parameters_.routes[below(static_cast<std::uint32_t>(parameters_.routes.size()))]
              .address()
              .low32() -
          1);
    case 2:
      return net::Ip::v4(
          parameters_.routes[below(static_cast<std::uint32_t>(parameters_.routes.size()))]
              .last()
              .low32() +
          1);
    case 3:
      return parameters_.gateway;
    default:
      return net::Ip::v4(static_cast<std::uint32_t>(random_()));
  }
}

net::Ip RandomPackets::via(const net::Ip& ipv4) {
  auto site = parameters_.site;
  if (once_in(64)) {
    site.value = static_cast<std::uint16_t>(below(3) + site.value - 1);
  }
  return net::to_via6(parameters_.via_prefix, site, ipv4);
}

net::Ip RandomPackets::twin(const net::Ip& overlay) {
  return net::ipv6_twin(parameters_.ula, overlay);
}

std::vector<Extension> RandomPackets::extensions() {
  std::vector<Extension> made;
  if (!once_in(4)) {
    return made;
  }
  const auto count = once_in(16) ? below(12) : below(4);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (once_in(4)) {
      const auto offset = once_in(2) ? 0U : below(8192);
      made.push_back(fragment_header(static_cast<std::uint16_t>(offset), once_in(2),
                                     static_cast<std::uint32_t>(random_())));
      continue;
    }
    const auto words = once_in(8) ? below(5) : 0;
    auto bytes = data((std::size_t{words} + 1) * 8);
    bytes[1] = static_cast<std::uint8_t>(words);
    bytes[3] = once_in(6) ? 1 : 0;
    const auto kind = i == 0 ? number({0, 43, 60}) : number({43, 43, 43, 43, 60, 60, 60, 60, 0});
    made.push_back({.number = kind, .bytes = bytes});
  }
  return made;
}

Bytes RandomPackets::options() {
  Bytes made;
  if (!once_in(5)) {
    return made;
  }
  while (made.size() < 36 && !once_in(5)) {
    const auto room = 40 - made.size();
    const auto size = 3 + below(6);
    if (once_in(3) || size > room) {
      made.push_back(1);
      continue;
    }
    auto option = data(size);
    option[0] = static_cast<std::uint8_t>(number({7, 68, 131, 137, 148}));
    option[1] = static_cast<std::uint8_t>(once_in(16) ? below(10) : size);
    option[2] = static_cast<std::uint8_t>(once_in(4) ? 4 : size + 1);
    put_bytes(made, option);
  }
  made.resize((made.size() + 3) / 4 * 4);
  return made;
}

Bytes RandomPackets::transport(std::uint8_t protocol, const net::Ip& source,
                               const net::Ip& destination) {
  auto made =
      protocol == kTcp ? tcp(source, destination, data()) : udp(source, destination, data());
  if (protocol == kUdp && once_in(4)) {
    set_number(made, 6, 0, 2);
    if (once_in(8)) {
      set_number(made, 4, below(64), 2);
    }
  } else if (once_in(16)) {
    set_number(made, protocol == kTcp ? 16 : 6, one_of({0U, 0xffffU, below(0x10000)}), 2);
  }
  return made;
}

Bytes RandomPackets::shortened(Bytes bytes) {
  if (once_in(3)) {
    bytes.resize(below(static_cast<std::uint32_t>(bytes.size()) + 1));
  }
  return bytes;
}

Bytes RandomPackets::error6(const net::Ip& source, const net::Ip& destination, int depth) {
  const auto type =
      static_cast<std::uint8_t>(once_in(16) ? below(256) : number({1, 1, 2, 2, 3, 4, 4}));
  const auto code = static_cast<std::uint8_t>(once_in(16) ? below(256)
                                              : type == 2 ? 0
                                              : type == 4 ? below(3)
                                                          : below(7));
  auto rest = type == 2   ? one_of({0U, 1279U, 1280U, 1281U, below(10000), 70000U})
              : type == 4 ? below(48)
                          : 0;
  auto inside =
      shortened(once_in(24) ? packet6(odd_ip().is_v4() ? via(host()) : source, source, depth + 1)
                            : packet6(destination, source, depth + 1));
  if ((type == 1 || type == 3) && once_in(4)) {
    inside.resize(std::max<std::size_t>(inside.size() / 8 * 8, once_in(4) ? 8 : 128));
    rest |= static_cast<std::uint32_t>(inside.size() / 8) << 24U;
    put_bytes(inside, data(below(40)));
  }
  return icmpv6(source, destination, type, code, rest, inside);
}

Bytes RandomPackets::error4(const net::Ip& source, const net::Ip& destination, int depth) {
  const auto type = static_cast<std::uint8_t>(once_in(16) ? below(20) : number({3, 3, 3, 11, 12}));
  const auto code = static_cast<std::uint8_t>(once_in(16) ? below(256)
                                              : type == 3 ? (once_in(3) ? 4 : below(17))
                                                          : below(3));
  std::uint32_t rest = 0;
  if (type == 3 && code == 4) {
    rest = once_in(3) ? 0 : one_of({68U, 1259U, 1260U, 1261U, 1400U, 1401U, below(0x10000)});
  } else if (type == 12) {
    rest = below(24) << 24U;
  }
  auto inside = shortened(
      packet4(once_in(24) ? odd_ip() : destination, once_in(4) ? host() : source, depth + 1));
  if (inside.size() > 4 && code == 4 && once_in(2)) {
    set_number(inside, 2, one_of({1492U, 1493U, 2003U, 4353U, 8167U, 17915U, 32001U, 65535U}), 2);
  }
  if (once_in(4)) {
    inside.resize(std::max<std::size_t>(inside.size() / 4 * 4, once_in(4) ? 8 : 128));
    rest |= static_cast<std::uint32_t>(std::min<std::size_t>(inside.size() / 4, 255)) << 16U;
    put_bytes(inside, data(below(40)));
  }
  return icmp(type, code, rest, inside);
}

Bytes RandomPackets::packet6(const net::Ip& source, const net::Ip& destination, int depth) {
  Ipv6 header{.source = source,
              .destination = destination,
              .traffic_class = static_cast<std::uint8_t>(random_()),
              .hop_limit = static_cast<std::uint8_t>(random_()),
              .flow = below(1U << 20U),
              .extensions = extensions()};
  Bytes payload;
  switch (below(8)) {
    case 0:
    case 1:
      header.next = kTcp;
      payload = transport(kTcp, source, destination);
      break;
    case 2:
    case 3:
      header.next = kUdp;
      payload = transport(kUdp, source, destination);
      break;
    case 4:
      header.next = kIcmpv6;
      payload = icmpv6(source, destination,
                       static_cast<std::uint8_t>(once_in(4) ? below(256) : number({128, 129})), 0,
                       below(1U << 30U), data());
      break;
    case 5:
    case 6:
      header.next = kIcmpv6;
      payload = depth > 1 ? data() : error6(source, destination, depth);
      break;
    default:
      header.next = static_cast<std::uint8_t>(
          once_in(2) ? below(256) : number({1, 47, 50, 51, 59, 132, 135, 139, 140}));
      payload = data();
  }
  if (once_in(16)) {
    payload = shortened(std::move(payload));
  }
  return packet(header, payload);
}

Bytes RandomPackets::packet4(const net::Ip& source, const net::Ip& destination, int depth) {
  Ipv4 header{.source = source,
              .destination = destination,
              .traffic_class = static_cast<std::uint8_t>(random_()),
              .ttl = static_cast<std::uint8_t>(random_()),
              .id = static_cast<std::uint16_t>(random_()),
              .options = options()};
  if (once_in(4)) {
    header.fragment = static_cast<std::uint16_t>(once_in(2)   ? 0x2000U
                                                 : once_in(2) ? below(0x2000)
                                                              : random_());
  }
  Bytes payload;
  switch (below(8)) {
    case 0:
    case 1:
      header.protocol = kTcp;
      payload = transport(kTcp, source, destination);
      break;
    case 2:
    case 3:
      header.protocol = kUdp;
      payload = transport(kUdp, source, destination);
      break;
    case 4:
      header.protocol = kIcmp;
      payload = icmp(static_cast<std::uint8_t>(once_in(4) ? below(256) : number({0, 8})), 0,
                     below(1U << 30U), data());
      break;
    case 5:
    case 6:
      header.protocol = kIcmp;
      payload = depth > 1 ? data() : error4(source, destination, depth);
      break;
    default:
      header.protocol = static_cast<std::uint8_t>(
          once_in(2) ? below(256) : number({0, 43, 44, 47, 50, 51, 58, 60, 135, 139, 140}));
      payload = data();
  }
  if (once_in(16)) {
    payload = shortened(std::move(payload));
  }
  return packet(header, payload);
}

// A bit, a byte, an end that comes early or late.
void RandomPackets::damage(Bytes& bytes, std::size_t shortest) {
  if (once_in(8)) {
    const auto at =
        once_in(2) ? below(static_cast<std::uint32_t>(bytes.size()))
                   : below(std::min<std::uint32_t>(100, static_cast<std::uint32_t>(bytes.size())));
    bytes[at] = once_in(2) ? static_cast<std::uint8_t>(random_())
                           : static_cast<std::uint8_t>(bytes[at] ^ 1U << below(8));
  }
  if (once_in(16)) {
    bytes.resize(std::max<std::size_t>(shortest, below(static_cast<std::uint32_t>(bytes.size()))));
  } else if (once_in(16)) {
    put_bytes(bytes, data(below(64)));
  }
  if (bytes.size() > kLongest) {
    bytes.resize(kLongest);
  }
}

Bytes RandomPackets::from_tunnel() {
  const auto source = once_in(32) ? twin(odd_ip()) : twin(peer());
  const auto destination = via(once_in(16) ? odd_ip() : host());
  auto made = packet6(source, once_in(64) ? twin(peer()) : destination, 0);
  damage(made, 40);
  return made;
}

Bytes RandomPackets::to_tunnel() {
  const auto source = once_in(8) ? odd_ip() : host();
  const auto destination =
      once_in(32) ? net::Ip::v4(0xf0000000 | below(0x10000000)) : net::translated_image(peer());
  auto made = packet4(source, once_in(64) ? peer() : destination, 0);
  damage(made, 20);
  return made;
}

}  // namespace cw::test
