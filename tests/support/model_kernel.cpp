// SPDX-License-Identifier: Apache-2.0
#include "tests/support/model_kernel.h"

#include <algorithm>
#include <cerrno>

namespace cw::test {

namespace {

template <class T>
void insert_sorted(std::vector<T>& items, const T& item) {
  const auto at = std::ranges::lower_bound(items, item);
  if (at == items.end() || *at != item) {
    items.insert(at, item);
  }
}

Error no_such(const std::string& what) {
  return Error::from_errno(ENODEV, what);
}

}  // namespace

ModelKernel::ModelKernel() {
  for (const auto* key : {"net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"}) {
    sysctls[key] = "0";
  }
  for (const auto* key : {"nf_conntrack_buckets", "nf_conntrack_max"}) {
    sysctls[std::string("net/netfilter/") + key] = "65536";
  }
  sysctls["net/netfilter/nf_conntrack_tcp_timeout_established"] = "432000";
  links_["eth0"] = {.index = next_index_++, .name = "eth0", .kind = "", .mtu = 1500, .up = true};
}

Result<> ModelKernel::write_allowed(const std::string& what) {
  ++writes;
  return before_write ? before_write(what) : Result<>{};
}

template <class T>
Result<std::vector<T>> ModelKernel::dump(const std::vector<T>& items) const {
  if (interrupt_dumps) {
    return Error::from_errno(EINTR, "dump interrupted");
  }
  return items;
}

Result<std::vector<netlink::Link>> ModelKernel::links() {
  std::vector<netlink::Link> items;
  for (const auto& [name, link] : links_) {
    items.push_back(link);
  }
  return dump(items);
}

Result<std::vector<netlink::Address>> ModelKernel::addresses() {
  return dump(addresses_);
}

Result<std::vector<netlink::HostPrefix>> ModelKernel::overlapping(
    const std::vector<net::Prefix>& prefixes) {
  std::vector<netlink::HostPrefix> found;
  for (const auto& there : host_prefixes) {
    if (std::ranges::any_of(prefixes,
                            [&](const auto& prefix) { return prefix.overlaps(there.prefix); })) {
      found.push_back(there);
    }
  }
  std::ranges::sort(found);
  return dump(found);
}

Result<std::vector<netlink::Route>> ModelKernel::routes() {
  return dump(routes_);
}

Result<std::vector<netlink::Rule>> ModelKernel::rules() {
  return dump(rules_);
}

Result<> ModelKernel::create_wireguard(const std::string& device, std::uint32_t mtu) {
  CW_TRY(write_allowed("create " + device));
  if (links_.contains(device) && links_[device].kind != "wireguard") {
    return Error::from_errno(EEXIST, device + " is a " + links_[device].kind);
  }
  if (!links_.contains(device)) {
    links_[device] = {
        .index = next_index_++, .name = device, .kind = "wireguard", .mtu = mtu, .up = false};
    devices_[device] = {.name = device};
  }
  return {};
}

Result<> ModelKernel::remove_link(const std::string& device) {
  CW_TRY(write_allowed("remove " + device));
  set_down(device);
  links_.erase(device);
  devices_.erase(device);
  translators_.erase(device);
  std::erase_if(addresses_, [&](const auto& address) { return address.device == device; });
  return {};
}

Result<> ModelKernel::set_mtu(const std::string& device, std::uint32_t mtu) {
  CW_TRY(write_allowed("mtu " + device));
  if (!links_.contains(device)) {
    return no_such(device);
  }
  links_[device].mtu = mtu;
  return {};
}

Result<> ModelKernel::set_up(const std::string& device) {
  CW_TRY(write_allowed("up " + device));
  if (!links_.contains(device)) {
    return no_such(device);
  }
  links_[device].up = true;
  return {};
}

void ModelKernel::add_foreign_link(const std::string& name, const std::string& kind) {
  links_[name] = {.index = next_index_++, .name = name, .kind = kind, .mtu = 1500, .up = true};
}

void ModelKernel::set_down(const std::string& device) {
  if (links_.contains(device)) {
    links_[device].up = false;
  }
  std::erase_if(routes_, [&](const auto& route) { return route.device == device; });
  // IPv6 addresses go with the link (keep_addr_on_down is off).
  std::erase_if(addresses_, [&](const auto& address) {
    return address.device == device && !address.prefix.is_v4();
  });
}

Result<> ModelKernel::add_address(const netlink::Address& address) {
  CW_TRY(write_allowed("address " + address.prefix.to_text()));
  if (!links_.contains(address.device)) {
    return no_such(address.device);
  }
  insert_sorted(addresses_, address);
  return {};
}

Result<> ModelKernel::remove_address(const netlink::Address& address) {
  CW_TRY(write_allowed("no address " + address.prefix.to_text()));
  std::erase(addresses_, address);
  return {};
}

Result<> ModelKernel::add_route(const netlink::Route& route) {
  CW_TRY(write_allowed("route " + route.destination.to_text()));
  if (route.type == netlink::RouteType::Unicast) {
    if (!links_.contains(route.device)) {
      return no_such(route.device);
    }
    if (!links_[route.device].up) {
      return Error::from_errno(ENETDOWN, "route " + route.destination.to_text());
    }
    if (route.preferred_source &&
        std::ranges::find(addresses_, net::Prefix::host(*route.preferred_source),
                          &netlink::Address::prefix) == addresses_.end()) {
      return Error::from_errno(EINVAL, "Invalid prefsrc address");
    }
  }
  std::erase_if(routes_, [&](const auto& there) { return there.destination == route.destination; });
  insert_sorted(routes_, route);
  return {};
}

Result<> ModelKernel::remove_route(const netlink::Route& route) {
  CW_TRY(write_allowed("no route " + route.destination.to_text()));
  std::erase(routes_, route);
  return {};
}

Result<> ModelKernel::add_rule(const netlink::Rule& rule) {
  CW_TRY(write_allowed("rule"));
  insert_sorted(rules_, rule);
  return {};
}

Result<> ModelKernel::remove_rule(const netlink::Rule& rule) {
  CW_TRY(write_allowed("no rule"));
  std::erase(rules_, rule);
  return {};
}

Result<netlink::WgDevice> ModelKernel::device(const std::string& name) {
  ++device_reads;
  if (!devices_.contains(name)) {
    return no_such(name);
  }
  return devices_[name];
}

void ModelKernel::change_peer(netlink::WgDevice& device, const netlink::WgPeerChange& change) {
  using netlink::PeerVerb;
  auto peer = std::ranges::lower_bound(device.peers, change.key, {}, &netlink::WgPeer::key);
  const bool there = peer != device.peers.end() && peer->key == change.key;
  if (change.verb == PeerVerb::Remove) {
    if (there) {
      device.peers.erase(peer);
    }
    return;
  }
  if (!there) {
    if (change.verb == PeerVerb::Update) {
      return;
    }
    peer = device.peers.insert(peer, netlink::WgPeer{.key = change.key});
  }
  if (change.replace_allowed_ips) {
    peer->allowed_ips.clear();
  }
  for (const auto& ip : change.allowed_ips) {
    for (auto& owner : device.peers) {
      std::erase(owner.allowed_ips, ip);
    }
    insert_sorted(peer->allowed_ips, ip);
  }
  if (change.clear_preshared_key) {
    peer->has_preshared_key = false;
  }
  if (change.endpoint) {
    peer->endpoint = change.endpoint;
  }
  if (change.keepalive_seconds) {
    if (peer->keepalive_seconds == 0 && *change.keepalive_seconds != 0) {
      ++handshakes_started[change.key];
    }
    peer->keepalive_seconds = *change.keepalive_seconds;
  }
}

Result<> ModelKernel::change(const netlink::WgDeviceChange& change) {
  CW_TRY(write_allowed("wireguard " + change.device));
  if (!devices_.contains(change.device)) {
    return no_such(change.device);
  }
  auto& device = devices_[change.device];
  if (change.private_key != nullptr) {
    device.public_key = change.private_key->public_key();
  }
  device.listen_port = change.listen_port.value_or(device.listen_port);
  device.fwmark = change.fwmark.value_or(device.fwmark);
  for (const auto& peer : change.peers) {
    change_peer(device, peer);
  }
  return {};
}

Result<std::string> ModelKernel::read(const std::string& key) {
  const auto found = sysctls.find(key);
  if (found == sysctls.end()) {
    return Error::from_errno(ENOENT, key);
  }
  return found->second;
}

Result<> ModelKernel::write(const netlink::Sysctl& sysctl) {
  CW_TRY(write_allowed("sysctl " + sysctl.key));
  sysctls[sysctl.key] = sysctl.value;
  return {};
}

Result<std::size_t> ModelKernel::forget(const netlink::FlowMatch& among,
                                        const std::function<bool(const netlink::Flow&)>& gone) {
  looked_among.push_back(among);
  const auto goes = [&](const netlink::Flow& flow) {
    return among.family.value_or(flow.to.family()) == flow.to.family() &&
           among.from.value_or(flow.from) == flow.from && among.to.value_or(flow.to) == flow.to &&
           among.protocol.value_or(flow.protocol) == flow.protocol &&
           among.port.value_or(flow.port) == flow.port && gone(flow);
  };
  if (std::ranges::none_of(flows, goes)) {
    return std::size_t{0};
  }
  CW_TRY(write_allowed("forget connections"));
  return static_cast<std::size_t>(std::erase_if(flows, goes));
}

Result<via6::Attached> ModelKernel::attached(const std::string& device) {
  if (!links_.contains(device)) {
    return no_such(device);
  }
  const auto found = translators_.find(device);
  auto there = found == translators_.end() ? via6::Attached{.device = device} : found->second;
  there.counted = translated.contains(device);
  return there;
}

Result<> ModelKernel::attach(const std::string& device, const via6::Parameters& parameters) {
  CW_TRY(write_allowed("4via6 " + device));
  if (!links_.contains(device)) {
    return no_such(device);
  }
  const auto name = CW_TRY(via6::digest(parameters));
  translators_[device] = {.device = device, .from_tunnel = name, .to_tunnel = name};
  translated.try_emplace(device);
  return {};
}

Result<> ModelKernel::detach(const std::string& device) {
  CW_TRY(write_allowed("no 4via6 " + device));
  translators_.erase(device);
  translated.erase(device);
  return {};
}

std::vector<std::string> ModelKernel::counted() {
  std::vector<std::string> devices;
  for (const auto& [device, counters] : translated) {
    devices.push_back(device);
  }
  return devices;
}

Result<via6::Counters> ModelKernel::counters(const std::string& device) {
  const auto found = translated.find(device);
  if (found == translated.end()) {
    return Error::from_errno(ENOENT, device);
  }
  return found->second;
}

void ModelKernel::replace_translator(const std::string& device, const std::string& with) {
  translators_[device] = {.device = device, .from_tunnel = with, .to_tunnel = with};
}

}  // namespace cw::test
