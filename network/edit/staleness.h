// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "network/directory.h"
#include "network/netmap.h"

// Whose configuration is behind the network, and what it lacks. Pure; about 10 us a peer.
namespace cw::network {

struct Staleness {
  std::string peer;
  bool must = false;  // what it was given does not work any more, or not as its file says
  std::vector<std::string> may =
      {};  // what a new one could do more: "site lab", "10.2.0.0/16 at lab", "gateway prod-b"

  friend bool operator==(const Staleness&, const Staleness&) = default;
};

// Of the peers whose file says what they were given; those that lack nothing are left out.
[[nodiscard]] std::vector<Staleness> stale_peers(const Directory& directory, const Netmap& netmap);

}  // namespace cw::network
