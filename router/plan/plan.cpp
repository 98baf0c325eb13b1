// SPDX-License-Identifier: Apache-2.0
#include "router/plan/plan.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "router/model/ownership.h"
#include "router/plan/peers.h"

namespace cw::router {

namespace {

constexpr auto kWireguardKind = "wireguard";  // IFLA_INFO_KIND

constexpr auto kMissing = "missing";
constexpr auto kSurplus = "not in the network";

// Steps by when they are to happen; the reason for the order stands beside each. Adds come before
// deletes, so that nothing is without its route or rule in between.
struct Stages {
  std::vector<Step> devices;    // everything else hangs on them
  std::vector<Step> configure;  // key and port before anybody can reach them
  std::vector<Step> firewall;   // before a packet can arrive
  std::vector<Step> rules;      // closed before open: the prohibiting ones first
  std::vector<Step> peers;
  std::vector<Step> translators;  // behind the rules, which judge what they translate
  std::vector<Step> addresses;    // before the routes that prefer them
  std::vector<Step> up;
  std::vector<Step> routes;      // need the device up
  std::vector<Step> handshakes;  // need the device up
  std::vector<Step> sysctls;     // forwarding last: the firewall stands
  std::vector<Step> removals;
  std::vector<Step> teardown;  // the firewall goes when nothing is left to filter

