// SPDX-License-Identifier: Apache-2.0
#include "network/client_config.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sodium.h>

#include "network/limits.h"

namespace cw::network {

namespace {

// "Canonical" begins here: another line of it would ask every client to import again.
constexpr std::string_view kFingerprintForm = "causeway client configuration 1\n";
constexpr std::size_t kFingerprintBytes = 16;

// Gateways of six sites that are replaced at once; with more, some are asked for a new one early.
constexpr std::size_t kMostWaysInUse = 64;

// Who a peer reaches a site through.
struct Way {
  const Site* site;
  const Gateway* gateway;
  bool home;  // also of a peer whose file still names the gateway that this one replaces
};

// While a gateway is being replaced, what is issued names the one that will stay.
const Gateway* gateway_for(const Site& site, const net::Ip& address) {
  const Gateway* found = nullptr;
  for (const Gateway& each : site.gateways) {
    if (each.block.contains(address) && (found == nullptr || each.replaces)) {
      found = &each;
    }
  }
  return found;
}

std::vector<Way> ways(const Netmap& netmap, const Peer& peer) {
  std::vector<Way> found;
  for (const Site& site : netmap.sites) {
    if (std::ranges::find(peer.sites, site.name) == peer.sites.end()) {
      continue;
    }
    if (const Gateway* gateway = gateway_for(site, peer.address)) {
      found.push_back({.site = &site,
                       .gateway = gateway,
                       .home = gateway->name == peer.home || gateway->replaces == peer.home});
    }
  }
  std::ranges::sort(found, {}, [](const Way& way) { return way.site->id; });
  return found;
}

// The same ways, but by the gateways that those are replacing: what was issued before.
std::vector<std::vector<Way>> ways_in_use(const Netmap& netmap, const Peer& peer) {
  std::vector<std::vector<Way>> found = {ways(netmap, peer)};
  for (std::size_t at = 0; at < found.front().size(); ++at) {
    const Way newest = found.front()[at];
    const auto& all = newest.site->gateways;
    const auto former = std::ranges::find_if(
        all, [&](const Gateway& each) { return newest.gateway->replaces == each.name; });
    for (std::size_t i = found.size(); former != all.end() && i > 0; --i) {
      if (found.size() == kMostWaysInUse) {
        return found;
      }
      auto other = found[i - 1];
      other[at] = {.site = newest.site, .gateway = &*former, .home = newest.home};
      found.push_back(std::move(other));
    }
  }
  return found;
}

std::vector<net::Prefix> own_prefixes(const Netmap& netmap, const Way& way) {
  const auto& address = way.gateway->address;
  return {net::Prefix::host(address), net::Prefix::host(net::ipv6_twin(netmap.ula, address)),
          net::site_via(netmap.via_prefix, way.site->id)};
}

std::vector<net::Prefix> catch_alls(const Netmap& netmap) {
  std::vector<net::Prefix> all = {netmap.via_prefix};
  all.insert(all.end(), netmap.client_routes.begin(), netmap.client_routes.end());
  return all;
}

std::vector<net::Prefix> claimed_twice(const std::vector<Way>& all) {
  std::map<net::Prefix, int> claims;
  for (const Way& way : all) {
    for (const auto& route : way.site->routes) {
      ++claims[route];
    }
  }
  std::vector<net::Prefix> twice;
  for (const auto& [route, times] : claims) {
    if (times > 1) {
      twice.push_back(route);
    }
  }
  return twice;
}

}  // namespace

ClientConfig client_config(const Netmap& netmap, const Peer& peer) {
  const auto all = ways(netmap, peer);
  ClientConfig config{.tunnel = tunnel_name(netmap.name),
                      .address = peer.address,
                      .ipv6 = net::ipv6_twin(netmap.ula, peer.address),
                      .peers = {},
                      .claimed_twice = claimed_twice(all)};
  // What is taken in earlier passes is not given again in later ones.
  std::set<net::Prefix> given;
  for (const Way& way : all) {
    ClientPeer made{.site = way.site->name,
                    .gateway = way.gateway->name,
                    .public_key = way.gateway->public_key,
                    .endpoint = way.gateway->endpoint,
                    .allowed_ips = own_prefixes(netmap, way),
                    .routes = {}};
    given.insert(made.allowed_ips.begin(), made.allowed_ips.end());
    config.peers.push_back(std::move(made));
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const auto& [route, alias] : all[i].site->aliases) {
      given.insert(alias);
      config.peers[i].routes.push_back(alias);
      config.peers[i].allowed_ips.push_back(alias);
    }
    for (const auto& route : all[i].site->routes) {
      if (!std::ranges::binary_search(config.claimed_twice, route) && given.insert(route).second) {
        config.peers[i].routes.push_back(route);
        config.peers[i].allowed_ips.push_back(route);
      }
    }
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].home) {
      std::ranges::copy_if(catch_alls(netmap), std::back_inserter(config.peers[i].allowed_ips),
                           [&](const auto& prefix) { return given.insert(prefix).second; });
    }
  }
  return config;
}

