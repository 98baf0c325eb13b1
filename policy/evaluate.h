// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "policy/world.h"

// The reference: what a policy means, one connection at a time, as plainly as it can be said. The
// firewall's ruleset is compiled for speed and compared with this; `causeway policy explain` asks
// it. Pure; linear in the rules.
namespace cw::policy {

// One end of a connection: a peer, or an address at a site.
struct Party {
  const Peer* peer = nullptr;  // in the world that is asked
  const Site* site = nullptr;  // where there is no peer
  net::Ip address;             // at the site

  static Party of(const Peer& peer) { return {.peer = &peer}; }

  static Party at(const Site& site, net::Ip address) { return {.site = &site, .address = address}; }
};

// Who opens it, and what is opened: one protocol, one port. Answers go with what they answer.
struct Connection {
  Party from;
  Party to;
  Service service;
};

enum class Reason : std::uint8_t {
  Rule,            // Decision::rule allows it
  NoPolicy,        // allowed: there is no policy.toml
  NoRule,          // denied: no rule allows it
  NotOfSite,       // denied: the peer may not use the site
  NoGateway,       // denied: no gateway of the site has the peer in its block
  NotRouted,       // denied: the site has no route to the address
  NotAPeersWay,    // denied: from a site to a site; a router is no way between them
  NoCommonSite,    // denied: no site is both peers'
  NoCommonRouter,  // denied: at every site of both, they are at gateways of different routers
  RoutersOwn,      // denied: the address is that of the router which lets the peer in
  RouterAnswers,   // allowed, whatever the rules: ICMP to that address
};

// A rule that would have allowed it but for one thing.
struct NearMiss {
  enum class But : std::uint8_t { Service, Destination, Source, Expired };

  std::size_t rule = 0;
  But but = But::Service;

  friend bool operator==(const NearMiss&, const NearMiss&) = default;
};

struct Decision {
  bool allowed = false;
  Reason reason = Reason::NoRule;
  std::size_t rule = 0;          // of Reason::Rule: the first that allows it
  std::vector<NearMiss> misses;  // of Reason::NoRule, in the order of the rules

  friend bool operator==(const Decision&, const Decision&) = default;
};

[[nodiscard]] Decision decide(const World& world, const Connection& connection, WallTime now);

// The same for many who open the same: each rule is looked at once, and for each of them only those
// that open it to somebody. What it refers to must outlive it.
class ToOnePlace {
 public:
  ToOnePlace(const World& world, const Party& to, const Service& service, WallTime now);

  // What decide() says, without the misses.
  [[nodiscard]] Decision decide(const Party& from) const;

 private:
  const World& world_;
  Party to_;
  Service service_;
  std::vector<std::size_t> rules_;
};

// The parts of it. A selector that cannot stand where it is asked about matches nothing.
[[nodiscard]] bool matches_source(const World& world, const Selector& from, const Party& party);
[[nodiscard]] bool matches_destination(const World& world, const Selector& to, const Party& party);
// All that matches_source() is true of, in the order of the world, which is that of their names.
[[nodiscard]] std::vector<const Peer*> peers_of(const World& world, const Selector& from);
[[nodiscard]] bool enters_at(const Peer& peer, const Site& site);
// Whether the address is that of the one router that lets the peer in at the site: what is for it
// is not forwarded, and no rule is asked.
[[nodiscard]] bool is_own_address(const Peer& peer, const Site& site, const net::Ip& address);
// Whether some router lets both in: what one of them sends to the other passes one router.
[[nodiscard]] bool can_meet(const Peer& one, const Peer& other);
[[nodiscard]] bool is_in_force(const Rule& rule, WallTime now);

}  // namespace cw::policy
