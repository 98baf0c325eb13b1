// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "network/netmap.h"
#include "network/signed_netmap.h"
#include "tests/unit/network/signing_keys.h"

// Signed netmaps, by keys that are derived from a number.
namespace cw::test {

using network::signing_key;

WallTime signed_at();

std::string bundle(const network::Netmap& netmap, const network::Statement& statement,
                   std::uint8_t key = 1);

}  // namespace cw::test
