// SPDX-License-Identifier: Apache-2.0
#include "router/plan/desired.h"

#include <algorithm>

#include <fmt/format.h>

#include "firewall/ruleset/filter.h"
#include "router/model/ownership.h"
#include "router/plan/conntrack_size.h"
#include "router/plan/overlap.h"
#include "router/plan/rights.h"

namespace cw::router {

namespace {

// 1500 less WireGuard's 80 bytes over IPv6, its own default everywhere (wireguard(8)).
constexpr std::uint32_t kDeviceMtu = 1420;

// Of translated packets: as IPv6 they are longer, and a fragment has a header of its own (RFC 7915
// section 1.3).
constexpr std::uint32_t kTranslatedMtu = kDeviceMtu - 20 - 8;

// How long a peer's last handshake says where it is: a session is dead after this
// (REJECT_AFTER_TIME, WireGuard paper section 6.1), and an address may belong to somebody else by
// then.
constexpr auto kSessionLifetime = std::chrono::seconds(180);

Result<const network::Site*> site_of(const Snapshot& snapshot) {
  const auto& host = snapshot.host;
  const auto site = std::ranges::find(snapshot.netmap.sites, host.site, &network::Site::name);
  if (site == snapshot.netmap.sites.end()) {
    return Error::invalid(fmt::format(
        "network '{}' has no site '{}', which router.toml names; add sites/{}.toml or correct "
        "`site` in router.toml",
        snapshot.netmap.name, host.site, host.site));
  }
  if (std::ranges::find(site->routers, host.router, &network::Router::name) ==
      site->routers.end()) {
    return Error::invalid(fmt::format(
        "site '{0}' has no router '{1}', which router.toml names; add a [[router]] with name = "
        "\"{1}\" to sites/{0}.toml or correct `name` in router.toml",
        host.site, host.router));
  }
  return &*site;
}

Result<> check_key(const Host& host, const network::Gateway& gateway) {
  const auto held = host.keys.find(gateway.name);
  if (held == host.keys.end()) {
    return Error::invalid(fmt::format(
        "this router is to serve gateway '{0}' but holds no key for it; add a [[key]] with gateway "
        "= \"{0}\" to router.toml",
        gateway.name));
  }
  if (held->second != gateway.public_key) {
    return Error::invalid(fmt::format(
        "the key that router.toml names for gateway '{}' has the public half {}, but the network "
        "says {}; one of them is the wrong one",
        gateway.name, held->second.to_text(), gateway.public_key.to_text()));
  }
  return {};
}

firewall::Egress egress_of(const network::Egress& egress) {
  using enum firewall::EgressMode;
  switch (egress.mode) {
    case network::EgressMode::Masquerade:
      break;
    case network::EgressMode::Floating:
      return {.mode = Floating, .address = egress.address, .address_ipv6 = egress.address_ipv6};
    case network::EgressMode::Routed:
      return {.mode = Routed};
  }
  return {.mode = Masquerade};
}

bool is_served(const network::Peer& peer, const std::string& site, WallTime now) {
  return peer.enabled && (!peer.expires || *peer.expires > now) &&
         std::ranges::binary_search(peer.sites, site);
}

std::optional<net::SocketAddress> resume_at(const Snapshot& snapshot, const net::PublicKey& key,
                                            const std::string& device) {
  const auto seen = snapshot.last_seen.find(key);
  if (seen == snapshot.last_seen.end() || seen->second.device != device ||
      snapshot.now - seen->second.last_handshake > kSessionLifetime) {
    return std::nullopt;
  }
  return seen->second.endpoint;
}

class Builder {
 public:
  Builder(const Snapshot& snapshot, const network::Site& site) : snapshot_(snapshot), site_(site) {
    filter_.peers.reserve(snapshot.netmap.peers.size());
    served_.reserve(snapshot.netmap.peers.size());
  }

