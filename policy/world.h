// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <vector>

#include "net/alias.h"
#include "net/prefix.h"
#include "net/via6.h"
#include "policy/policy.h"

// The part of a network that a policy speaks of. Plain value.
namespace cw::policy {

// A router of a site that lets a peer in: one of its gateways there has the peer in its block.
struct Entrance {
  std::string site;
  std::string router;

  friend auto operator<=>(const Entrance&, const Entrance&) = default;
};

struct Peer {
  std::string name;
  std::string user;                 // empty: nobody's
  std::vector<std::string> groups;  // sorted
  std::vector<std::string> sites;   // sorted; the sites it may use
  net::Ip address;                  // overlay IPv4
  std::vector<Entrance> entrances;  // sorted; at some of `sites`

  friend bool operator==(const Peer&, const Peer&) = default;
};

// A peer that nobody lets in: it has no rights, and people ask why.
struct LockedOut {
  Peer peer;
  std::optional<WallTime> expired;  // none: it is disabled

  friend bool operator==(const LockedOut&, const LockedOut&) = default;
};

// A router whose own address in its site is written down; of others nothing is known.
struct RouterAddress {
  std::string router;
  net::Ip address;

  friend bool operator==(const RouterAddress&, const RouterAddress&) = default;
};

struct Site {
  std::string name;
  std::vector<net::Prefix> routes;  // sorted
  std::optional<net::Prefix> via;   // its 4via6 prefix
  std::vector<net::Alias> aliases;  // of routes
  std::vector<RouterAddress> routers;

  // What a prefix that somebody wrote means here: of a 4via6 or alias form, the real destination.
  [[nodiscard]] net::Prefix meant(const net::Prefix& written) const {
    return via ? net::meant_at(*via, aliases, written) : written;
  }

  friend bool operator==(const Site&, const Site&) = default;
};

struct World {
  std::vector<Site> sites;            // by name
  std::vector<Peer> peers;            // by name; only those that are let in at all
  std::vector<LockedOut> locked_out;  // by name; matches no selector
  std::optional<Policy> policy;       // none: every peer reaches every route of its sites

  friend bool operator==(const World&, const World&) = default;
};

}  // namespace cw::policy