namespace {

std::string fingerprint(const Netmap& netmap, const Peer& peer, const std::vector<Way>& all) {
  std::string text(kFingerprintForm);
  text += fmt::format("address {}\naddress {}\n", peer.address.to_text(),
                      net::ipv6_twin(netmap.ula, peer.address).to_text());
  for (const Way& way : all) {
    auto prefixes = own_prefixes(netmap, way);
    if (way.home) {
      const auto more = catch_alls(netmap);
      prefixes.insert(prefixes.end(), more.begin(), more.end());
    }
    text += fmt::format("peer {} {}\n", way.gateway->public_key.to_text(),
                        way.gateway->endpoint.to_text());
    for (const auto& prefix : prefixes) {
      text += fmt::format("allowed {}\n", prefix.to_text());
    }
  }
  std::array<unsigned char, kFingerprintBytes> digest{};
  std::vector<unsigned char> bytes(text.begin(), text.end());
  crypto_generichash(digest.data(), digest.size(), bytes.data(), bytes.size(), nullptr, 0);
  return fmt::format("{:02x}", fmt::join(digest, ""));
}

}  // namespace

std::string fingerprint(const Netmap& netmap, const Peer& peer) {
  return fingerprint(netmap, peer, ways(netmap, peer));
}

bool still_works(const Netmap& netmap, const Peer& peer, std::string_view issued) {
  return std::ranges::any_of(ways_in_use(netmap, peer), [&](const std::vector<Way>& all) {
    return fingerprint(netmap, peer, all) == issued;
  });
}

namespace {

// wireguard-windows' conf/name.go, which has them from Windows' file names.
constexpr std::array<std::string_view, 22> kReserved = {
    "con",  "prn",  "aux",  "nul",  "com1", "com2", "com3", "com4", "com5", "com6", "com7",
    "com8", "com9", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9"};

// In any case, and also with what looks like an extension: nul.office is a device, too.
bool is_reserved(std::string_view name) {
  const auto stem = name.substr(0, name.find('.'));
  return std::ranges::any_of(kReserved, [&](std::string_view each) {
    return std::ranges::equal(each, stem, [](char a, char b) {
      return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
    });
  });
}

}  // namespace

bool is_tunnel_name(std::string_view name) {
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_=+.-";
  return !name.empty() && name.size() <= kLongestInterface &&
         name.find_first_not_of(kLetters) == std::string_view::npos && !is_reserved(name);
}

std::string tunnel_name(std::string_view network) {
  std::string name(network.substr(0, kLongestInterface));  // a network's name has no other letters
  while (!name.empty() && (name.back() == '.' || name.back() == '-' || name.back() == '_')) {
    name.pop_back();
  }
  return is_reserved(name) ? ("vpn-" + name).substr(0, kLongestInterface) : name;
}

}  // namespace cw::network
