// SPDX-License-Identifier: Apache-2.0
#include "ha/arp/socket/fabric.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>
#include <linux/if_ether.h>

namespace cw::ha::arp {

namespace {

// A flood of frames for our addresses does not keep the loop here; the rest is read the next time.
constexpr int kFramesPerRead = 64;

bool is_link_local(const net::Ip& ip) {
  return !ip.is_v4() && ip.bytes()[0] == 0xfe && (ip.bytes()[1] & 0xc0U) == 0x80;
}

std::vector<net::Ip> all_addresses(const Lan& lan) {
  std::vector<net::Ip> all;
  for (const auto& moving : lan.gateways) {
    all.insert(all.end(), moving.addresses.begin(), moving.addresses.end());
  }
  return all;
}

bool any_of(const std::vector<net::Ip>& addresses, net::Family family) {
  return std::ranges::any_of(addresses,
                             [&](const net::Ip& ip) { return ip.family() == family; });
}

Result<int> read_number(netlink::SysctlSink& sysctls, const std::string& key) {
  const auto text = CW_TRY(sysctls.read(key));
  int value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc()) {
    return Error::invalid(fmt::format("{} is no number: {}", key, text));
  }
  return value;
}

}  // namespace

LanFabric::LanFabric(Config config, EventLoop& loop, OnReport on_report,
                     netlink::HostAddressSocket kernel)
    : config_(std::move(config)),
      loop_(loop),
      on_report_(std::move(on_report)),
      kernel_(std::move(kernel)) {
  for (const auto& gateway : config_.gateways) {
    Moving moving;
    moving.gateway = gateway.name;
    moving.addresses = gateway.addresses;
    lan_.gateways.push_back(std::move(moving));
  }
}

LanFabric::~LanFabric() {
  close_all();
  loop_.wake_at(std::nullopt);
}

Result<std::unique_ptr<LanFabric>> LanFabric::open(Config config, EventLoop& loop,
                                                   OnReport on_report, Time now) {
  auto kernel = CW_TRY(netlink::HostAddressSocket::create(config.protocol));
  // The constructor is nobody else's.
  std::unique_ptr<LanFabric> fabric(
      new LanFabric(std::move(config), loop, std::move(on_report), std::move(kernel)));
  const auto count = all_addresses(fabric->lan_).size();
  if (count > kMostAddresses) {
    return Error::make(ErrorKind::Exhausted,
                       fmt::format("{} addresses of gateways on one interface; at most {} can be "
                                   "watched: serve some gateways by another router",
                                   count, kMostAddresses));
  }
  CW_TRY(fabric->adopt(now));
  // Claims are heard from here on; an interface that is not there yet is looked for again by each
  // request.
  if (auto ready = fabric->ready_interface();
      !ready && ready.error().kind == ErrorKind::Permission) {
    return std::move(ready.error());
  }
  fabric->arm(now);
  return fabric;
}

Result<> LanFabric::adopt(Time now) {
  const auto places = CW_TRY(read_places());
  for (const auto& left : of_nobody(places, lan_.gateways)) {
    CW_TRY(change(left));
  }
  const auto gateways = lan_.gateways;
  for (const auto& moving : gateways) {
    if (presence(places, moving.addresses) == Presence::Quiet) {
      tell(Withdrawn{.gateway = moving.gateway}, now);
    }
  }
  return {};
}

Result<> LanFabric::ready_interface() {
  link_ = CW_TRY(kernel_.ethernet_link(config_.interface));
  if (!link_.up) {
    return Error::make(ErrorKind::Retryable,
                       fmt::format("{0} is down; `ip link set {0} up`", config_.interface));
  }
  if (!link_.running) {
    return Error::make(ErrorKind::Retryable,
                       fmt::format("{} has no carrier; look at its cable or switch, or at the "
                                   "virtual network it is connected to",
                                   config_.interface));
  }
  if (arp_ && arp_->index() == link_.index) {
    return {};
  }
  close_all();
  auto result = listen();
  if (!result) {
    close_all();
  }
  return result;
}

