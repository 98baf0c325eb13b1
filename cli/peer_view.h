// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/table.h"
#include "network/directory.h"
#include "network/edit/staleness.h"
#include "network/netmap.h"

// Peers of a directory as text for people and as JSON for programs. Pure.
namespace cw::cli {

// A peer with what is known of its configuration.
struct PeerState {
  network::Peer peer;
  bool expired = false;
  network::Staleness stale;  // of its own; empty where it is not

  [[nodiscard]] std::string state() const;          // "enabled", "disabled", "expired"
  [[nodiscard]] std::string configuration() const;  // "current", "must be renewed", ...
};

[[nodiscard]] std::vector<PeerState> peer_states(const network::Directory& directory,
                                                 const network::Netmap& netmap, WallTime now);

[[nodiscard]] std::string list_text(const std::vector<PeerState>& peers, Colour colour);
[[nodiscard]] std::string stale_text(const std::vector<PeerState>& peers, Colour colour);
[[nodiscard]] std::string show_text(const PeerState& peer);
// Of one or of all.
[[nodiscard]] std::string peers_json(const std::vector<PeerState>& peers);
[[nodiscard]] std::string peer_json(const PeerState& peer);

}  // namespace cw::cli
