// SPDX-License-Identifier: Apache-2.0
#include "net/block.h"

#include <fmt/format.h>

namespace cw::net {

namespace {
constexpr std::uint32_t kImageBase = 0xf0000000;      // 240.0.0.0, slot 0
constexpr std::uint32_t kImageHostBits = 0x003fffff;  // the low 22 bits
constexpr std::uint8_t kV4InV6 = 96;                  // an IPv4 length is 96 bits further in
}  // namespace

Ip ipv6_twin(const Prefix& ula, const Ip& overlay) {
  return ula.address().with_low32(overlay.low32());
}

Prefix ipv6_twin(const Prefix& ula, const Prefix& overlay) {
  return Prefix::of(ipv6_twin(ula, overlay.address()),
                    static_cast<std::uint8_t>(kV4InV6 + overlay.length()));
}

Ip translated_image(const Ip& overlay) {
  return Ip::v4(kImageBase | (overlay.low32() & kImageHostBits));
}

Result<Block> Block::from(const Prefix& prefix) {
  if (!prefix.is_v4() || prefix.length() < kWidestPoolLength) {
    return Error::invalid(fmt::format("a block is an IPv4 prefix of /{} or longer, not {}",
                                      kWidestPoolLength, prefix.to_text()));
  }
  Block block;
  block.prefix_ = prefix;
  return block;
}

Prefix Block::image() const {
  return Prefix::of(translated_image(prefix_.address()), prefix_.length());
}

}  // namespace cw::net