Result<> LanFabric::listen() {
  const auto addresses = all_addresses(lan_);
  arp_ = CW_TRY(PacketSocket::open(link_.index, ETH_P_ARP, arp_by(addresses)));
  loop_.watch(arp_->fd());
  if (any_of(addresses, net::Family::V6)) {
    nd_ = CW_TRY(PacketSocket::open(link_.index, ETH_P_IPV6, advertisements_of(addresses)));
    loop_.watch(nd_->fd());
  }
  return {};
}

void LanFabric::close(std::optional<PacketSocket>& socket) {
  if (socket) {
    loop_.forget(socket->fd());
    socket.reset();
  }
}

void LanFabric::close_all() {
  for (auto* socket : {&arp_, &nd_, &arrivals_v4_, &arrivals_v6_}) {
    close(*socket);
  }
  awaited_.clear();
}

std::optional<PacketSocket> LanFabric::hear_arrivals(net::Family family,
                                                     std::uint16_t ether_type) {
  if (!any_of(awaited_, family)) {
    return std::nullopt;
  }
  auto socket = PacketSocket::open(link_.index, ether_type, packets_to(awaited_, family));
  if (!socket) {
    return std::nullopt;  // the announcement that nobody contradicts is evidence enough
  }
  loop_.watch(socket->fd());
  return std::move(*socket);
}

void LanFabric::await_arrivals() {
  std::vector<net::Ip> awaited;
  for (const auto& moving : lan_.gateways) {
    if (moving.arriving) {
      awaited.insert(awaited.end(), moving.addresses.begin(), moving.addresses.end());
    }
  }
  if (awaited == awaited_) {
    return;
  }
  close(arrivals_v4_);
  close(arrivals_v6_);
  awaited_ = std::move(awaited);
  arrivals_v4_ = hear_arrivals(net::Family::V4, ETH_P_IP);
  arrivals_v6_ = hear_arrivals(net::Family::V6, ETH_P_IPV6);
}

const Moving* LanFabric::find(const std::string& gateway) const {
  const auto found = std::ranges::find(lan_.gateways, gateway, &Moving::gateway);
  return found == lan_.gateways.end() ? nullptr : &*found;
}

Result<Places> LanFabric::read_places() {
  const auto all = CW_TRY(kernel_.addresses());
  const auto own = std::ranges::find_if(all, [this](const netlink::HostAddress& address) {
    return address.device == config_.interface && is_link_local(address.ip);
  });
  link_local_ = own == all.end() ? std::nullopt : std::optional(own->ip);
  return places(all, config_.interface, config_.protocol);
}

Result<> LanFabric::change(const AddressChange& change) {
  const auto scope = change.device == kQuietDevice ? netlink::AddressScope::Host
                                                   : netlink::AddressScope::Global;
  return change.add ? kernel_.add(change.device, change.ip, scope)
                    : kernel_.remove(change.device, change.ip);
}

Result<> LanFabric::prepare_quiet() {
  const auto of = [](const std::string& device, const char* name) {
    return fmt::format("net/ipv4/conf/{}/{}", device, name);
  };
  ArpSettings settings;
  settings.ignore_all = CW_TRY(read_number(sysctls_, of("all", "arp_ignore")));
  settings.ignore = CW_TRY(read_number(sysctls_, of(config_.interface, "arp_ignore")));
  settings.announce_all = CW_TRY(read_number(sysctls_, of("all", "arp_announce")));
  settings.announce = CW_TRY(read_number(sysctls_, of(config_.interface, "arp_announce")));
  const int localnet_all = CW_TRY(read_number(sysctls_, of("all", "route_localnet")));
  const int localnet = CW_TRY(read_number(sysctls_, of(kQuietDevice, "route_localnet")));
  settings.localnet = localnet_all != 0 || localnet != 0;
  for (const auto& sysctl : for_quiet(config_.interface, settings)) {
    CW_TRY(sysctls_.write(sysctl));
  }
  return {};
}

