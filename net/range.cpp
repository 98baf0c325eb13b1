// SPDX-License-Identifier: Apache-2.0
#include "net/range.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "net/prefix.h"

namespace cw::net {

namespace {

constexpr std::uint8_t kAllOnes = 0xff;

// Counting up turns trailing ones into zeros, counting down the other way round.
std::optional<Ip> beside(const Ip& ip, std::uint8_t carried, std::uint8_t becomes, int step) {
  Ip::V6Bytes all{};
  const auto bytes = ip.bytes();
  std::ranges::copy(bytes, all.begin());
  for (auto at = bytes.size(); at-- > 0;) {
    if (all[at] != carried) {
      all[at] = static_cast<std::uint8_t>(all[at] + step);
      const auto next = Ip::from_bytes(std::span(all).first(bytes.size()));
      return next ? std::optional(*next) : std::nullopt;
    }
    all[at] = becomes;
  }
  return std::nullopt;
}

// How many bits from the front are the same.
std::uint8_t common_bits(const Ip& a, const Ip& b) {
  const auto left = a.bytes();
  const auto right = b.bytes();
  const auto [at, other] = std::ranges::mismatch(left, right);
  const auto whole = static_cast<unsigned>(at - left.begin()) * 8;
  if (at == left.end()) {
    return static_cast<std::uint8_t>(whole);
  }
  const auto differ = static_cast<std::uint8_t>(*at ^ *other);
  return static_cast<std::uint8_t>(whole + static_cast<unsigned>(std::countl_zero(differ)));
}

}  // namespace

std::string Range::to_text() const {
  if (first == last) {
    return first.to_text();
  }
  const auto prefix = Prefix::of(first, common_bits(first, last));
  if (prefix.address() == first && prefix.last() == last) {
    return prefix.to_text();
  }
  return fmt::format("{}-{}", first.to_text(), last.to_text());
}

std::optional<Ip> after(const Ip& ip) {
  return beside(ip, kAllOnes, 0, 1);
}

std::optional<Ip> before(const Ip& ip) {
  return beside(ip, 0, kAllOnes, -1);
}

}  // namespace cw::net
