// SPDX-License-Identifier: Apache-2.0
#include "ha/arp/socket/fabric.h"

#include <algorithm>
#include <utility>

#include <linux/if_ether.h>

#include <fmt/format.h>

namespace cw::ha::arp {

namespace {

// A flood of frames for our addresses does not keep the loop here; the rest is read the next time.
constexpr int kFramesPerRead = 64;

std::vector<net::Ip> all_addresses(const Lan& lan) {
  std::vector<net::Ip> all;
  for (const auto& moving : lan.gateways) {
    all.insert(all.end(), moving.addresses.begin(), moving.addresses.end());
  }
  return all;
}

bool any_of(const std::vector<net::Ip>& addresses, net::Family family) {
  return std::ranges::any_of(addresses, [&](const net::Ip& ip) { return ip.family() == family; });
}

}  // namespace

LanFabric::LanFabric(Config config, EventLoop& loop, OnReport on_report, Addresses addresses)
    : config_(std::move(config)),
      loop_(loop),
      on_report_(std::move(on_report)),
      addresses_(std::move(addresses)) {
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
  auto addresses = CW_TRY(Addresses::open(config.interface, config.protocol));
  // The constructor is nobody else's.
  std::unique_ptr<LanFabric> fabric(
      new LanFabric(std::move(config), loop, std::move(on_report), std::move(addresses)));
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
  CW_TRY(addresses_.remove_all_but(lan_.gateways));
  const auto places = CW_TRY(addresses_.read());
  const auto gateways = lan_.gateways;
  for (const auto& moving : gateways) {
    if (presence(places, moving.addresses) == Presence::Quiet) {
      tell(Withdrawn{.gateway = moving.gateway}, now);
    }
  }
  return {};
}

Result<> LanFabric::ready_interface() {
  link_ = CW_TRY(addresses_.link());
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

std::optional<PacketSocket> LanFabric::hear_arrivals(net::Family family, std::uint16_t ether_type) {
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
  return addresses_.read();
}

void LanFabric::move(const MoveAddress& request, Time now) {
  read_all(now);  // what was said before the announcement is not against it
  const auto places = ready_for(request.gateway);
  if (!places) {
    answer(request.gateway, request.request, FabricOutcome::Refused, places.error());
    arm(now);
    return;
  }
  bool began = false;
  if (const auto loud = addresses_.make_loud(*places, find(request.gateway)->addresses, began);
      !loud) {
    answer(request.gateway, request.request,
           began ? FabricOutcome::Unknown : FabricOutcome::Refused, loud.error());
    arm(now);
    return;
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
  const auto& addresses = find(request.gateway)->addresses;
  const auto there = presence(*places, addresses);
  // Somebody may have set back what keeps it quiet.
  const bool keep_quiet = there == Presence::Quiet && any_of(addresses, net::Family::V4);
  if (const auto quiet = keep_quiet ? addresses_.prepare_quiet() : Result<>(); !quiet) {
    answer(request.gateway, request.request, FabricOutcome::Unknown, quiet.error());
  } else {
    tell(Asked{.gateway = request.gateway, .request = request.request, .presence = there}, now);
  }
  arm(now);
}

Result<> LanFabric::withdraw(const WithdrawAddress& request, Time now) {
  tell(Withdrawn{.gateway = request.gateway}, now);
  const auto* moving = find(request.gateway);
  auto result = moving != nullptr ? addresses_.make_quiet(moving->addresses) : Result<>();
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
    if (const auto* moving = find(release_of->gateway);
        moving != nullptr && !addresses_.release(moving->addresses)) {
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

Result<> LanFabric::send(const net::Ip& ip, const Frame& frame) {
  auto& socket = ip.is_v4() ? arp_ : nd_;
  if (!socket) {
    return Error::make(ErrorKind::Retryable, "the interface is not there any more");
  }
  return socket->send(frame);
}

Result<> LanFabric::announce(const Moving& moving) {
  for (const auto& ip : moving.addresses) {
    if (ip.is_v4()) {
      CW_TRY(send(ip, arp_announcement(link_.mac, ip, Form::Request)));
      CW_TRY(send(ip, arp_announcement(link_.mac, ip, Form::Reply)));
    } else {
      CW_TRY(send(ip, neighbor_advertisement(link_.mac, ip)));
    }
  }
  return {};
}

Result<> LanFabric::probe(const Moving& moving) {
  const auto source = addresses_.link_local();
  for (const auto& ip : moving.addresses) {
    if (ip.is_v4()) {
      CW_TRY(send(ip, arp_probe(link_.mac, ip)));
    } else if (source) {
      // Without an address of its own for the answer, nobody is asked.
      CW_TRY(send(ip, neighbor_solicitation(link_.mac, *source, ip)));
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
      claims_[moving.gateway] =
          fmt::format("{:02x} says on {} that it has {}", fmt::join(claim.mac, ":"),
                      config_.interface, claim.ip.to_text());
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
  return addresses_.remove_all_but({});
}

}  // namespace cw::ha::arp