  void add_gateway(const network::Gateway& gateway) {
    gateways_.push_back(&gateway);
    const bool gated = is_gated(snapshot_.host, gateway);
    Device device{.name = device_name(gateway.name),
                  .gateway = gateway.name,
                  .mtu = kDeviceMtu,
                  .public_key = gateway.public_key,
                  .listen_port = gateway.listen_port,
                  .fwmark = gated ? kMarkOuterClosed : kMarkOuter,
                  .gated = gated,
                  .peers = {}};
    add_addresses(gateway, device.name);
    if (!gateway.replaces) {  // else the other one has it, but for the peers that have moved
      add_routes(gateway, device.name);
    }
    add_rules_of(device.name);
    filter_.tunnels.push_back({.device = device.name,
                               .listen_port = gateway.listen_port,
                               .block = gateway.block.ipv4(),
                               .block_ipv6 = gateway.block.ipv6(ula()),
                               .image = gateway.block.image(),
                               .address = gateway.address,
                               .address_ipv6 = net::ipv6_twin(ula(), gateway.address),
                               .egress = egress_of(gateway.egress)});
    state_.devices.push_back(std::move(device));
  }

  void add_peers() {
    std::vector<std::vector<const network::Peer*>> on_device(gateways_.size());
    for (const auto& peer : snapshot_.netmap.peers) {
      if (peer.expires && *peer.expires > snapshot_.now) {
        changes_at(peer.expires);
      }
      if (!is_served(peer, site_.name, snapshot_.now)) {
        continue;
      }
      bool served = false;
      for (std::size_t i = 0; i < gateways_.size(); ++i) {
        if (gateways_[i]->block.contains(peer.address)) {
          on_device[i].push_back(&peer);
          served = true;
        }
      }
      if (served) {
        let_in(peer);
      }
    }
    for (std::size_t i = 0; i < gateways_.size(); ++i) {
      auto& peers = on_device[i];
      std::ranges::sort(peers, {}, [](const network::Peer* peer) -> const net::PublicKey& {
        return peer->public_key;
      });
      state_.devices[i].peers.reserve(peers.size());
      for (const auto* peer : peers) {
        add_peer(state_.devices[i], *peer);
      }
    }
  }

  Result<DesiredState> finish(const DesiredState* before) && {
    add_common_rules();
    add_gate_rules();
    CW_TRY(add_translators());
    add_routes_of_moved_peers();
    state_.sysctls = conntrack_sysctls(snapshot_.host.conntrack_memory);
    if (ipv6()) {
      // Forwarding makes Linux drop the default route it has from router advertisements, unless
      // the device says 2 (Documentation/networking/ip-sysctl.rst, accept_ra): that first.
      for (const auto& device : snapshot_.host.ra_devices) {
        state_.sysctls.push_back({fmt::format("net/ipv6/conf/{}/accept_ra", device), "2"});
      }
      state_.sysctls.push_back({"net/ipv6/conf/all/forwarding", "1"});
    }
    state_.sysctls.push_back({"net/ipv4/ip_forward", "1"});
    filter_.routes = site_.routes;
    filter_.aliases = site_.aliases;
    filter_.alternate_ports = snapshot_.host.alternate_ports;
    filter_.flowtable_devices = snapshot_.host.flowtable_devices;
    filter_.mark_mask = kMarkMask;
    filter_.mark_judged = kMarkJudged;
    filter_.ipv6 = ipv6();
    add_policy();
    state_.firewall = before != nullptr && before->firewall
                          ? firewall::compile(filter_, before->filter, *before->firewall)
                          : firewall::compile(filter_);
    state_.filter = std::move(filter_);
    std::ranges::sort(state_.devices, {}, &Device::name);
    std::ranges::sort(state_.addresses);
    std::ranges::sort(state_.routes);
    std::ranges::sort(state_.rules);
    std::ranges::sort(state_.translators, {}, &Translator::device);
    return std::move(state_);
  }

 private:
  [[nodiscard]] const net::Prefix& ula() const { return snapshot_.netmap.ula; }

