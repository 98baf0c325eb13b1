// SPDX-License-Identifier: Apache-2.0
#include "net/ip.h"

#include <algorithm>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <fmt/format.h>

namespace cw::net {

Result<Ip> Ip::from_bytes(std::span<const std::uint8_t> bytes) {
  Ip ip;
  if (bytes.size() == 16) {
    ip.family_ = Family::V6;
  } else if (bytes.size() != 4) {
    return Error::invalid(fmt::format("an IP address has 4 or 16 bytes, not {}", bytes.size()));
  }
  std::ranges::copy(bytes, ip.bytes_.begin());
  return ip;
}

Result<Ip> Ip::parse(std::string_view text) {
  const std::string zero_terminated(text);
  Ip ip;
  if (text.find('\0') == std::string_view::npos) {
    if (inet_pton(AF_INET, zero_terminated.c_str(), ip.bytes_.data()) == 1) {
      return ip;
    }
    if (inet_pton(AF_INET6, zero_terminated.c_str(), ip.bytes_.data()) == 1) {
      constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
      if (std::equal(kMapped.begin(), kMapped.end(), ip.bytes_.begin())) {
        return Error::invalid(
            fmt::format("'{}' is an IPv4-mapped address; write the IPv4 address itself", text));
      }
      ip.family_ = Family::V6;
      return ip;
    }
  }
  return Error::invalid(fmt::format("'{}' is not an IP address", text));
}

Ip Ip::masked(std::uint8_t length) const {
  Ip ip = *this;
  for (unsigned i = 0; i < ip.bytes_.size(); ++i) {
    const unsigned first_bit = i * 8;
    if (first_bit >= length) {
      ip.bytes_[i] = 0;
    } else if (length - first_bit < 8) {
      ip.bytes_[i] = static_cast<std::uint8_t>(ip.bytes_[i] & (0xff00U >> (length - first_bit)));
    }
  }
  return ip;
}

std::string Ip::to_text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const char* shown =
      inet_ntop(is_v4() ? AF_INET : AF_INET6, bytes_.data(), text.data(), text.size());
  return shown != nullptr ? shown : "";
}

}  // namespace cw::net
