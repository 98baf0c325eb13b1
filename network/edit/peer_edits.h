// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "network/edit/allocation.h"
#include "network/edit/change.h"

// What `causeway peer` does to the directory. Each gives the files that change and the peer as it
// is afterwards, from which its configuration is composed. Nothing here holds a private key. Pure.
namespace cw::network {

struct NewPeer {
  std::string name;
  net::PublicKey public_key;
  std::string user = {};
  std::vector<std::string> groups = {};
  Wish wish = {};
  std::optional<WallTime> expires = {};
};

struct PeerEdit {
  Peer peer;
  Changes changes;

  friend bool operator==(const PeerEdit&, const PeerEdit&) = default;
};

Result<PeerEdit> add_peer(const Directory& directory, const Netmap& netmap, const NewPeer& wanted,
                          WallTime now, const RandomBelow& random);

// A new configuration for a peer there is: its file pins what the configuration has.
struct Reissue {
  std::optional<net::PublicKey> public_key = {};       // nothing: the key stays
  bool all_sites = false;                              // all that its address reaches now
  std::optional<std::vector<std::string>> sites = {};  // nothing: as before
};

// `text` is the peer's file.
Result<PeerEdit> reissue_peer(std::string_view text, const Netmap& netmap, const Peer& peer,
                              const Reissue& wanted);

Result<Changes> set_peer_enabled(std::string_view text, const std::string& name, bool enabled);

// The file goes, a tombstone comes.
[[nodiscard]] Changes remove_peer(const Peer& peer, WallTime now);

}  // namespace cw::network