  [[nodiscard]] bool ipv6() const { return snapshot_.host.ipv6; }

  void add_addresses(const network::Gateway& gateway, const std::string& device) {
    state_.addresses.push_back({device, net::Prefix::host(gateway.address)});
    if (ipv6()) {
      state_.addresses.push_back(
          {device, net::Prefix::host(net::ipv6_twin(ula(), gateway.address))});
    }
  }

  // The preferred source is what this router's ICMP errors come from (RFC 1812 section 4.3.2.4).
  void add_route(const network::Gateway& gateway, const std::string& device,
                 const net::Prefix& destination, std::uint32_t mtu = 0) {
    const auto source =
        destination.is_v4() ? gateway.address : net::ipv6_twin(ula(), gateway.address);
    state_.routes.push_back({destination, netlink::RouteType::Unicast, device, source, mtu});
  }

  void add_routes(const network::Gateway& gateway, const std::string& device) {
    add_route(gateway, device, gateway.block.ipv4());
    add_route(gateway, device, gateway.block.image(), kTranslatedMtu);
    if (ipv6()) {
      add_route(gateway, device, gateway.block.ipv6(ula()));
    }
  }

  // Longer than their block's, so that it is theirs again the moment one is gone.
  void add_routes_of_moved_peers() {
    for (const auto* gateway : gateways_) {
      if (!gateway->replaces) {
        continue;
      }
      for (const auto* peer : served_) {
        if (!gateway->block.contains(peer->address) ||
            !snapshot_.moved.contains(peer->public_key)) {
          continue;
        }
        const auto device = device_name(gateway->name);
        add_route(*gateway, device, net::Prefix::host(peer->address));
        add_route(*gateway, device, net::Prefix::host(net::translated_image(peer->address)),
                  kTranslatedMtu);
        if (ipv6()) {
          add_route(*gateway, device, net::Prefix::host(net::ipv6_twin(ula(), peer->address)));
        }
      }
    }
  }

  // A twin comes in by IPv6 only.
  Result<> add_translators() {
    if (!ipv6() || std::ranges::none_of(site_.routes, &net::Prefix::is_v4)) {
      return {};
    }
    for (const auto* gateway : gateways_) {
      Translator translator{.device = device_name(gateway->name),
                            .parameters = {.via_prefix = snapshot_.netmap.via_prefix,
                                           .site = site_.id,
                                           .routes = site_.routes,
                                           .ula = ula(),
                                           .block = gateway->block,
                                           .gateway = gateway->address,
                                           .mtu = kDeviceMtu},
                            .digest = {}};
      translator.digest = CW_TRY(via6::digest(translator.parameters));
      state_.translators.push_back(std::move(translator));
    }
    return {};
  }

  void add_policy() {
    if (!snapshot_.netmap.policy) {
      return;
    }
    auto rights = rights_at(snapshot_.netmap, site_, served_, snapshot_.now);
    for (std::size_t i = 0; i < served_.size(); ++i) {
      if (const auto found = rights.of_peer.find(served_[i]->name); found != rights.of_peer.end()) {
        filter_.peers[i].rights = found->second;
      }
    }
    filter_.rights = std::move(rights.rights);
    filter_.from_site = std::move(rights.from_site);
    for (const auto& rule : snapshot_.netmap.policy->rules) {
      filter_.rules.push_back(rule.name);
    }
    changes_at(rights.next_change);
  }

  void changes_at(std::optional<WallTime> time) {
    if (time && (!state_.next_change || *time < *state_.next_change)) {
      state_.next_change = time;
    }
  }

  template <class Add>
  void for_each_family(Add add) {
    add(net::Family::V4);
    if (ipv6()) {
      add(net::Family::V6);
    }
  }

  static netlink::Mark judged() { return {.value = kMarkJudged, .mask = kMarkMask}; }

