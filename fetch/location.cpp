// SPDX-License-Identifier: Apache-2.0
#include "fetch/location.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/printable.h"
#include "net/ip.h"

namespace cw::fetch {

namespace {

constexpr std::string_view kHttps = "https://";
constexpr std::string_view kHttp = "http://";

std::string in_small_letters(std::string_view text) {
  std::string small(text);
  std::ranges::transform(small, small.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return small;
}

// Host and port of an address (RFC 3986 section 3.2), without its scheme.
struct Authority {
  std::string_view host;  // an IPv6 address without its brackets
  std::string_view port;  // empty: the scheme's own
};

Result<Authority> parse_authority(std::string_view text) {
  Authority authority;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) {
      return Error::invalid("the address in brackets does not end");
    }
    authority.host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
    const auto ip = net::Ip::parse(authority.host);
    if (!ip || ip->is_v4()) {
      return Error::invalid(fmt::format("'{}' is not an IPv6 address", authority.host));
    }
  } else {
    const auto end = std::min(text.find(':'), text.size());
    authority.host = text.substr(0, end);
    rest = text.substr(end);
  }
  if (authority.host.empty()) {
    return Error::invalid("the address has no host");
  }
  if (rest.empty()) {
    return authority;
  }
  authority.port = rest.substr(1);
  constexpr std::size_t kLongestPort = 5;
  const bool digits =
      std::ranges::all_of(authority.port, [](char c) { return c >= '0' && c <= '9'; });
  if (rest.front() != ':' || authority.port.empty() || authority.port.size() > kLongestPort ||
      !digits) {
    return Error::invalid(fmt::format("'{}' is not a port", authority.port));
  }
  return authority;
}

bool is_loopback(std::string_view host) {
  const auto ip = net::Ip::parse(host);
  if (!ip) {
    return false;  // a name may lead anywhere
  }
  constexpr std::uint8_t kLoopbackNet = 127;
  constexpr net::Ip::V6Bytes kLoopback6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return ip->is_v4() ? ip->bytes().front() == kLoopbackNet : *ip == net::Ip::v6(kLoopback6);
}

Result<Location> parse_address(std::string_view scheme, std::string_view rest) {
  if (scheme != kHttps && scheme != kHttp) {
    return Error::invalid(
        fmt::format("{} is not fetched from; write https://HOST/FILE or a path", scheme));
  }
  if (std::ranges::any_of(rest, [](char c) { return c <= ' ' || c >= 0x7f || c == '\\'; })) {
    return Error::invalid("an address has no blanks and only ASCII letters; write others as %XX");
  }
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return Error::invalid(
        "the address has a query or a fragment; it would be shown wherever the address is, and the "
        "files beside it could not be named");
  }
  const auto slash = std::min(rest.find('/'), rest.size());
  if (rest.substr(0, slash).find('@') != std::string_view::npos) {
    return Error::invalid(
        "the address has a user name; addresses are shown in status and journal, so keep secrets "
        "out of them");
  }
  const auto authority = CW_TRY(parse_authority(rest.substr(0, slash)));
  if (slash + 1 >= rest.size() || rest.ends_with('/')) {
    return Error::invalid("the address names no file");
  }
  Location location{.kind = Location::Kind::Https, .text = fmt::format("{}{}", scheme, rest)};
  if (scheme == kHttp) {
    if (!is_loopback(authority.host)) {
      return Error::invalid("http:// is for loopback addresses only; write https://");
    }
    location.kind = Location::Kind::LoopbackHttp;
  }
  return location;
}

}  // namespace

Result<Location> parse_location(std::string_view text) {
  if (text.empty() || text.size() > kLongestLocation || printable(text) != text) {
    return Error::invalid("this is neither a path nor an https:// address");
  }
  constexpr std::string_view kMark = "://";
  const auto mark = text.find(kMark);
  // A scheme is a word in front; "dir/a://b" is a path.
  if (mark == std::string_view::npos || text.substr(0, mark).find('/') != std::string_view::npos) {
    return Location{.kind = Location::Kind::Path, .text = std::string(text)};
  }
  const auto begin = mark + kMark.size();
  return parse_address(in_small_letters(text.substr(0, begin)), text.substr(begin));
}

Location beside(const Location& location, std::string_view suffix) {
  return {.kind = location.kind, .text = fmt::format("{}{}", location.text, suffix)};
}

}  // namespace cw::fetch