Result<> LanFabric::make_quiet(const Moving& moving) {
  const auto places = CW_TRY(read_places());
  const auto changes = to_quiet(places, moving.addresses);
  if (changes.empty()) {
    return {};
  }
  Result<> result;
  if (any_of(moving.addresses, net::Family::V4)) {
    result = prepare_quiet();
  }
  for (const auto& each : changes) {
    result = result ? change(each) : std::move(result);
  }
  if (result) {
    return result;
  }
  // Not to claim it comes before accepting what still arrives.
  for (const auto& each : to_silent(places, moving.addresses)) {
    CW_TRY_IN(change(each), fmt::format("taking the address of gateway {} away", moving.gateway));
  }
  return in_context(std::move(result),
                    fmt::format("keeping the address of gateway {} for what still arrives (it is "
                                "gone instead)",
                                moving.gateway));
}

Result<> LanFabric::release(const Moving& moving) {
  const auto places = CW_TRY(read_places());
  for (const auto& each : to_released(places, moving.addresses)) {
    CW_TRY(change(each));
  }
  return {};
}

void LanFabric::answer(const std::string& gateway, std::uint64_t request, FabricOutcome outcome,
                       const Error& why) {
  reports_.push_back({.what = FabricAnswer{.gateway = gateway,
                                           .request = request,
                                           .outcome = outcome,
                                           .retry_after = kRetryAfter},
                      .why = why.to_text()});
}

Result<Places> LanFabric::ready_for(const std::string& gateway) {
  if (find(gateway) == nullptr) {
    return Error::make(ErrorKind::NotFound,
                       fmt::format("gateway {} has no address on {}", gateway, config_.interface));
  }
  CW_TRY(ready_interface());
  return read_places();
}

void LanFabric::move(const MoveAddress& request, Time now) {
  read_all(now);  // what was said before the announcement is not against it
  const auto places = ready_for(request.gateway);
  if (!places) {
    answer(request.gateway, request.request, FabricOutcome::Refused, places.error());
    arm(now);
    return;
  }
  bool changed = false;
  for (const auto& each : to_loud(*places, find(request.gateway)->addresses)) {
    if (const auto result = change(each); !result) {
      answer(request.gateway, request.request,
             changed ? FabricOutcome::Unknown : FabricOutcome::Refused, result.error());
      arm(now);
      return;
    }
    changed = true;
  }
  claims_.erase(request.gateway);
  tell(Moved{.gateway = request.gateway, .request = request.request}, now);
  arm(now);
}

void LanFabric::check(const CheckAddress& request, Time now) {
  read_all(now);
  const auto places = ready_for(request.gateway);
  if (!places) {
    answer(request.gateway, request.request, FabricOutcome::Refused, places.error());
    arm(now);
    return;
  }
  const auto there = presence(*places, find(request.gateway)->addresses);
  // Somebody may have set back what keeps it quiet.
  if (const auto quiet = there == Presence::Quiet ? prepare_quiet() : Result<>(); !quiet) {
    answer(request.gateway, request.request, FabricOutcome::Unknown, quiet.error());
  } else {
    tell(Asked{.gateway = request.gateway, .request = request.request, .presence = there}, now);
  }
  arm(now);
}

Result<> LanFabric::withdraw(const WithdrawAddress& request, Time now) {
  tell(Withdrawn{.gateway = request.gateway}, now);
  const auto* moving = find(request.gateway);
  auto result = moving != nullptr ? make_quiet(*moving) : Result<>();
  arm(now);
  return result;
}

void LanFabric::tell(const Event& event, Time now, const std::string& why) {
  auto outcome = step(std::move(lan_), event, now);
  lan_ = std::move(outcome.lan);
  due_ = outcome.wake;
  for (const auto& action : outcome.actions) {
    act(action, now, why);
  }
}

void LanFabric::act(const Action& action, Time now, const std::string& why) {
  if (const auto* answer = std::get_if<FabricAnswer>(&action)) {
    const auto claim = claims_.find(answer->gateway);
    const bool told = answer->outcome == FabricOutcome::Elsewhere && claim != claims_.end();
    reports_.push_back({.what = *answer, .why = told ? claim->second : why});
  } else if (const auto* arrived = std::get_if<AddressArrived>(&action)) {
    reports_.push_back({.what = *arrived, .why = why});
  } else if (const auto* release_of = std::get_if<Release>(&action)) {
    if (const auto* moving = find(release_of->gateway); moving != nullptr && !release(*moving)) {
      tell(Withdrawn{.gateway = release_of->gateway}, now);  // and once more, later
    }
  } else {
    const auto* announcement = std::get_if<Announce>(&action);
    const auto& gateway =
        announcement != nullptr ? announcement->gateway : std::get<Probe>(action).gateway;
    const auto* moving = find(gateway);
    const auto result = announcement != nullptr ? announce(*moving) : probe(*moving);
    if (!result) {
      tell(Unsent{.gateway = gateway}, now,
           fmt::format("on {}: {}", config_.interface, result.error().to_text()));
    }
  }
}