  Plan join() && {
    Plan plan;
    for (auto* stage : {&devices, &configure, &firewall, &rules, &peers, &translators, &addresses,
                        &up, &routes, &handshakes, &sysctls, &removals, &teardown}) {
      std::ranges::move(*stage, std::back_inserter(plan.steps));
    }
    return plan;
  }
};

template <class T, class Key>
const T* find_named(const std::vector<T>& items, const std::string& name, Key key) {
  const auto found = std::ranges::find(items, name, key);
  return found == items.end() ? nullptr : &*found;
}

// A device that went down has forgotten its sessions (drivers/net/wireguard/device.c, wg_stop), and
// its peers would notice only after 15 s of silence.
void plan_new_sessions(const Device& device, Stages& stages) {
  StartHandshakes start{.device = device.name, .peers = {}};
  for (const auto& peer : device.peers) {
    if (peer.resume) {
      start.peers.push_back(peer.key);
    }
  }
  if (!start.peers.empty()) {
    stages.handshakes.push_back({std::move(start), "was down, seen lately"});
  }
}

// A handshake that a closed gate swallows keeps the peer from another for 5 s, in which the gate
// may open.
bool may_begin_handshakes(const Device& device, const netlink::WgDevice* there) {
  return !device.gated || (there != nullptr && there->fwmark == kMarkOuter);
}

void plan_link(const Device& device, const netlink::Link* link, const netlink::WgDevice* there,
               Stages& stages) {
  if (link == nullptr) {
    stages.devices.push_back({CreateDevice{.device = device.name, .mtu = device.mtu}, kMissing});
    stages.up.push_back({SetUp{device.name}, "new"});
    return;
  }
  if (link->mtu != device.mtu) {
    stages.devices.push_back(
        {SetMtu{.device = device.name, .mtu = device.mtu}, fmt::format("was {}", link->mtu)});
  }
  if (!link->up) {
    stages.up.push_back({SetUp{device.name}, "is down"});
    if (may_begin_handshakes(device, there)) {
      plan_new_sessions(device, stages);
    }
  }
}

void plan_configuration(const Device& device, const netlink::WgDevice& there, Stages& stages) {
  ConfigureDevice change{.device = device.name};
  std::string reason;
  const auto differs = [&](std::string_view what) {
    reason += fmt::format("{}{}", reason.empty() ? "" : ", ", what);
  };
  if (there.public_key != device.public_key) {
    change.key = device.public_key;
    differs(there.public_key ? "another key" : "no key");
  }
  if (there.listen_port != device.listen_port) {
    change.listen_port = device.listen_port;
    differs(fmt::format("port was {}", there.listen_port));
  }
  const bool opened = device.gated && there.fwmark == kMarkOuter;
  if (there.fwmark != device.fwmark && !opened) {
    change.fwmark = device.fwmark;
    differs(fmt::format("fwmark was {:#x}", there.fwmark));
  }
  if (!reason.empty()) {
    stages.configure.push_back({std::move(change), std::move(reason)});
  }
}

void plan_peers(const Device& device, const netlink::WgDevice& there, Stages& stages) {
  auto difference = diff_peers(device.peers, there.peers);
  if (!difference.set.empty()) {
    stages.peers.push_back({ChangePeers{.device = device.name, .peers = std::move(difference.set)},
                            "missing or different"});
  }
  if (!difference.resume.empty() && may_begin_handshakes(device, &there)) {
    stages.handshakes.push_back(
        {StartHandshakes{.device = device.name, .peers = std::move(difference.resume)},
         "made anew, seen lately"});
  }
  if (!difference.remove.empty()) {
    stages.removals.push_back(
        {ChangePeers{.device = device.name, .peers = std::move(difference.remove)}, kSurplus});
  }
}

void plan_devices(const DesiredState& desired, const KernelState& kernel, Stages& stages) {
  for (const auto& device : desired.devices) {
    const auto* link = find_named(kernel.links.items, device.name, &netlink::Link::name);
    const auto* there = find_named(kernel.devices.items, device.name, &netlink::WgDevice::name);
    if (link == nullptr && !kernel.links.complete) {
      continue;  // it may well be there: conclude nothing
    }
    if (link != nullptr && link->kind != kWireguardKind) {
      // Somebody else's: making ours fails and says whose name it is; it is touched by nothing
      // else.
      stages.devices.push_back(
          {CreateDevice{.device = device.name, .mtu = device.mtu}, "the name is taken"});
      continue;
    }
    plan_link(device, link, there, stages);
    if (link == nullptr) {
      const netlink::WgDevice fresh{.name = device.name};
      plan_configuration(device, fresh, stages);
      plan_peers(device, fresh, stages);
    } else if (there != nullptr) {
      plan_configuration(device, *there, stages);
      plan_peers(device, *there, stages);
    }
  }
  if (!kernel.links.complete) {
    return;
  }
  for (const auto& link : kernel.links.items) {
    if (link.kind == kWireguardKind && link.name.starts_with(kDevicePrefix) &&
        find_named(desired.devices, link.name, &Device::name) == nullptr) {
      stages.removals.push_back({RemoveDevice{link.name}, kSurplus});
    }
  }
}

bool is_empty(const via6::Attached& there) {
  return there.from_tunnel.empty() && there.to_tunnel.empty();
}

// Before the devices: one that goes is rid of its translator first, and of what that has counted.
void plan_translators(const DesiredState& desired, const KernelState& kernel, Stages& stages) {
  for (const auto& wanted : desired.translators) {
    const auto* link = find_named(kernel.links.items, wanted.device, &netlink::Link::name);
    const auto* there = find_named(kernel.translators, wanted.device, &via6::Attached::device);
    if (link == nullptr ? !kernel.links.complete
                        : link->kind != kWireguardKind || there == nullptr) {
      continue;  // somebody else's, or not known
    }
    const bool none = link == nullptr || is_empty(*there);
    const bool as_wanted = !none && there->runs(wanted.digest);
    if (!as_wanted || !there->counted) {
      const auto* reason = none ? kMissing : as_wanted ? "its counters are gone" : "was another";
      stages.translators.push_back(
          {AttachTranslator{.device = wanted.device, .parameters = wanted.parameters}, reason});
    }
  }
  for (const auto& there : kernel.translators) {
    if ((!is_empty(there) || there.counted) &&
        find_named(desired.translators, there.device, &Translator::device) == nullptr) {
      stages.removals.push_back({DetachTranslator{there.device}, kSurplus});
    }
  }
}

template <class T, class Add, class Remove>
void plan_items(const std::vector<T>& desired, const Dump<T>& kernel, std::vector<Step>& adds,
                std::vector<Step>& removals, Add add, Remove remove) {
  for (const auto& item : desired) {
    if (!std::ranges::binary_search(kernel.items, item)) {
      adds.push_back({add(item), kMissing});
    }
  }
  if (!kernel.complete) {
    return;
  }
  for (const auto& item : kernel.items) {
    if (!std::ranges::binary_search(desired, item)) {
      removals.push_back({remove(item), kSurplus});
    }
  }
}

void plan_routes(const DesiredState& desired, const KernelState& kernel, Stages& stages) {
  using netlink::Address;
  using netlink::Route;
  using netlink::Rule;
  plan_items(
      desired.addresses, kernel.addresses, stages.addresses, stages.removals,
      [](const Address& item) { return AddAddress{item}; },
      [](const Address& item) { return RemoveAddress{item}; });
  plan_items(
      desired.routes, kernel.routes, stages.routes, stages.removals,
      [](const Route& item) { return AddRoute{item}; },
      [](const Route& item) { return RemoveRoute{item}; });
  auto rules = kernel.rules;
  if (desired.gates) {
    std::erase_if(rules.items, [](const Rule& rule) { return rule.gate_protocol != 0; });
  }
  plan_items(
      desired.rules, rules, stages.rules, stages.removals,
      [](const Rule& item) { return AddRule{item}; },
      [](const Rule& item) { return RemoveRule{item}; });
  if (!kernel.links.complete) {
    // A device that we cannot see may be up: it keeps the rules that close it.
    std::erase_if(stages.removals,
                  [](const Step& step) { return std::holds_alternative<RemoveRule>(step.action); });
  }
  // A prohibiting rule has the highest priority number: it is there before what opens the path.
  std::ranges::stable_sort(stages.rules, std::ranges::greater{}, [](const Step& step) {
    return std::get<AddRule>(step.action).rule.priority;
  });
  // A replaced route is removed by its replacement; removing it again would remove the new one.
  std::erase_if(stages.removals, [&](const Step& step) {
    const auto* removal = std::get_if<RemoveRoute>(&step.action);
    return removal != nullptr && std::ranges::any_of(stages.routes, [&](const Step& add) {
             return std::get<AddRoute>(add.action).route.destination == removal->route.destination;
           });
  });
}

void plan_sysctls(const DesiredState& desired, const KernelState& kernel, Stages& stages) {
  for (const auto& sysctl : desired.sysctls) {
    const auto* there = find_named(kernel.sysctls, sysctl.key, &netlink::Sysctl::key);
    if (there != nullptr && !sysctl.is_met_by(there->value)) {
      stages.sysctls.push_back(
          {SetSysctl{.sysctl = {.key = sysctl.key, .value = sysctl.value}, .before = there->value},
           fmt::format("was {}", there->value)});
    }
  }
}

// A device that went has left the flowtable, and does not return to it by itself.
bool left_flowtable(const DesiredState& desired, const KernelState& kernel) {
  return !desired.filter.flowtable_devices.empty() && kernel.links.complete &&
         std::ranges::any_of(desired.devices, [&](const Device& device) {
           return find_named(kernel.links.items, device.name, &netlink::Link::name) == nullptr;
         });
}

std::vector<net::SocketAddress> clients_of(const KernelState& kernel) {
  std::vector<net::SocketAddress> clients;
  for (const auto& device : kernel.devices.items) {
    for (const auto& peer : device.peers) {
      if (peer.endpoint) {
        clients.push_back(*peer.endpoint);
      }
    }
  }
  std::ranges::sort(clients);
  const auto repeated = std::ranges::unique(clients);  // two behind it, or one on two devices
  clients.erase(repeated.begin(), repeated.end());
  return clients;
}

void plan_firewall(const DesiredState& desired, const KernelState& kernel, Stages& stages) {
  if (!kernel.firewall) {
    // Unreadable: the next reading decides. Until then nothing is opened.
    if (desired.firewall) {
      stages.translators.clear();
      stages.up.clear();
      stages.routes.clear();
      stages.handshakes.clear();
      stages.sysctls.clear();
    }
    return;
  }
  const auto& there = *kernel.firewall;
  if (!desired.firewall) {
    if (there.present && kernel.links.complete) {  // an unseen device may be up behind it
      stages.teardown.push_back({RemoveRuleset{}, kSurplus});
    }
    return;
  }
  const auto wanted = desired.firewall->digest;
  const auto replace = [&](std::string_view reason) {
    stages.firewall.push_back(
        {ReplaceRuleset{
             .ruleset = *desired.firewall, .clients = clients_of(kernel), .another = there.present},
         std::string(reason)});
  };
  if (!there.present) {
    replace(kMissing);
  } else if (!there.digest || there.edited) {
    replace("changed by somebody else");
  } else if (there.digest->structure != wanted.structure) {
    replace("another structure");
  } else if (left_flowtable(desired, kernel)) {
    replace("its flowtable lost a device");
  } else if (there.contents) {
    auto change = firewall::exchange(*there.contents, *desired.firewall);
    if (!change.empty() || there.digest->contents != wanted.contents) {
      std::string reason = change.changes_chains() ? "other rules" : "other elements";
      stages.firewall.push_back(
          {ExchangeContents{.exchange = std::move(change), .after = wanted}, std::move(reason)});
    }
  } else if (there.digest->contents != wanted.contents) {
    replace("other elements, unlisted");
  }
}

}  // namespace

Plan plan(const DesiredState& desired, const KernelState& kernel) {
  Stages stages;
  plan_translators(desired, kernel, stages);
  plan_devices(desired, kernel, stages);
  plan_routes(desired, kernel, stages);
  plan_sysctls(desired, kernel, stages);
  plan_firewall(desired, kernel, stages);  // last: it may hold back what the others open
  return std::move(stages).join();
}

}  // namespace cw::router
