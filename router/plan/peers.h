// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "netlink/codec/wireguard_values.h"
#include "router/model/desired_state.h"
#include "router/model/plan.h"

// The difference between the peers of one device as they should be and as they are. Pure; one pass
// over two sorted lists. It never names an endpoint or a session of a peer that is there.
namespace cw::router {

struct PeerDifference {
  std::vector<NamedPeerChange> set;     // to make or correct
  std::vector<NamedPeerChange> remove;  // not in the network
  std::vector<net::PublicKey> resume;   // made with a known endpoint: handshakes to start
};

[[nodiscard]] PeerDifference diff_peers(const std::vector<DevicePeer>& desired,
                                        const std::vector<netlink::WgPeer>& kernel);

}  // namespace cw::router
