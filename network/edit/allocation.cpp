// SPDX-License-Identifier: Apache-2.0
#include "network/edit/allocation.h"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

namespace cw::network {

namespace {

using Taken = std::unordered_set<std::uint32_t>;

std::uint64_t size_of(const net::Prefix& block) {
  return std::uint64_t{1} << (32U - block.length());
}

Taken addresses_in_use(const Netmap& netmap) {
  Taken taken = {netmap.pool.address().low32(), netmap.pool.last().low32()};
  for (const Site& site : netmap.sites) {
    for (const Gateway& gateway : site.gateways) {
      taken.insert(gateway.address.low32());
    }
  }
  for (const Peer& peer : netmap.peers) {
    taken.insert(peer.address.low32());
  }
  return taken;
}

void add_removed(const Directory& directory, WallTime now, Taken& taken) {
  for (const auto& [text, file] : directory.removed) {
    const auto address = net::Ip::parse(text);
    const bool rests = !file.removed || *file.removed + kRetention > now;
    if (address && rests) {
      taken.insert(address->low32());
    }
  }
}

// From a random place on, the first that is free.
Result<net::Ip> free_address(const net::Prefix& block, const Taken& taken, std::uint32_t start) {
  const auto size = size_of(block);
  for (std::uint64_t i = 0; i < size; ++i) {
    const auto candidate = static_cast<std::uint32_t>(block.address().low32() + (start + i) % size);
    if (!taken.contains(candidate)) {
      return net::Ip::v4(candidate);
    }
  }
  return Error::make(ErrorKind::Exhausted,
                     fmt::format("no address of {} is free", block.to_text()));
}

struct Candidate {
  const Site* site;
  const Gateway* gateway;
  std::uint64_t used = 0;

  [[nodiscard]] std::uint64_t size() const { return size_of(gateway->block.ipv4()); }
};

bool emptier(const Candidate& a, const Candidate& b) {
  const auto left = a.used * b.size();  // shares, without dividing: both below 2^40
  const auto right = b.used * a.size();
  if (left != right) {
    return left < right;
  }
  if (a.size() != b.size()) {
    return a.size() > b.size();
  }
  return std::tie(a.site->id, a.gateway->name) < std::tie(b.site->id, b.gateway->name);
}

bool named(const std::optional<std::vector<std::string>>& sites, const std::string& name) {
  return !sites || std::ranges::find(*sites, name) != sites->end();
}

Result<> check_names(const Netmap& netmap, const std::optional<std::vector<std::string>>& sites) {
  for (const auto& name : sites.value_or(std::vector<std::string>())) {
    if (std::ranges::find(netmap.sites, name, &Site::name) == netmap.sites.end()) {
      return Error::invalid(fmt::format("there is no site `{}`", name));
    }
  }
  return {};
}

bool is_being_replaced(const Site& site, const Gateway& gateway) {
  return std::ranges::any_of(site.gateways,
                             [&](const Gateway& each) { return each.replaces == gateway.name; });
}

Result<Candidate> choose_home(const Netmap& netmap, const Wish& wish) {
  std::optional<Candidate> best;
  for (const Site& site : netmap.sites) {
    for (const Gateway& gateway : site.gateways) {
      if (!named(wish.sites, site.name) || (wish.gateway && gateway.name != *wish.gateway) ||
          is_being_replaced(site, gateway)) {
        continue;
      }
      const auto used = std::ranges::count_if(
          netmap.peers, [&](const Peer& peer) { return gateway.block.contains(peer.address); });
      const Candidate candidate{
          .site = &site, .gateway = &gateway, .used = static_cast<std::uint64_t>(used)};
      best = !best || emptier(candidate, *best) ? candidate : *best;
    }
  }
  if (best) {
    return *best;
  }
  if (wish.gateway) {
    return Error::invalid(fmt::format("there is no gateway `{}`{}", *wish.gateway,
                                      wish.sites ? " at these sites" : ""));
  }
  return Error::invalid(
      "there is no gateway yet that a peer could use; `causeway gateway add` makes one");
}

// The part of `region` from which `site` is reached as well. Blocks of a site do not overlap, so
// that a prefix lies in one of them, or some of them lie in it; then the widest.
std::optional<net::Prefix> part_reaching(const Site& site, const net::Prefix& region) {
  std::optional<net::Prefix> part;
  for (const Gateway& gateway : site.gateways) {
    const auto& block = gateway.block.ipv4();
    if (block.contains(region)) {
      return region;
    }
    if (region.contains(block) && (!part || block.length() < part->length())) {
      part = block;
    }
  }
  return part;
}

}  // namespace

Result<std::vector<std::string>> reachable_sites(
    const Netmap& netmap, const net::Ip& address,
    const std::optional<std::vector<std::string>>& wanted) {
  CW_TRY(check_names(netmap, wanted));
  std::vector<std::string> sites;
  for (const Site& site : netmap.sites) {
    const bool reached = std::ranges::any_of(
        site.gateways, [&](const Gateway& each) { return each.block.contains(address); });
    if (reached && named(wanted, site.name)) {
      sites.push_back(site.name);
    } else if (wanted && named(wanted, site.name)) {
      return Error::invalid(
          fmt::format("no gateway at site `{}` has {} in its block", site.name, address.to_text()));
    }
  }
  if (sites.empty()) {
    return Error::invalid(fmt::format("no gateway has {} in its block", address.to_text()));
  }
  return sites;  // by name, as the netmap's
}

Result<Allocation> allocate(const Directory& directory, const Netmap& netmap, const Wish& wish,
                            WallTime now, const RandomBelow& random) {
  CW_TRY(check_names(netmap, wish.sites));
  const auto home = CW_TRY(choose_home(netmap, wish));
  auto region = home.gateway->block.ipv4();
  std::vector<const Site*> by_id;
  for (const Site& site : netmap.sites) {
    by_id.push_back(&site);
  }
  std::ranges::sort(by_id, {}, [](const Site* site) { return site->id; });
  for (const Site* site : by_id) {
    if (site == home.site || !named(wish.sites, site->name)) {
      continue;
    }
    if (const auto part = part_reaching(*site, region)) {
      region = *part;
    } else if (wish.sites) {
      return Error::invalid(
          fmt::format("no address of gateway `{}`'s block {} is in a block at site `{}` as well",
                      home.gateway->name, region.to_text(), site->name));
    }
  }
  auto taken = addresses_in_use(netmap);
  add_removed(directory, now, taken);
  const auto size = std::min<std::uint64_t>(size_of(region), 0xffffffffU);
  const auto address =
      CW_TRY(free_address(region, taken, random(static_cast<std::uint32_t>(size))));
  Allocation made{.address = address, .home = home.gateway->name, .sites = {}};
  made.sites = CW_TRY(reachable_sites(netmap, address, wish.sites));
  if (directory.removed.contains(address.to_text())) {
    made.tombstone = removed_path(address);
  }
  return made;
}

Result<net::Ip> lowest_free(const Netmap& netmap, const net::Block& block) {
  return free_address(block.ipv4(), addresses_in_use(netmap), 0);
}

}  // namespace cw::network