  void add_rules_of(const std::string& device) {
    for_each_family([&](net::Family family) {
      state_.rules.push_back({.family = family,
                              .priority = kPriorityFromTunnel,
                              .iif = device,
                              .mark = judged(),
                              .action = netlink::RuleAction::Lookup,
                              .table = kMainTable});
      state_.rules.push_back({.family = family,
                              .priority = kPriorityClosed,
                              .iif = device,
                              .action = netlink::RuleAction::Prohibit});
    });
  }

  void add_common_rules() {
    for_each_family([&](net::Family family) {
      state_.rules.push_back({.family = family,
                              .priority = kPriorityFromHost,
                              .iif = "lo",
                              .action = netlink::RuleAction::Lookup,
                              .table = kTable});
      state_.rules.push_back({.family = family,
                              .priority = kPriorityToTunnel,
                              .mark = judged(),
                              .action = netlink::RuleAction::Lookup,
                              .table = kTable});
    });
    // What is for a peer and found no route above goes nowhere, least of all in the clear by the
    // default route: its device is gone, or the firewall that would have marked it.
    for (const auto& route : state_.routes) {
      state_.rules.push_back({.family = route.destination.family(),
                              .priority = kPriorityUnjudged,
                              .destination = route.destination,
                              .action = netlink::RuleAction::Prohibit});
    }
  }

  // What closes a gate. It stands whatever becomes of the failover process, which has all others of
  // the gates' rules.
  void add_gate_rules() {
    state_.gates = snapshot_.host.failover;
    if (!state_.gates) {
      return;
    }
    for_each_family([&](net::Family family) {
      state_.rules.push_back({.family = family,
                              .priority = kPriorityGateClosed,
                              .mark = netlink::Mark{.value = kMarkOuterClosed, .mask = kMarkMask},
                              .action = netlink::RuleAction::Blackhole});
    });
  }

  void add_peer(Device& device, const network::Peer& peer) {
    const auto twin = net::ipv6_twin(ula(), peer.address);
    auto& entry = device.peers.emplace_back(
        DevicePeer{.key = peer.public_key,
                   .name = peer.name,
                   .resume = resume_at(snapshot_, peer.public_key, device.name)});
    entry.allowed_ips.reserve(2);
    entry.allowed_ips.push_back(net::Prefix::host(peer.address));
    if (ipv6()) {
      entry.allowed_ips.push_back(net::Prefix::host(twin));
    }
  }

  // Once, however many devices it is on.
  void let_in(const network::Peer& peer) {
    const auto twin = net::ipv6_twin(ula(), peer.address);
    served_.push_back(&peer);
    filter_.peers.push_back({.address = peer.address,
                             .address_ipv6 = twin,
                             .image = net::translated_image(peer.address)});
  }

  const Snapshot& snapshot_;
  const network::Site& site_;
  std::vector<const network::Peer*> served_;       // in the order of filter_.peers
  std::vector<const network::Gateway*> gateways_;  // in the order of state_.devices until finish()
  DesiredState state_;
  firewall::Filter filter_;
};

}  // namespace

bool is_gated(const Host& host, const network::Gateway& gateway) {
  return host.failover && gateway.routers.size() > 1;
}

std::string device_name(const std::string& gateway) {
  return kDevicePrefix + gateway;
}

Result<DesiredState> desired(const Snapshot& snapshot, const DesiredState* before) {
  const auto* site = CW_TRY(site_of(snapshot));
  Builder builder(snapshot, *site);
  bool serves = false;
  for (const auto& gateway : site->gateways) {
    if (!std::ranges::binary_search(gateway.routers, snapshot.host.router)) {
      continue;
    }
    CW_TRY(check_key(snapshot.host, gateway));
    // What replaces another has its prefixes.
    if (is_left_out(gateway.replaces.value_or(gateway.name), snapshot.overlaps)) {
      continue;
    }
    builder.add_gateway(gateway);
    serves = true;
  }
  if (!serves) {
    return DesiredState{};
  }
  builder.add_peers();
  return std::move(builder).finish(before);
}

}  // namespace cw::router
