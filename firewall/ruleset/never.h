// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

// What is never reachable through a gateway whatever the routes say: this host, link-local (the
// metadata address), multicast, reserved. RFC 6890; fd00:ec2::254 is AWS's metadata address.
namespace cw::firewall {

inline constexpr std::array<std::string_view, 5> kNeverIpv4 = {
    "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"};
inline constexpr std::array<std::string_view, 5> kNeverIpv6 = {
    "::/128", "::1/128", "fd00:ec2::254/128", "fe80::/10", "ff00::/8"};

}  // namespace cw::firewall
