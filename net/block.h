// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>

#include "net/prefix.h"

// A gateway's block: a contiguous part of the pool, and the two other address ranges that follow
// from it and are never written anywhere. Plain value.
//
//   overlay IPv4     100.64.0.5               peer's one address
//   IPv6 twin        ULA /48 :: 100.64.0.5    the ULA with the IPv4 address as its low 32 bits
//   240/4 image      240.0.0.5                1111, six slot bits of 0, the IPv4's low 22 bits:
//                                             the source of a peer's translated (4via6) packets
namespace cw::net {

[[nodiscard]] Ip ipv6_twin(const Prefix& ula, const Ip& overlay);
[[nodiscard]] Prefix ipv6_twin(const Prefix& ula, const Prefix& overlay);

// The pool may be no wider than this, or two peers would share a translated address.
inline constexpr std::uint8_t kWidestPoolLength = 10;

[[nodiscard]] Ip translated_image(const Ip& overlay);

class Block {
 public:
  Block() = default;

  // Refuses IPv6 and anything wider than kWidestPoolLength.
  static Result<Block> from(const Prefix& prefix);

  [[nodiscard]] const Prefix& ipv4() const { return prefix_; }

  [[nodiscard]] Prefix ipv6(const Prefix& ula) const { return ipv6_twin(ula, prefix_); }

  [[nodiscard]] Prefix image() const;

  [[nodiscard]] bool contains(const Ip& overlay) const { return prefix_.contains(overlay); }

  friend auto operator<=>(const Block&, const Block&) = default;

 private:
  Prefix prefix_;
};

}  // namespace cw::net
