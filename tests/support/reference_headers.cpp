// SPDX-License-Identifier: Apache-2.0
#include "tests/support/reference_headers.h"

namespace cw::test::reference {

namespace {

std::uint32_t sum_of(View bytes) {
  return ones_complement_sum(bytes);
}

// The field that makes `now` (in which it is zero) sum up to what `before` summed up to.
std::uint16_t same_sum(std::uint32_t before, std::uint32_t now) {
  return static_cast<std::uint16_t>((before % 0xffff + 0xffff - now % 0xffff) % 0xffff);
}

}  // namespace

Bytes pseudo(const net::Ip& source, const net::Ip& destination, std::size_t length,
             std::uint8_t protocol) {
  Bytes bytes;
  put_bytes(bytes, source.bytes());
  put_bytes(bytes, destination.bytes());
  put_number(bytes, static_cast<std::uint32_t>(length), 4);
  put_number(bytes, protocol, 4);
  return bytes;
}

void keep_sum(Bytes& payload, std::size_t at, const Bytes& pseudo_before, const Bytes& pseudo_now,
              View before) {
  set_number(payload, at, 0, 2);
  const auto field =
      same_sum(sum_of(pseudo_before) + sum_of(before), sum_of(pseudo_now) + sum_of(payload));
  set_number(payload, at, field, 2);
}

std::optional<std::size_t> checksum_at(std::uint8_t protocol) {
  if (protocol == kTcp) {
    return 16;
  }
  if (protocol == kUdp) {
    return 6;
  }
  return std::nullopt;
}

void keep_transport_sum(Bytes& payload, const Packet& before, const Packet& now) {
  const auto at = checksum_at(before.protocol);
  if (!at || payload.size() < *at + 2) {
    return;
  }
  const Bytes original = payload;
  if (before.protocol == kUdp && big(original, *at, 2) == 0) {
    return;
  }
  keep_sum(payload, *at, pseudo(before.source, before.destination, 0, 0),
           pseudo(now.source, now.destination, 0, 0), original);
  if (before.protocol == kUdp && big(payload, *at, 2) == 0) {
    set_number(payload, *at, 0xffff, 2);
  }
}

Bytes header4(const Packet& from, const Packet& out, std::size_t payload) {
  const auto length = payload + 20;
  Bytes header = {0x45, from.traffic_class};
  put_number(header, static_cast<std::uint32_t>(length), 2);
  if (from.fragment) {
    put_number(header, from.fragment->id & 0xffffU, 2);
    put_number(header, from.fragment->offset + (from.fragment->more ? 0x2000U : 0U), 2);
  } else {
    put_number(header, 0, 2);
    put_number(header, length > 1260 ? 0x4000 : 0, 2);
  }
  put_number(header, from.hops, 1);
  put_number(header, from.protocol == kIcmpv6 ? kIcmp : from.protocol, 1);
  put_number(header, 0, 2);
  put_bytes(header, out.source.bytes());
  put_bytes(header, out.destination.bytes());
  set_number(header, 10, static_cast<std::uint16_t>(~ones_complement_sum(header)), 2);
  return header;
}

Bytes header6(const Packet& from, const Packet& out, std::size_t payload) {
  const std::uint8_t next = from.protocol == kIcmp ? kIcmpv6 : from.protocol;
  Bytes header;
  put_number(header, 6U << 28U | std::uint32_t{from.traffic_class} << 20U, 4);
  put_number(header, static_cast<std::uint32_t>(payload + (from.fragment ? 8 : 0)), 2);
  put_number(header, from.fragment ? kFragmentHeader : next, 1);
  put_number(header, from.hops, 1);
  put_bytes(header, out.source.bytes());
  put_bytes(header, out.destination.bytes());
  if (from.fragment) {
    put_number(header, next, 1);
    put_number(header, 0, 1);
    put_number(header, from.fragment->offset * 8U + (from.fragment->more ? 1U : 0U), 2);
    put_number(header, from.fragment->id, 4);
  }
  return header;
}

}  // namespace cw::test::reference
