// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

#include "net/key.h"
#include "netlink/codec/wireguard_values.h"
#include "network/netmap.h"
#include "router/model/snapshot.h"

// A gateway with a new key stands beside the one it replaces: two devices with the same peers and
// the same block. Packets for a peer go to the device with which it last shook hands, any time ago:
// the kernel remembers that, so nobody else has to. Pure; linear in the peers.
namespace cw::router {

struct Replacement {
  std::string before;  // devices
  std::string after;

  friend bool operator==(const Replacement&, const Replacement&) = default;
};

// Of the gateways that this router serves.
[[nodiscard]] std::vector<Replacement> replacements(const network::Netmap& netmap,
                                                    const Host& host);

// The peers that are on the new device of a replacement.
[[nodiscard]] std::set<net::PublicKey> moved(const std::vector<Replacement>& replacements,
                                             const std::vector<netlink::WgDevice>& devices);

}  // namespace cw::router
