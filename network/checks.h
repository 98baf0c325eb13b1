// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/hash.h"
#include "network/directory.h"
#include "policy/world.h"

// The checks across files that compile() makes, each in the file named after what it checks. They
// add to `diagnostics` and go on: every mistake of meaning is reported at once, and one that is
// reported already (a Field set without a value, a file that is no TOML) is not reported again by
// its consequences. Pure; only compile.cpp and these files include this.
namespace cw::network {

// A place in the directory, as cheap as a pointer: the directory outlives it.
struct Origin {
  std::string_view folder;  // "" for network.toml and policy.toml
  std::string_view name;
  Span span;

  static Origin in_network(Span span) { return {.folder = {}, .name = "network", .span = span}; }

  static Origin in_site(std::string_view site, Span span) {
    return {.folder = kSitesFolder, .name = site, .span = span};
  }

  static Origin in_peer(std::string_view peer, Span span) {
    return {.folder = kPeersFolder, .name = peer, .span = span};
  }

  static Origin in_removed(std::string_view address, Span span) {
    return {.folder = kRemovedFolder, .name = address, .span = span};
  }

  static Origin in_policy(Span span) { return {.folder = {}, .name = "policy", .span = span}; }

  [[nodiscard]] Place place(std::string note = {}) const;
};

// Who claimed a value first; each value may have one owner.
template <class T, class Owners = std::map<T, Origin>>
class Claims {
 public:
  explicit Claims(Owners owners = {}) : owners_(std::move(owners)) {}

  void expect(std::size_t owners) { owners_.reserve(owners); }

  // The earlier owner, if there is one.
  const Origin* claim(const T& value, const Origin& owner) {
    const auto [found, fresh] = owners_.try_emplace(value, owner);
    return fresh ? nullptr : &found->second;
  }

  [[nodiscard]] const Origin* find(const T& value) const {
    const auto found = owners_.find(value);
    return found == owners_.end() ? nullptr : &found->second;
  }

 private:
  Owners owners_;
};

// Of what each of thousands of peers has. They go all at once, so no place is given back before.
template <class T>
using ManyOwners = std::pmr::unordered_map<T, Origin, net::HashOfBytes>;
template <class T>
using ManyClaims = Claims<T, ManyOwners<T>>;

// One [[gateway]] with its site, and what its defaults came to.
struct GatewayView {
  std::string_view site;
  const SiteFile* file = nullptr;
  const GatewayTable* table = nullptr;
  Field<net::Block> block;           // no value where it is in error; where there is none written,
  Field<std::uint16_t> listen_port;  // the span is that of what the default comes from
  std::vector<std::string_view> routers;

  [[nodiscard]] Origin at(Span span) const { return Origin::in_site(site, span); }

  // Of two gateways with one block, one replaces the other.
  [[nodiscard]] bool replaces(const GatewayView& other) const {
    return site == other.site && table->replaces && other.table->name &&
           *table->replaces == *other.table->name;
  }

  [[nodiscard]] Origin block_at() const { return at(block.span); }

  [[nodiscard]] Origin port_at() const { return at(listen_port.span); }
};

struct Checks {
  const Directory& directory;
  Diagnostics& diagnostics;
  std::vector<GatewayView> gateways = {};  // in the order of sites and of their files
  std::pmr::monotonic_buffer_resource memory = {};
  // Of gateways and peers.
  ManyClaims<net::PublicKey> keys = ManyClaims<net::PublicKey>(ManyOwners<net::PublicKey>(&memory));
  ManyClaims<net::Ip> addresses = ManyClaims<net::Ip>(ManyOwners<net::Ip>(&memory));

  void report(const Origin& at, std::string message, std::string hint = {});
  void report(const Origin& at, std::string message, const Origin& other, std::string note,
              std::string hint = {});

  // What is allowed and probably not meant.
  void warn(const Origin& at, std::string message, std::string hint = {});
  void warn(const Origin& at, std::string message, const Origin& other, std::string note,
            std::string hint = {});

  [[nodiscard]] const net::Prefix* pool() const;  // nothing where it is missing or in error
  [[nodiscard]] Origin pool_at() const;
  [[nodiscard]] bool site_known(std::string_view name) const;  // also one whose file is broken
  [[nodiscard]] bool any_site_broken() const;

  // An overlay address: in the pool, not its first or last, nobody else's.
  void check_overlay_address(const net::Ip& address, const Origin& at);
  void check_key(const net::PublicKey& key, const Origin& at);
};

void check_network(Checks& checks);
void check_sites(Checks& checks);     // ids, routes, routers
void check_gateways(Checks& checks);  // fills Checks::gateways
void check_egress(Checks& checks);    // after check_gateways
void check_health(Checks& checks);    // a site's targets
void check_aliases(Checks& checks);   // against all that has addresses
void check_peers(Checks& checks);     // after check_gateways

// The policy with every name looked up; nothing where there is none.
[[nodiscard]] std::optional<policy::Policy> check_policy(Checks& checks);
// Rules that others make superfluous. `places` of the rules; `sites` with what the forms of their
// addresses mean.
void warn_of_shadowed_rules(Checks& checks, const policy::Policy& policy,
                            const std::vector<Span>& places,
                            const std::vector<policy::Site>& sites);
// Of a directory without a mistake. Expiries are left out: a network that was good when it was
// read does not turn bad with time.
void check_policy_tests(Checks& checks, const policy::World& world);
// Warns of rules between peers that no router lets both in. Of the same directory.
void check_policy_peers(Checks& checks, const policy::World& world);

// The gateway a peer with this address uses at the site, if any block there holds it; of one that
// is being replaced and its replacement, the former.
[[nodiscard]] const GatewayView* gateway_at(const Checks& checks, std::string_view site,
                                            const net::Ip& address);

// The peer's gateway at the site with the lowest id among `sites` (nothing: all).
[[nodiscard]] const GatewayView* default_home(const Checks& checks, const PeerFile& peer);

}  // namespace cw::network
