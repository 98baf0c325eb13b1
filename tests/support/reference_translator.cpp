// SPDX-License-Identifier: Apache-2.0
#include "tests/support/reference_translator.h"

#include <algorithm>
#include <array>
#include <optional>

#include "tests/support/reference_headers.h"
#include "tests/support/reference_icmp.h"
#include "tests/support/reference_packet.h"

namespace cw::test {

namespace {

using reference::big;
using reference::checksum_at;
using reference::header4;
using reference::header6;
using reference::icmp_header_to4;
using reference::icmp_header_to6;
using reference::is_only_of_ipv6;
using reference::keep_sum;
using reference::keep_transport_sum;
using reference::kIcmp;
using reference::kIcmpv6;
using reference::kSmallestMtu;
using reference::kTcp;
using reference::kUdp;
using reference::Or;
using reference::Outcome;
using reference::Packet;
using reference::pseudo;
using reference::View;

constexpr std::size_t kLargestPacket = 65535;

bool is_never(const net::Ip& ip) {
  for (const auto* text :
       {"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"}) {
    if (net::Prefix::parse(text)->contains(ip)) {
      return true;
    }
  }
  return false;
}

// One translation: where the checksums are, and the rules that need the parameters.
class Reference {
 public:
  explicit Reference(const via6::Parameters& parameters) : parameters_(parameters) {}

  Translation from_tunnel(View bytes);
  Translation to_tunnel(View bytes);

 private:
  Outcome check_from_tunnel(const Packet& packet) const;
  Outcome find_source(const Packet& packet, bool error, net::Ip& source) const;

  [[nodiscard]] bool is_routed(const net::Ip& ip) const {
    return std::ranges::any_of(parameters_.routes,
                               [&](const net::Prefix& route) { return route.contains(ip); });
  }

  Or<Bytes> payload_to4(const Packet& packet, const Packet& out, bool inside);
  Or<Bytes> payload_to6(const Packet& packet, const Packet& out, bool inside);
  Or<Bytes> error_to4(const Packet& packet, const Packet& out);
  Or<Bytes> error_to6(const Packet& packet, const Packet& out);

