// SPDX-License-Identifier: Apache-2.0
#include "tests/support/signing.h"

#include "base/rfc3339.h"
#include "network/netmap_json.h"

namespace cw::test {

WallTime signed_at() {
  return from_rfc3339("2026-11-28T13:00:00Z").value_or(WallTime{});
}

std::string bundle(const network::Netmap& netmap, const network::Statement& statement,
                   std::uint8_t key) {
  return network::make_bundle(network::to_json(netmap), statement, signing_key(key));
}

}  // namespace cw::test