Result<> LanFabric::announce(const Moving& moving) {
  if (!arp_) {
    return Error::make(ErrorKind::Retryable, "the interface is not there any more");
  }
  for (const auto& ip : moving.addresses) {
    if (ip.is_v4()) {
      CW_TRY(arp_->send(arp_announcement(link_.mac, ip, Form::Request)));
      CW_TRY(arp_->send(arp_announcement(link_.mac, ip, Form::Reply)));
    } else {
      CW_TRY(arp_->send(neighbor_advertisement(link_.mac, ip)));
    }
  }
  return {};
}

Result<> LanFabric::probe(const Moving& moving) {
  if (!arp_) {
    return Error::make(ErrorKind::Retryable, "the interface is not there any more");
  }
  for (const auto& ip : moving.addresses) {
    if (ip.is_v4()) {
      CW_TRY(arp_->send(arp_probe(link_.mac, ip)));
    } else if (link_local_) {
      // Without an address of its own for the answer, nobody is asked.
      CW_TRY(arp_->send(neighbor_solicitation(link_.mac, *link_local_, ip)));
    }
  }
  return {};
}

std::optional<Bytes> LanFabric::next_frame(std::optional<PacketSocket>& socket) {
  if (!socket) {
    return std::nullopt;
  }
  const auto frame = socket->receive();
  if (!frame) {
    close_all();  // the next request opens them again, or says why it cannot
    return std::nullopt;
  }
  return *frame;
}

void LanFabric::read_claims(std::optional<PacketSocket>& socket, Time now) {
  for (int i = 0; i < kFramesPerRead; ++i) {
    const auto frame = next_frame(socket);
    if (!frame) {
      return;
    }
    if (const auto claim = claim_of(*frame); claim && claim->mac != link_.mac) {
      take(*claim, now);
    }
  }
}

void LanFabric::take(const Claim& claim, Time now) {
  for (const auto& moving : lan_.gateways) {
    if (std::ranges::find(moving.addresses, claim.ip) != moving.addresses.end()) {
      claims_[moving.gateway] = fmt::format("{:02x} says on {} that it has {}",
                                            fmt::join(claim.mac, ":"), config_.interface,
                                            claim.ip.to_text());
    }
  }
  tell(Claimed{.ip = claim.ip}, now);
}

void LanFabric::read_arrivals(std::optional<PacketSocket>& socket, Time now) {
  for (int i = 0; i < kFramesPerRead; ++i) {
    const auto frame = next_frame(socket);
    if (!frame) {
      return;
    }
    if (const auto ip = destination_of(*frame)) {
      tell(Reached{.ip = *ip}, now);
    }
  }
}

void LanFabric::read_all(Time now) {
  read_claims(arp_, now);
  read_claims(nd_, now);
  read_arrivals(arrivals_v4_, now);
  read_arrivals(arrivals_v6_, now);
}

void LanFabric::report() {
  // Whoever is told may ask something new.
  for (const auto& each : std::exchange(reports_, {})) {
    on_report_(each);
  }
}

void LanFabric::arm(Time now) {
  await_arrivals();
  loop_.wake_at(reports_.empty() ? due_ : std::optional(now));
}

void LanFabric::on_ready(Time now) {
  read_all(now);
  report();
  arm(now);
}

void LanFabric::on_time(Time now) {
  read_all(now);
  tell(Waited{}, now);
  report();
  arm(now);
}

Result<> LanFabric::stand_down() {
  const auto places = CW_TRY(read_places());
  for (const auto& each : of_nobody(places, {})) {
    CW_TRY(change(each));
  }
  return {};
}

}  // namespace cw::ha::arp
