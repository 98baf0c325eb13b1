// SPDX-License-Identifier: Apache-2.0
#include "net/ip.h"

#include <algorithm>
#include <charconv>

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

namespace {

// Both by hand: a firewall has several of these texts for each peer, and inet_ntop goes through
// printf.
char* write_v4(char* at, std::span<const std::uint8_t> bytes) {
  for (std::size_t i = 0; i < 4; ++i) {
    if (i > 0) {
      *at++ = '.';
    }
    at = std::to_chars(at, at + 3, bytes[i]).ptr;
  }
  return at;
}

// RFC 5952 section 4.2: the longest run of two or more zero groups, the first of equal ones.
struct ZeroRun {
  std::size_t start = 8;
  std::size_t length = 1;
};

ZeroRun longest_zero_run(const std::array<unsigned, 8>& groups) {
  ZeroRun best;
  for (std::size_t i = 0; i < groups.size();) {
    std::size_t end = i;
    while (end < groups.size() && groups[end] == 0) {
      ++end;
    }
    if (end - i > best.length) {
      best = {.start = i, .length = end - i};
    }
    i = end + 1;
  }
  return best;
}

char* write_v6(char* at, std::span<const std::uint8_t> bytes) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < groups.size(); ++i) {
    groups[i] = static_cast<unsigned>(bytes[2 * i] << 8 | bytes[2 * i + 1]);
  }
  const auto run = longest_zero_run(groups);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (i == run.start) {
      *at++ = ':';
      *at++ = ':';
      i += run.length - 1;
      continue;
    }
    if (i > 0 && i != run.start + run.length) {
      *at++ = ':';
    }
    at = std::to_chars(at, at + 4, groups[i], 16).ptr;
  }
  return at;
}

}  // namespace

std::string Ip::to_text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const char* end = is_v4() ? write_v4(text.data(), bytes()) : write_v6(text.data(), bytes());
  return std::string(static_cast<const char*>(text.data()), end);
}

}  // namespace cw::net
