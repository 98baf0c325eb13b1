// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

// An IPv4 or IPv6 address. IPv4 sorts before IPv6. Refuses zone indexes, leading zeros, and
// IPv4-mapped IPv6 addresses, which would be two names for one thing. Plain value, no allocation.
namespace cw::net {

enum class Family : std::uint8_t { V4, V6 };

[[nodiscard]] constexpr std::uint8_t bits(Family family) {
  return family == Family::V4 ? 32 : 128;
}

class Ip {
 public:
  using V6Bytes = std::array<std::uint8_t, 16>;

  constexpr Ip() = default;

  // Host byte order: 0x0a000105 is 10.0.1.5.
  static constexpr Ip v4(std::uint32_t value) {
    Ip ip;
    for (unsigned i = 0; i < 4; ++i) {
      ip.bytes_[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
    }
    return ip;
  }

  static constexpr Ip v6(const V6Bytes& bytes) {
    Ip ip;
    ip.family_ = Family::V6;
    ip.bytes_ = bytes;
    return ip;
  }

  // 4 or 16 bytes in network order, as the kernel gives them.
  static Result<Ip> from_bytes(std::span<const std::uint8_t> bytes);
  static Result<Ip> parse(std::string_view text);

  [[nodiscard]] constexpr Family family() const { return family_; }

  [[nodiscard]] constexpr bool is_v4() const { return family_ == Family::V4; }

  // Network order, 4 or 16 bytes long.
  [[nodiscard]] std::span<const std::uint8_t> bytes() const {
    return {bytes_.data(), is_v4() ? std::size_t{4} : std::size_t{16}};
  }

  // The last 32 bits in host order: an IPv4 address itself, the embedded one of an IPv6 twin.
  [[nodiscard]] constexpr std::uint32_t low32() const {
    const std::size_t at = is_v4() ? 0 : 12;
    return std::uint32_t{bytes_[at]} << 24 | std::uint32_t{bytes_[at + 1]} << 16 |
           std::uint32_t{bytes_[at + 2]} << 8 | bytes_[at + 3];
  }

  [[nodiscard]] constexpr Ip with_low32(std::uint32_t value) const {
    Ip ip = *this;
    const std::size_t at = is_v4() ? 0 : 12;
    for (unsigned i = 0; i < 4; ++i) {
      ip.bytes_[at + i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
    }
    return ip;
  }

  // This address with every bit after the first `length` cleared.
  [[nodiscard]] Ip masked(std::uint8_t length) const;

  [[nodiscard]] std::string to_text() const;  // RFC 5952 for IPv6

  friend constexpr auto operator<=>(const Ip&, const Ip&) = default;

 private:
  Family family_ = Family::V4;
  V6Bytes bytes_{};
};

}  // namespace cw::net
