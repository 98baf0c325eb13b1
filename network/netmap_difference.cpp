// SPDX-License-Identifier: Apache-2.0
#include "network/netmap_difference.h"

#include <algorithm>
#include <functional>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/rfc3339.h"
#include "network/client_config.h"
#include "network/policy_world.h"

namespace cw::network {

namespace {

using Words = std::vector<std::string>;

// Two lists, both sorted by `name`, as pairs: nothing on one side where it has none of that name.
template <class T, class Name, class Use>
void side_by_side(const std::vector<T>& before, const std::vector<T>& after, Name name, Use use) {
  auto left = before.begin();
  auto right = after.begin();
  while (left != before.end() || right != after.end()) {
    const bool only_left =
        right == after.end() || (left != before.end() && name(*left) < name(*right));
    const bool only_right =
        left == before.end() || (right != after.end() && name(*right) < name(*left));
    use(only_right ? nullptr : &*left, only_left ? nullptr : &*right);
    left += only_right ? 0 : 1;
    right += only_left ? 0 : 1;
  }
}

void changed(Words& words, std::string_view what, const std::string& before,
             const std::string& after) {
  if (before != after) {
    words.push_back(fmt::format("{} {} -> {}", what, before.empty() ? "none" : before,
                                after.empty() ? "none" : after));
  }
}

template <class T, class Text>
void added_and_removed(Words& words, std::string_view what, const std::vector<T>& before,
                       const std::vector<T>& after, Text text) {
  side_by_side(before, after, std::identity(), [&](const T* old_one, const T* new_one) {
    if (old_one == nullptr || new_one == nullptr) {
      words.push_back(fmt::format("{} {} {}", old_one == nullptr ? "+" : "-", what,
                                  text(old_one == nullptr ? *new_one : *old_one)));
    }
  });
}

std::string as_text(const net::Prefix& prefix) {
  return prefix.to_text();
}

std::string as_alias(const net::Alias& alias) {
  return fmt::format("{} of {}", alias.alias.to_text(), alias.route.to_text());
}

std::string as_target(const net::SocketAddress& target) {
  return target.to_text();
}

std::string as_name(const minisign::PublicKey& key) {
  return key.name();
}

std::string same(const std::string& text) {
  return text;
}

std::string say(const Egress& egress) {
  switch (egress.mode) {
    case EgressMode::Masquerade:
      return "masquerade";
    case EgressMode::Floating:
      return "floating " + (egress.address ? egress.address->to_text() : "") +
             (egress.address_ipv6 ? " " + egress.address_ipv6->to_text() : "");
    case EgressMode::Routed:
      return "routed";
  }
  return "";
}

Words network_words(const Netmap& before, const Netmap& after) {
  Words words;
  changed(words, "name", before.name, after.name);
  changed(words, "pool", before.pool.to_text(), after.pool.to_text());
  changed(words, "another network: ula", before.ula.to_text(), after.ula.to_text());
  changed(words, "via prefix", before.via_prefix.to_text(), after.via_prefix.to_text());
  added_and_removed(words, "client route", before.client_routes, after.client_routes, as_text);
  return words;
}

Words changes_of(const Gateway& before, const Gateway& after) {
  Words words;
  if (before.public_key != after.public_key) {
    words.emplace_back("another public key");
  }
  changed(words, "endpoint", before.endpoint.to_text(), after.endpoint.to_text());
  changed(words, "listen port", fmt::to_string(before.listen_port),
          fmt::to_string(after.listen_port));
  changed(words, "block", before.block.ipv4().to_text(), after.block.ipv4().to_text());
  changed(words, "address", before.address.to_text(), after.address.to_text());
  changed(words, "routers", fmt::format("{}", fmt::join(before.routers, ", ")),
          fmt::format("{}", fmt::join(after.routers, ", ")));
  changed(words, "egress", say(before.egress), say(after.egress));
  return words;
}

Words changes_of(const Site& before, const Site& after) {
  Words words;
  changed(words, "id", fmt::to_string(before.id.value), fmt::to_string(after.id.value));
  added_and_removed(words, "route", before.routes, after.routes, as_text);
  added_and_removed(words, "alias", before.aliases, after.aliases, as_alias);
  added_and_removed(words, "health target", before.health, after.health, as_target);
  side_by_side(
      before.routers, after.routers, [](const Router& router) { return router.name; },
      [&](const Router* old_one, const Router* new_one) {
        if (old_one == nullptr || new_one == nullptr) {
          words.push_back(fmt::format("{} router {}", old_one == nullptr ? "+" : "-",
                                      (old_one == nullptr ? new_one : old_one)->name));
        } else {
          const auto text = [](const auto& ip) { return ip ? ip->to_text() : std::string(); };
          changed(words, fmt::format("router {}: address", new_one->name), text(old_one->address),
                  text(new_one->address));
        }
      });
  side_by_side(
      before.gateways, after.gateways, [](const Gateway& gateway) { return gateway.name; },
      [&](const Gateway* old_one, const Gateway* new_one) {
        if (old_one == nullptr) {
          words.push_back(
              fmt::format("+ gateway {} at {}", new_one->name, new_one->endpoint.to_text()));
        } else if (new_one == nullptr) {
          words.push_back(fmt::format("- gateway {}", old_one->name));
        } else {
          for (const auto& change : changes_of(*old_one, *new_one)) {
            words.push_back(fmt::format("gateway {}: {}", new_one->name, change));
          }
        }
      });
  return words;
}

Words site_words(const Netmap& before, const Netmap& after) {
  Words words;
  side_by_side(
      before.sites, after.sites, [](const Site& site) { return site.name; },
      [&](const Site* old_one, const Site* new_one) {
        if (new_one == nullptr) {
          words.push_back(fmt::format("- site {}", old_one->name));
          return;
        }
        if (old_one == nullptr) {
          words.push_back(fmt::format("+ site {}", new_one->name));
        }
        const Site none{.name = {},
                        .id = new_one->id,
                        .routes = {},
                        .routers = {},
                        .gateways = {},
                        .health = {}};
        for (const auto& change : changes_of(old_one == nullptr ? none : *old_one, *new_one)) {
          words.push_back(fmt::format("site {}: {}", new_one->name, change));
        }
      });
  return words;
}

Words changes_of(const Peer& before, const Peer& after) {
  Words words;
  if (before.public_key != after.public_key) {
    words.emplace_back("another public key");
  }
  if (before.enabled != after.enabled) {
    words.emplace_back(after.enabled ? "let in again" : "locked out");
  }
  const auto expiry = [](const Peer& peer) {
    return peer.expires ? to_rfc3339(*peer.expires) : std::string("never");
  };
  changed(words, "expires", expiry(before), expiry(after));
  changed(words, "address", before.address.to_text(), after.address.to_text());
  changed(words, "user", before.user, after.user);
  changed(words, "home", before.home, after.home);
  added_and_removed(words, "group", before.groups, after.groups, same);
  added_and_removed(words, "site", before.sites, after.sites, same);
  return words;
}

std::string introduced(const Peer& peer) {
  return fmt::format("{} ({}{}{})", peer.name, peer.user, peer.user.empty() ? "" : ", ",
                     peer.address.to_text());
}

Words peer_words(const Netmap& before, const Netmap& after) {
  Words words;
  side_by_side(
      before.peers, after.peers, [](const Peer& peer) -> const std::string& { return peer.name; },
      [&](const Peer* old_one, const Peer* new_one) {
        if (old_one == nullptr) {
          words.push_back(
              fmt::format("+ {}{}", introduced(*new_one), new_one->enabled ? "" : ", locked out"));
        } else if (new_one == nullptr) {
          words.push_back("- " + introduced(*old_one));
        } else if (const auto changes = changes_of(*old_one, *new_one); !changes.empty()) {
          words.push_back(fmt::format("{}: {}", new_one->name, fmt::join(changes, "; ")));
        }
      });
  return words;
}

// Whether what the peer has, as far as anybody knows, worked before and does not after.
bool loses(const Netmap& before, const Peer& was, const Netmap& after, const Peer& is) {
  if (is.issued && still_works(after, is, *is.issued)) {
    return false;
  }
  return !still_works(after, is, fingerprint(before, was)) ||
         (was.issued && still_works(before, was, *was.issued) &&
          !still_works(after, is, *was.issued));
}

}  // namespace

bool NetmapDifference::empty() const {
  return *this == NetmapDifference();
}

std::vector<std::string> reissued(const Netmap& before, const Netmap& after) {
  Words names;
  side_by_side(
      before.peers, after.peers, [](const Peer& peer) -> const std::string& { return peer.name; },
      [&](const Peer* old_one, const Peer* new_one) {
        // Another key is another configuration anyway, and its owner is being given it.
        if (old_one == nullptr || new_one == nullptr ||
            old_one->public_key != new_one->public_key) {
          return;
        }
        if (loses(before, *old_one, after, *new_one)) {
          names.push_back(new_one->name);
        }
      });
  return names;
}

NetmapDifference difference(const Netmap& before, const Netmap& after,
                            const std::optional<minisign::PublicKey>& publisher, WallTime now) {
  NetmapDifference found;
  found.network = network_words(before, after);
  added_and_removed(found.signers, "signer", before.signers, after.signers, as_name);
  added_and_removed(found.signers, "revoker", before.revokers, after.revokers, as_name);
  found.sites = site_words(before, after);
  found.peers = peer_words(before, after);
  found.rights = policy::difference(policy_world(before, now), policy_world(after, now), now);
  found.reissued = reissued(before, after);
  if (publisher && !after.signers.empty() &&
      !std::ranges::binary_search(after.signers, *publisher)) {
    found.locked_out = publisher;
  }
  return found;
}

}  // namespace cw::network
