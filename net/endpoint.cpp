// SPDX-License-Identifier: Apache-2.0
#include "net/endpoint.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace cw::net {

namespace {

constexpr std::size_t kLongestName = 253;  // RFC 1035 section 2.3.4, in text form
constexpr std::size_t kLongestLabel = 63;

bool is_label(std::string_view label) {
  const auto letter_or_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !label.empty() && label.size() <= kLongestLabel && letter_or_digit(label.front()) &&
         letter_or_digit(label.back()) &&
         std::ranges::all_of(label, [&](char c) { return letter_or_digit(c) || c == '-'; });
}

bool is_name(std::string_view name) {
  if (name.empty() || name.size() > kLongestName) {
    return false;
  }
  if (name.back() == '.') {
    name.remove_suffix(1);
  }
  bool last_label_is_number = false;
  for (;;) {
    const auto dot = name.find('.');
    const auto label = name.substr(0, dot);
    if (!is_label(label)) {
      return false;
    }
    last_label_is_number = std::ranges::all_of(label, [](char c) { return c >= '0' && c <= '9'; });
    if (dot == std::string_view::npos) {
      // RFC 1123 section 2.1: a name cannot end like a dotted address, so 10.0.0.300 is neither.
      return !last_label_is_number;
    }
    name.remove_prefix(dot + 1);
  }
}

std::string host_and_port(const std::string& host, std::uint16_t port) {
  const bool brackets = host.find(':') != std::string::npos;
  return brackets ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace

std::string SocketAddress::to_text() const {
  return host_and_port(ip.to_text(), port);
}

Result<SocketAddress> SocketAddress::parse(std::string_view text) {
  const auto endpoint = CW_TRY(Endpoint::parse(text));
  const auto ip = Ip::parse(endpoint.host);
  if (!ip) {
    return Error::invalid(fmt::format("'{}' is a name; write an address", endpoint.host));
  }
  return SocketAddress{.ip = *ip, .port = endpoint.port};
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || text.ends_with(']')) {
    return Error::invalid(fmt::format("'{}' has no port; write it as HOST:PORT", text));
  }
  Endpoint endpoint;
  const auto digits = text.substr(colon + 1);
  const char* end = digits.data() + digits.size();
  const auto [stop, code] = std::from_chars(digits.data(), end, endpoint.port);
  if (code != std::errc{} || stop != end || endpoint.port == 0) {
    return Error::invalid(
        fmt::format("'{}' has no port from 1 to 65535 behind its last ':'", text));
  }
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    const Ip ip = CW_TRY(Ip::parse(host.substr(1, host.size() - 2)));
    if (ip.is_v4()) {
      return Error::invalid(fmt::format("'{}': brackets are for IPv6 addresses only", text));
    }
    endpoint.host = ip.to_text();
    return endpoint;
  }
  if (host.find(':') != std::string_view::npos) {
    return Error::invalid(
        fmt::format("'{}': write an IPv6 address in brackets, as [2001:db8::1]:51820", text));
  }
  const auto ip = Ip::parse(host);
  if (!ip && !is_name(host)) {
    return Error::invalid(fmt::format("'{}' is neither a host name nor an IP address", host));
  }
  endpoint.host = ip ? ip->to_text() : std::string(host);
  return endpoint;
}

std::string Endpoint::to_text() const {
  return host_and_port(host, port);
}

}  // namespace cw::net
