// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "network/checks.h"
#include "network/limits.h"

namespace cw::network {

const GatewayView* gateway_at(const Checks& checks, std::string_view site, const net::Ip& address) {
  const auto found = std::ranges::find_if(checks.gateways, [&](const GatewayView& gateway) {
    return gateway.site == site && !gateway.table->replaces.set && gateway.block &&
           gateway.block->contains(address);
  });
  return found == checks.gateways.end() ? nullptr : &*found;
}

namespace {

bool may_use(const PeerFile& peer, std::string_view site) {
  return !peer.sites || std::ranges::any_of(*peer.sites, [&](const Located<std::string>& each) {
    return each.value == site;
  });
}

}  // namespace

const GatewayView* default_home(const Checks& checks, const PeerFile& peer) {
  const GatewayView* home = nullptr;
  for (const GatewayView& gateway : checks.gateways) {
    const bool serves = may_use(peer, gateway.site) && !gateway.table->replaces.set &&
                        gateway.block && peer.address && gateway.block->contains(*peer.address);
    // Ids grow with the network, so that a new site does not move the homes of everybody.
    if (serves && (home == nullptr || gateway.file->id.value < home->file->id.value)) {
      home = &gateway;
    }
  }
  return home;
}

namespace {

class PeerChecks {
 public:
  PeerChecks(Checks& checks, std::string_view name, const PeerFile& peer)
      : checks_(checks), name_(name), peer_(peer) {}

  void run() {
    if (peer_.public_key) {
      checks_.check_key(*peer_.public_key, at(peer_.public_key.span));
    }
    if (peer_.address) {
      checks_.check_overlay_address(*peer_.address, at(peer_.address.span));
    }
    if (!check_sites()) {
      return;  // what follows would only repeat it
    }
    if (peer_.home.set) {
      check_home();
    } else {
      check_default_home();
    }
    warn_of_sites_out_of_reach();
  }

 private:
  [[nodiscard]] Origin at(Span span) const { return Origin::in_peer(name_, span); }

  [[nodiscard]] bool address_usable() const {
    return peer_.address && checks_.pool() != nullptr && checks_.pool()->contains(*peer_.address);
  }

  bool check_sites();
  void check_home();
  void check_default_home();
  void warn_of_sites_out_of_reach();