  const via6::Parameters& parameters_;
  bool cut_ = false;  // an error is shorter than it was
  // Of the checksums in what was made last, counted from the payload of the outermost packet.
  std::vector<std::size_t> checksums_;
};

// What of a payload is here and part of it.
View here(const Packet& packet) {
  return packet.payload.subspan(0, std::min(packet.payload.size(), packet.declared));
}

// RFC 4884 section 4: the original datagram's length in `unit`s; an extension behind it is left
// out.
View without_extension(View icmp, std::uint8_t length, std::size_t unit) {
  const auto end = 8 + length * unit;
  return length != 0 && end < icmp.size() ? icmp.subspan(0, end) : icmp;
}

Or<Bytes> Reference::error_to4(const Packet& packet, const Packet& out) {
  const auto whole = here(packet);
  auto header = icmp_header_to4(whole, parameters_.mtu, false);
  if (const auto* outcome = std::get_if<Outcome>(&header)) {
    return *outcome;
  }
  const bool may_extend = whole[0] == 1 || whole[0] == 3;
  const auto icmp = without_extension(whole, may_extend ? whole[4] : 0, 8);
  cut_ = icmp.size() != whole.size();
  const auto inside = icmp.subspan(8);
  if (inside.size() < 40 || inside[0] >> 4U != 6) {
    return CW_VIA6_INNER_BROKEN;
  }
  const auto front = reference::parse_front6(inside);
  if (front.source != packet.destination || front.destination != packet.source) {
    return CW_VIA6_INNER_ADDRESS;
  }
  const auto parsed = reference::parse_chain(inside, front, inside[6], big(inside, 4, 2));
  const auto* inner = std::get_if<Packet>(&parsed);
  if (inner == nullptr || inner->declared + 20 > kLargestPacket) {
    return CW_VIA6_INNER_BROKEN;
  }
  header = icmp_header_to4(whole, parameters_.mtu, inner->fragment.has_value());
  Packet inner_out;
  inner_out.source = out.destination;
  inner_out.destination = out.source;
  const auto payload = payload_to4(*inner, inner_out, true);
  if (const auto* outcome = std::get_if<Outcome>(&payload)) {
    return *outcome;
  }
  const auto made_header = std::get<1>(header);
  Bytes made(made_header.begin(), made_header.end());
  put_bytes(made, header4(*inner, inner_out, inner->declared));
  for (auto& at : checksums_) {
    at += 28;
  }
  put_bytes(made, std::get<Bytes>(payload));
  keep_sum(made, 2, pseudo(packet.source, packet.destination, whole.size(), kIcmpv6), {}, whole);
  checksums_.push_back(2);
  return made;
}

Or<Bytes> Reference::payload_to4(const Packet& packet, const Packet& out, bool inside) {
  const auto all = here(packet);
  Bytes payload(packet.payload.begin(), packet.payload.end());
  checksums_.clear();
  if (packet.protocol == kIcmp) {
    return CW_VIA6_PROTOCOL;
  }
  if (packet.protocol == kIcmpv6) {
    if (packet.is_part()) {
      return CW_VIA6_ICMP_FRAGMENT;
    }
    if (all.size() < 8) {
      return inside ? CW_VIA6_INNER_BROKEN : CW_VIA6_TRUNCATED;
    }
    if (all[0] != 128 && all[0] != 129) {
      if (!inside) {
        return error_to4(packet, out);
      }
      return all[0] < 128 ? CW_VIA6_INNER_ERROR : CW_VIA6_ICMP_TYPE;
    }
    Bytes echo(all.begin(), all.end());
    echo[0] = all[0] == 128 ? 8 : 0;
    keep_sum(echo, 2, pseudo(packet.source, packet.destination, packet.declared, kIcmpv6), {}, all);
    std::ranges::copy(echo, payload.begin());
    checksums_ = {2};
    return payload;
  }
  if (!packet.is_first()) {
    return payload;
  }
  if (!inside && (packet.protocol == kTcp || packet.protocol == kUdp) &&
      all.size() < (packet.protocol == kTcp ? 20U : 8U)) {
    return CW_VIA6_TRUNCATED;
  }
  Bytes transport(all.begin(), all.end());
  keep_transport_sum(transport, packet, out);
  std::ranges::copy(transport, payload.begin());
  if (const auto at = checksum_at(packet.protocol); at && all.size() >= *at + 2) {
    checksums_ = {*at};
  }
  return payload;
}

Outcome Reference::check_from_tunnel(const Packet& packet) const {
  const auto bytes = packet.destination.bytes();
  const auto site = big(bytes, 8, 4);
  if (site != parameters_.site.value) {
    return CW_VIA6_OTHER_SITE;
  }
  const auto destination = net::Ip::v4(packet.destination.low32());
  if (is_never(destination)) {
    return CW_VIA6_NEVER;
  }
  if (!is_routed(destination)) {
    return CW_VIA6_NO_ROUTE;
  }
  const bool peer = parameters_.block.ipv6(parameters_.ula).contains(packet.source);
  return peer ? CW_VIA6_TRANSLATED : CW_VIA6_NO_PEER;
}

Translation Reference::from_tunnel(View bytes) {
  const Translation passes{.passes = true, .packet = {bytes.begin(), bytes.end()}};
  if (bytes.size() < 40) {
    return passes;
  }
  const auto front = reference::parse_front6(bytes);
  if (!parameters_.via_prefix.contains(front.destination)) {
    return passes;
  }
  if (bytes[0] >> 4U != 6) {
    return {.outcome = CW_VIA6_MALFORMED};
  }
  const auto length = 40 + std::size_t{big(bytes, 4, 2)};
  if (bytes.size() < length) {
    return {.outcome = CW_VIA6_TRUNCATED};
  }
  if (const auto outcome = check_from_tunnel(front)) {
    return {.outcome = outcome};
  }
  const auto parsed =
      reference::parse_chain(bytes.subspan(0, length), front, bytes[6], length - 40);
  if (const auto* outcome = std::get_if<Outcome>(&parsed)) {
    return {.outcome = *outcome};
  }
  const auto& packet = std::get<Packet>(parsed);
  if (packet.protocol != kIcmp && packet.declared + 20 > kLargestPacket) {
    return {.outcome = CW_VIA6_TOO_LONG};
  }
  Packet out;
  out.source = net::translated_image(net::Ip::v4(packet.source.low32()));
  out.destination = net::Ip::v4(packet.destination.low32());
  auto payload = payload_to4(packet, out, false);
  if (const auto* outcome = std::get_if<Outcome>(&payload)) {
    return {.outcome = *outcome};
  }
  const auto& carried = std::get<Bytes>(payload);
  Translation made{.packet = header4(packet, out, carried.size()), .checksums = checksums_};
  made.free_id = !packet.fragment && carried.size() + 20 <= 1260;
  for (auto& at : made.checksums) {
    at += 20;
  }
  put_bytes(made.packet, carried);
  if (!cut_) {
    put_bytes(made.packet, bytes.subspan(length));
  }
  return made;
}

Or<Bytes> Reference::error_to6(const Packet& packet, const Packet& out) {
  const auto whole = here(packet);
  // What the header becomes depends on the packet inside; whether it becomes anything does not.
  if (const auto header = icmp_header_to6(whole, parameters_.mtu, 0);
      std::holds_alternative<Outcome>(header)) {
    return std::get<Outcome>(header);
  }
  auto icmp = without_extension(whole, whole[5], 4);
  auto inside = icmp.subspan(8);
  if (inside.size() < 20 || inside[0] >> 4U != 4 || (inside[0] & 15U) < 5) {
    return CW_VIA6_INNER_BROKEN;
  }
  auto inner = reference::parse_front4(inside);
  if (inner.source != packet.destination) {
    return CW_VIA6_INNER_ADDRESS;
  }
  const std::size_t front = (inside[0] & 15U) * 4;
  const std::size_t length = big(inside, 2, 2);
  if (inside.size() < front || length < front) {
    return CW_VIA6_INNER_BROKEN;
  }
  inner.payload = inside.subspan(front);
  inner.declared = length - front;
  // RFC 4443 section 2.4 (c): no error is longer than the smallest MTU.
  const std::size_t headers = 40 + 8 + 40 + (inner.fragment ? 8 : 0);
  inner.payload = inner.payload.subspan(0, std::min(inner.payload.size(), kSmallestMtu - headers));
  cut_ = 8 + front + inner.payload.size() != whole.size();
  Packet inner_out;
  inner_out.source = out.destination;
  inner_out.destination = net::to_via6(parameters_.via_prefix, parameters_.site, inner.destination);
  const auto payload = payload_to6(inner, inner_out, true);
  if (const auto* outcome = std::get_if<Outcome>(&payload)) {
    return *outcome;
  }
  const auto header = std::get<1>(icmp_header_to6(whole, parameters_.mtu, length));
  Bytes made(header.begin(), header.end());
  const auto inner_header = header6(inner, inner_out, inner.declared);
  put_bytes(made, inner_header);
  for (auto& at : checksums_) {
    at += 8 + inner_header.size();
  }
  put_bytes(made, std::get<Bytes>(payload));
  keep_sum(made, 2, {}, pseudo(out.source, out.destination, made.size(), kIcmpv6), whole);
  checksums_.push_back(2);
  return made;
}

// RFC 7915 section 4.5: a UDP datagram that has no checksum and is all here gets one.
Or<Bytes> with_udp_checksum(View all, const Packet& packet, const Packet& out) {
  if (packet.fragment) {
    return CW_VIA6_NO_CHECKSUM;
  }
  const std::size_t length = big(all, 4, 2);
  if (length < 8 || length > all.size()) {
    return CW_VIA6_MALFORMED;
  }
  if (length > CW_VIA6_LONGEST_SUM) {
    return CW_VIA6_NO_CHECKSUM;
  }
  Bytes covered = pseudo(out.source, out.destination, length, kUdp);
  put_bytes(covered, all.subspan(0, length));
  const auto checksum = static_cast<std::uint16_t>(~ones_complement_sum(covered));
  Bytes payload(all.begin(), all.end());
  set_number(payload, 6, checksum == 0 ? 0xffff : checksum, 2);
  return payload;
}

Or<Bytes> Reference::payload_to6(const Packet& packet, const Packet& out, bool inside) {
  const auto all = here(packet);
  Bytes payload(packet.payload.begin(), packet.payload.end());
  checksums_.clear();
  if (is_only_of_ipv6(packet.protocol)) {
    return CW_VIA6_PROTOCOL;
  }
  if (packet.protocol == kIcmp) {
    if (packet.is_part()) {
      return CW_VIA6_ICMP_FRAGMENT;
    }
    if (all.size() < 8) {
      return inside ? CW_VIA6_INNER_BROKEN : CW_VIA6_TRUNCATED;
    }
    const bool error = all[0] == 3 || all[0] == 11 || all[0] == 12;
    if (error) {
      return inside ? CW_VIA6_INNER_ERROR : error_to6(packet, out);
    }
    if (all[0] != 0 && all[0] != 8) {
      return CW_VIA6_ICMP_TYPE;
    }
    Bytes echo(all.begin(), all.end());
    echo[0] = all[0] == 8 ? 128 : 129;
    keep_sum(echo, 2, {}, pseudo(out.source, out.destination, packet.declared, kIcmpv6), all);
    std::ranges::copy(echo, payload.begin());
    checksums_ = {2};
    return payload;
  }
  if (!packet.is_first()) {
    return payload;
  }
  if (!inside && (packet.protocol == kTcp || packet.protocol == kUdp)) {
    if (all.size() < (packet.protocol == kTcp ? 20U : 8U)) {
      return CW_VIA6_TRUNCATED;
    }
    if (packet.protocol == kUdp && big(all, 6, 2) == 0) {
      return with_udp_checksum(all, packet, out);
    }
  }
  Bytes transport(all.begin(), all.end());
  keep_transport_sum(transport, packet, out);
  std::ranges::copy(transport, payload.begin());
  if (const auto at = checksum_at(packet.protocol); at && all.size() >= *at + 2) {
    checksums_ = {*at};
  }
  return payload;
}

// RFC 6791 and 7600: an error's own source may be one that means nothing to its receiver.
Outcome Reference::find_source(const Packet& packet, bool error, net::Ip& source) const {
  auto ipv4 = packet.source;
  if (ipv4 == parameters_.gateway) {
    source = net::ipv6_twin(parameters_.ula, ipv4);
    return CW_VIA6_TRANSLATED;
  }
  if (is_never(ipv4)) {
    if (!error) {
      return CW_VIA6_NEVER;
    }
    ipv4 = *net::Ip::parse("192.0.0.8");
  } else if (!error && !is_routed(ipv4)) {
    return CW_VIA6_NO_ROUTE;
  }
  source = net::to_via6(parameters_.via_prefix, parameters_.site, ipv4);
  return CW_VIA6_TRANSLATED;
}

Translation Reference::to_tunnel(View bytes) {
  if (bytes.size() < 20 || bytes[16] < 240) {
    return {.passes = true, .packet = {bytes.begin(), bytes.end()}};
  }
  const std::size_t front = (bytes[0] & 15U) * 4;
  const std::size_t length = big(bytes, 2, 2);
  if (bytes[0] >> 4U != 4 || front < 20 || length < front) {
    return {.outcome = CW_VIA6_MALFORMED};
  }
  if (bytes.size() < length) {
    return {.outcome = CW_VIA6_TRUNCATED};
  }
  auto packet = reference::parse_front4(bytes);
  if (!parameters_.block.image().contains(packet.destination)) {
    return {.outcome = CW_VIA6_NO_PEER};
  }
  if (is_only_of_ipv6(packet.protocol)) {
    return {.outcome = CW_VIA6_PROTOCOL};
  }
  packet.payload = bytes.subspan(front, length - front);
  packet.declared = packet.payload.size();
  if (packet.protocol == kIcmp && packet.is_part()) {
    return {.outcome = CW_VIA6_ICMP_FRAGMENT};
  }
  if (packet.protocol == kIcmp && packet.declared < 8) {
    return {.outcome = CW_VIA6_TRUNCATED};
  }
  const bool error = packet.protocol == kIcmp &&
                     (packet.payload[0] == 3 || packet.payload[0] == 11 || packet.payload[0] == 12);
  Packet out;
  if (const auto outcome = find_source(packet, error, out.source)) {
    return {.outcome = outcome};
  }
  const auto route = reference::has_unfinished_route(bytes.subspan(20, front - 20));
  if (const auto* outcome = std::get_if<Outcome>(&route)) {
    return {.outcome = *outcome};
  }
  if (std::get<bool>(route)) {
    return {.outcome = CW_VIA6_SOURCE_ROUTE};
  }
  // The block's own first bits, and the image's last ones.
  const auto& block = parameters_.block.ipv4();
  const auto host = 0xffffffffU & ~net::Ip::v4(0xffffffff).masked(block.length()).low32();
  out.destination = net::ipv6_twin(
      parameters_.ula, net::Ip::v4(block.address().low32() + (packet.destination.low32() & host)));
  const auto payload = payload_to6(packet, out, false);
  if (const auto* outcome = std::get_if<Outcome>(&payload)) {
    return {.outcome = *outcome};
  }
  const auto& carried = std::get<Bytes>(payload);
  Translation made{.packet = header6(packet, out, carried.size()), .checksums = checksums_};
  for (auto& at : made.checksums) {
    at += made.packet.size();
  }
  put_bytes(made.packet, carried);
  if (!cut_) {
    put_bytes(made.packet, bytes.subspan(length));
  }
  return made;
}

}  // namespace

Translation translate(const via6::Parameters& parameters, Direction direction,
                      std::span<const std::uint8_t> packet) {
  Reference reference(parameters);
  return direction == Direction::FromTunnel ? reference.from_tunnel(packet)
                                            : reference.to_tunnel(packet);
}

}  // namespace cw::test
