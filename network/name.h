// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

// The words people choose. Narrow on purpose: they become interface, file and DNS names and metric
// labels, and two that differ only in case or by a letter of another script must not exist.
namespace cw::network {

// Networks, sites, routers, peers, groups: 1 to 63 of `a-z 0-9 - _ .`, a letter or digit at both
// ends.
Result<std::string> parse_name(std::string_view text);

// Gateways: 1 to 12 of `a-z 0-9 -`, a letter or digit at both ends.
Result<std::string> parse_gateway_name(std::string_view text);

// Whose device a peer is: free text of 1 to 254 bytes without control characters.
Result<std::string> parse_user(std::string_view text);

// A network interface: 1 to 15 bytes, no blank, '/' or ':' (the kernel's dev_valid_name).
Result<std::string> parse_interface(std::string_view text);

}  // namespace cw::network