  Checks& checks_;
  std::string_view name_;
  const PeerFile& peer_;
};

bool PeerChecks::check_sites() {
  bool good = true;
  if (!peer_.sites) {
    return good;
  }
  for (const auto& [site, span] : *peer_.sites) {
    if (checks_.site_known(site)) {
      continue;
    }
    std::vector<std::string_view> known;
    for (const auto& [name, file] : checks_.directory.sites) {
      known.push_back(name);
    }
    const auto meant = nearest(site, known);
    checks_.report(
        at(span), fmt::format("there is no site `{}`", site),
        meant ? fmt::format("did you mean `{}`?", *meant)
              : fmt::format("a site is a file: add {}, or remove it here", site_path(site)));
    good = false;
  }
  if (peer_.sites->empty()) {
    const bool reported = checks_.directory.mistakes.contains(peer_path(name_));
    if (!reported) {
      checks_.report(at({}), "`sites` is empty: this peer could reach nothing",
                     "remove the line to allow all sites, or set enabled = false");
    }
    good = false;
  }
  return good;
}

void PeerChecks::check_home() {
  if (!peer_.home) {
    return;
  }
  const auto home = std::ranges::find_if(checks_.gateways, [&](const GatewayView& gateway) {
    return gateway.table->name && *gateway.table->name == *peer_.home;
  });
  if (home == checks_.gateways.end()) {
    if (checks_.any_site_broken()) {
      return;
    }
    std::vector<std::string_view> known;
    for (const GatewayView& gateway : checks_.gateways) {
      known.push_back(gateway.table->name ? std::string_view(*gateway.table->name) : "");
    }
    const auto meant = nearest(*peer_.home, known);
    checks_.report(at(peer_.home.span), fmt::format("there is no gateway `{}`", *peer_.home),
                   meant ? fmt::format("did you mean `{}`?", *meant)
                         : "`home` names a [[gateway]] of one of the peer's sites");
    return;
  }
  const auto gateway_name = home->at(home->table->name.span);
  if (!may_use(peer_, home->site)) {
    checks_.report(at(peer_.home.span),
                   fmt::format("the home gateway `{}` is at site `{}`, which this peer may not use",
                               *peer_.home, home->site),
                   gateway_name, "the gateway",
                   fmt::format("add \"{}\" to `sites`, or choose another home", home->site));
  } else if (home->block && address_usable() && !home->block->contains(*peer_.address)) {
    checks_.report(at(peer_.address.span),
                   fmt::format("{} is outside the block of the home gateway `{}`",
                               peer_.address->to_text(), *peer_.home),
                   home->block_at(), fmt::format("the block is {}", home->block->ipv4().to_text()),
                   "give the peer an address of that block, or the gateway that holds this one");
  }
}

void PeerChecks::check_default_home() {
  const bool blocks_known = std::ranges::all_of(checks_.gateways, [&](const GatewayView& gateway) {
    return gateway.block || !may_use(peer_, gateway.site);
  });
  if (!address_usable() || !blocks_known || checks_.gateways.empty() || checks_.any_site_broken() ||
      default_home(checks_, peer_) != nullptr) {
    return;
  }
  const auto near = std::ranges::find_if(
      checks_.gateways, [&](const GatewayView& gateway) { return may_use(peer_, gateway.site); });
  if (near == checks_.gateways.end()) {
    checks_.report(at(peer_.sites && !peer_.sites->empty() ? peer_.sites->front().span : Span{}),
                   "no site of this peer has a gateway", "add a [[gateway]] to one of them");
    return;
  }
  checks_.report(
      at(peer_.address.span),
      fmt::format("no gateway of this peer's sites has {} in its block", peer_.address->to_text()),
      near->block_at(), fmt::format("this block is {}", near->block->ipv4().to_text()),
      "give the peer an address of a block, or a gateway a block with this address");
}

// Allowed, because one peer may well have an address for some of its sites only; but whoever wrote
// the site down expects to reach it.
void PeerChecks::warn_of_sites_out_of_reach() {
  if (!peer_.sites || !address_usable() || default_home(checks_, peer_) == nullptr) {
    return;  // not said, or not known, or an error already
  }
  for (const auto& [site, span] : *peer_.sites) {
    const auto file = checks_.directory.sites.find(site);
    if (file == checks_.directory.sites.end()) {
      continue;  // it has mistakes of its own
    }
    const auto there = [&](const GatewayView& gateway) { return gateway.site == site; };
    const auto first = std::ranges::find_if(checks_.gateways, there);
    if (first == checks_.gateways.end()) {
      checks_.warn(at(span), fmt::format("this peer cannot reach site `{}`", site),
                   Origin::in_site(site, {}), "it has no gateway", "add a [[gateway]] to it");
      continue;
    }
    const bool served = std::ranges::any_of(checks_.gateways, [&](const GatewayView& gateway) {
      return there(gateway) && (!gateway.block || gateway.block->contains(*peer_.address));
    });
    if (!served) {
      checks_.warn(at(span),
                   fmt::format("this peer cannot reach site `{}`: no gateway there has {} in its "
                               "block",
                               site, peer_.address->to_text()),
                   first->block_at(),
                   fmt::format("this block is {}", first->block->ipv4().to_text()),
                   "add a gateway whose block holds the address, or remove the site here");
    }
  }
}

// What a removed peer had stays taken: somebody may still have its configuration, and logs speak of
// its address.
void check_removed(Checks& checks) {
  const auto& removed = checks.directory.removed;
  if (removed.size() > kMostRemoved) {
    checks.report(Origin::in_network({}),
                  fmt::format("there are {} removed peers; at most {} are allowed", removed.size(),
                              kMostRemoved),
                  "delete the oldest files in removed/");
    return;
  }
  constexpr auto kHint = "choose another, or delete the file in removed/ if it may be used again";
  for (const auto& [address, file] : removed) {
    const auto at = Origin::in_removed(address, {});
    const auto ip = net::Ip::parse(address);
    if (const Origin* owner = ip ? checks.addresses.find(*ip) : nullptr) {
      checks.report(*owner, fmt::format("the address {} was a removed peer's", address), at,
                    "this peer's", kHint);
    }
    if (const Origin* owner = file.public_key ? checks.keys.find(*file.public_key) : nullptr) {
      checks.report(*owner, "this public key was a removed peer's",
                    Origin::in_removed(address, file.public_key.span), "here", kHint);
    }
  }
}

}  // namespace

void check_peers(Checks& checks) {
  const auto& peers = checks.directory.peers;
  if (peers.size() > kMostPeers) {
    checks.report(
        Origin::in_network({}),
        fmt::format("the network has {} peers; at most {} are allowed", peers.size(), kMostPeers));
    return;
  }
  const bool judged = checks.directory.network && !checks.any_site_broken();
  if (judged && !peers.empty() && checks.gateways.empty()) {
    checks.report(Origin::in_network({}), "no site has a gateway: no peer could connect",
                  "add a [[gateway]] to a file in sites/");
  }
  checks.keys.expect(peers.size());
  checks.addresses.expect(peers.size());
  for (const auto& [name, peer] : peers) {
    PeerChecks(checks, name, peer).run();
  }
  check_removed(checks);
}

}  // namespace cw::network
