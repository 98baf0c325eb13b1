// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/ip.h"

// An address prefix in canonical form: no bit set behind its length. Parsing refuses host bits
// (`10.0.0.1/16`) and says what was probably meant. Plain value.
namespace cw::net {

class Prefix {
 public:
  constexpr Prefix() = default;

  // "10.0.0.0/16", "fd00::/48"; a bare address is refused, it would hide a forgotten length.
  static Result<Prefix> parse(std::string_view text);

  // Clears the host bits; a length over the family's is cut to it.
  static Prefix of(Ip address, std::uint8_t length);

  static Prefix host(Ip address) { return of(address, bits(address.family())); }

  [[nodiscard]] const Ip& address() const { return address_; }

  [[nodiscard]] std::uint8_t length() const { return length_; }

  [[nodiscard]] Family family() const { return address_.family(); }

  [[nodiscard]] bool is_v4() const { return address_.is_v4(); }

  [[nodiscard]] bool is_host() const { return length_ == bits(family()); }

  [[nodiscard]] bool contains(const Ip& ip) const;
  [[nodiscard]] bool contains(const Prefix& inner) const;
  [[nodiscard]] bool overlaps(const Prefix& other) const;

  [[nodiscard]] Ip last() const;  // its highest address

  [[nodiscard]] std::string to_text() const;  // always with the length

  friend constexpr auto operator<=>(const Prefix&, const Prefix&) = default;

 private:
  Ip address_;
  std::uint8_t length_ = 0;
};

}  // namespace cw::net
