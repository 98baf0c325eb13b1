// SPDX-License-Identifier: Apache-2.0
#include "net/prefix.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace cw::net {

Result<Prefix> Prefix::parse(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) {
    return Error::invalid(
        fmt::format("'{}' has no prefix length; write it as ADDRESS/LENGTH", text));
  }
  const Ip address = CW_TRY(Ip::parse(text.substr(0, slash)));
  const auto digits = text.substr(slash + 1);
  unsigned length = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, code] = std::from_chars(digits.data(), end, length);
  const bool leading_zero = digits.size() > 1 && digits.front() == '0';
  if (code != std::errc{} || stop != end || leading_zero || length > bits(address.family())) {
    return Error::invalid(fmt::format("'{}' has no prefix length from 0 to {} behind its '/'", text,
                                      bits(address.family())));
  }
  const Prefix prefix = of(address, static_cast<std::uint8_t>(length));
  if (prefix.address() != address) {
    return Error::invalid(fmt::format("'{}' has bits set behind its length; did you mean {}?", text,
                                      prefix.to_text()));
  }
  return prefix;
}

Prefix Prefix::of(Ip address, std::uint8_t length) {
  Prefix prefix;
  prefix.length_ = std::min(length, bits(address.family()));
  prefix.address_ = address.masked(prefix.length_);
  return prefix;
}

bool Prefix::contains(const Ip& ip) const {
  if (ip.family() != family()) {
    return false;
  }
  const auto ours = address_.bytes();
  const auto theirs = ip.bytes();
  const std::size_t whole = length_ / 8;
  const unsigned rest = length_ % 8;
  const auto mask = static_cast<std::uint8_t>(0xff00U >> rest);
  return std::equal(ours.begin(), ours.begin() + static_cast<std::ptrdiff_t>(whole),
                    theirs.begin()) &&
         (rest == 0 || ((ours[whole] ^ theirs[whole]) & mask) == 0);
}

bool Prefix::contains(const Prefix& inner) const {
  return inner.length_ >= length_ && contains(inner.address_);
}

bool Prefix::overlaps(const Prefix& other) const {
  return contains(other) || other.contains(*this);
}

Ip Prefix::last() const {
  Ip::V6Bytes all{};
  const auto first = address_.bytes();
  std::ranges::copy(first, all.begin());
  for (unsigned bit = length_; bit < bits(family()); ++bit) {
    all[bit / 8] = static_cast<std::uint8_t>(all[bit / 8] | (0x80U >> (bit % 8)));
  }
  if (!is_v4()) {
    return Ip::v6(all);
  }
  return Ip::v4(std::uint32_t{all[0]} << 24 | std::uint32_t{all[1]} << 16 |
                std::uint32_t{all[2]} << 8 | all[3]);
}

std::string Prefix::to_text() const {
  return fmt::format("{}/{}", address_.to_text(), length_);
}

}  // namespace cw::net
