// SPDX-License-Identifier: Apache-2.0
#include "ha/gate/socket/gate.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace cw::ha::gate {

namespace {

using netlink::HandshakeTime;
using netlink::Rule;
using netlink::WgDevice;

constexpr net::Family kFamilies[] = {net::Family::V4, net::Family::V6};

// By the clock that the kernel dates sessions with.
HandshakeTime wall_now() {
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

// Goes on after an error, and tells of the first.
class Outcome {
 public:
  void add(Result<> result) {
    if (first_ && !result) {
      first_ = std::move(result);
    }
  }

  Result<> take() { return std::move(first_); }

 private:
  Result<> first_;
};

Result<> unless_not_there(Result<> result) {
  return !result && result.error().kind == ErrorKind::NotFound ? Result<>() : std::move(result);
}

const WgDevice* pointer(const std::optional<WgDevice>& device) {
  return device ? &*device : nullptr;
}

bool has_mark(const std::optional<WgDevice>& device, std::uint32_t mark) {
  return device && device->fwmark == mark;
}

}  // namespace

GateSocket::GateSocket(Numbers numbers, netlink::RouteSocket routes,
                       netlink::WireGuardSocket wireguard, netlink::HostAddressSocket addresses,
                       SourceRoutes sources)
    : numbers_(std::move(numbers)),
      routes_(std::move(routes)),
      wireguard_(std::move(wireguard)),
      addresses_(std::move(addresses)),
      sources_(std::move(sources)) {}

Result<GateSocket> GateSocket::create(Numbers numbers, std::vector<Gateway> gateways, Time now) {
  const auto protocol = numbers.ownership.gate_protocol;
  auto routes = CW_TRY(netlink::RouteSocket::create(numbers.ownership));
  auto wireguard = CW_TRY(netlink::WireGuardSocket::create());
  auto addresses = CW_TRY(netlink::HostAddressSocket::create(protocol));
  auto sources = CW_TRY(SourceRoutes::create(protocol));
  GateSocket socket(std::move(numbers), std::move(routes), std::move(wireguard),
                    std::move(addresses), std::move(sources));
  CW_TRY(socket.take(std::move(gateways), now));
  // What fails here does so again, and is told, at the next comparison.
  std::ignore = socket.settle_all(now);
  return socket;
}

Result<> GateSocket::configure(std::vector<Gateway> gateways, Time now) {
  Outcome outcome;
  outcome.add(take(std::move(gateways), now));
  outcome.add(settle_all(now));
  return outcome.take();
}

Result<> GateSocket::take(std::vector<Gateway> gateways, Time now) {
  if (gateways.size() > numbers_.tables) {
    return Error::invalid(fmt::format("{} gateways on one router; at most {} can have a gate",
                                      gateways.size(), numbers_.tables));
  }
  // Nothing from here on ends it half way: a gate that is not known could not be closed.
  Outcome outcome;
  std::vector<Entry> entries;
  for (auto& gateway : gateways) {
    const auto same = std::ranges::find_if(entries_, [&](const Entry& entry) {
      return entry.gateway.name == gateway.name && entry.gateway.device == gateway.device;
    });
    Entry entry{.gateway = std::move(gateway), .table = 0, .gate = {}};
    if (same != entries_.end()) {
      entry.table = same->table;
      entry.gate = std::move(same->gate);
    } else {
      const auto there = read(entry);
      if (!there) {
        outcome.add(there.error());
      }
      const bool open = there && has_mark(*there, numbers_.mark_open);
      entry.gate = found(open, now, wall_now());
    }
    entries.push_back(std::move(entry));
  }
  // A gateway that stays keeps its table: what leaves meanwhile has the right source.
  for (auto& entry : entries) {
    for (auto table = numbers_.first_table; entry.table == 0; ++table) {
      if (std::ranges::find(entries, table, &Entry::table) == entries.end()) {
        entry.table = table;
      }
    }
  }
  entries_ = std::move(entries);
  return outcome.take();
}

Result<> GateSocket::settle_all(Time now) {
  Outcome outcome;
  outcome.add(compare(now));
  for (auto table = numbers_.first_table; table < numbers_.first_table + numbers_.tables; ++table) {
    if (std::ranges::find(entries_, table, &Entry::table) == entries_.end()) {
      outcome.add(clear(table));
    }
  }
  return outcome.take();
}

Result<GateSocket::Entry*> GateSocket::find(const std::string& gateway) {
  const auto found = std::ranges::find_if(
      entries_, [&](const Entry& entry) { return entry.gateway.name == gateway; });
  if (found == entries_.end()) {
    return Error::make(ErrorKind::Bug, fmt::format("gateway '{}' has no gate here", gateway));
  }
  return &*found;
}

Result<std::optional<WgDevice>> GateSocket::read(const Entry& entry) {
  auto device = wireguard_.device(entry.gateway.device);
  if (device) {
    return std::optional(std::move(*device));
  }
  if (device.error().kind == ErrorKind::NotFound) {
    return std::optional<WgDevice>();
  }
  return std::move(device).error();
}

OpenGates GateSocket::open_gates() {
  std::vector<std::string> names;
  Outcome outcome;
  for (const auto& entry : entries_) {
    const auto there = read(entry);
    if (!there) {
      outcome.add(there.error());
    }
    if (entry.gate.open && (!there || has_mark(*there, numbers_.mark_open))) {
      names.push_back(entry.gateway.name);
    }
  }
  std::ranges::sort(names);
  return {.names = std::move(names), .read = outcome.take()};
}

Result<> GateSocket::add_rule(const Rule& rule) {
  auto result = routes_.add_rule(rule);
  const bool no_ipv6 =
      !result && rule.family == net::Family::V6 && result.error().os == EAFNOSUPPORT;
  return no_ipv6 ? Result<>() : std::move(result);
}

Result<> GateSocket::clear(std::uint32_t table) {
  for (const auto family : kFamilies) {
    CW_TRY(sources_.clear(table, family));
  }
  return {};
}

Result<std::vector<Wanted>> GateSocket::settle_sources(Result<>& failed) {
  const auto addresses = CW_TRY(addresses_.addresses());
  std::vector<Wanted> wanted;
  for (const auto& entry : entries_) {
    wanted.push_back(
        {.gateway = entry.gateway, .open = entry.gate.open, .table = entry.table, .sources = {}});
    for (const auto& ip : entry.gateway.addresses) {
      const bool here =
          std::ranges::find(addresses, ip, &netlink::HostAddress::ip) != addresses.end();
      if (!entry.gate.open || !here) {
        continue;
      }
      wanted.back().sources.push_back(ip.family());
      if (auto copied = sources_.copy_main(entry.table, ip); !copied) {
        failed = std::move(copied);
      }
    }
  }
  return wanted;
}

// What is to be there comes before the device's mark, and what is not to be goes behind it.
// Opening, that is the source of the first handshakes before they leave, and the site's packets for
// the peers after: on a device that is closed still they would begin a handshake that goes nowhere
// and keeps ours back for 5 s. Closing, it is the other way round, for the same reason.
Result<> GateSocket::settle(const std::function<Result<>()>& change_device) {
  Outcome outcome;
  Result<> failed;
  auto wanted = settle_sources(failed);
  outcome.add(std::move(failed));
  auto there = routes_.rules();
  auto closing = closing_rules(numbers_);
  std::vector<Rule> rules;
  if (wanted) {
    rules = rules_of(numbers_, *wanted);
  } else {
    outcome.add(wanted.error());
  }
  const auto add = [&](const Rule& rule) {
    if (!there || !std::ranges::binary_search(*there, rule)) {
      outcome.add(add_rule(rule));
    }
  };
  std::ranges::for_each(closing, add);
  std::ranges::for_each(rules, add);
  outcome.add(change_device());
  if (!there) {
    outcome.add(there.error());
  }
  if (!wanted || !there) {
    return outcome.take();
  }
  for (const auto& rule : *there) {
    if (rule.gate_protocol != 0 && !std::ranges::binary_search(rules, rule)) {
      outcome.add(routes_.remove_rule(rule));
    }
  }
  for (const auto& each : *wanted) {
    for (const auto family : kFamilies) {
      if (std::ranges::find(each.sources, family) == each.sources.end()) {
        outcome.add(sources_.clear(each.table, family));
      }
    }
  }
  return outcome.take();
}

Result<> GateSocket::change(const Entry& entry, std::optional<std::uint32_t> mark,
                            std::vector<netlink::WgPeerChange> peers) {
  if (!mark && peers.empty()) {
    return {};
  }
  return unless_not_there(wireguard_.change(
      {.device = entry.gateway.device, .fwmark = mark, .peers = std::move(peers)}));
}

Result<> GateSocket::send_due(Entry& entry, std::optional<std::uint32_t> mark, Time now) {
  std::optional<WgDevice> there;
  if (needs_device(entry.gate)) {
    auto device = read(entry);
    if (!device) {
      entry.gate.next = now + kBatchEvery;  // not at once, again and again
      Outcome outcome;
      outcome.add(change(entry, mark, {}));  // a gate that opens does not wait for it
      outcome.add(device.error());
      return outcome.take();
    }
    there = std::move(*device);
  }
  return change(entry, mark, next_batch(entry.gate, pointer(there), now));
}

Result<> GateSocket::open(const std::string& gateway, const std::vector<Kick>& kicks, Time now) {
  auto* entry = CW_TRY(find(gateway));
  auto& gate = entry->gate;
  Outcome outcome;
  std::optional<WgDevice> there;
  if (gate.open ? gate.stopped : may_have_sessions(gate, now)) {
    if (auto device = read(*entry)) {
      there = std::move(*device);
    } else {
      outcome.add(device.error());
    }
  }
  if (!gate.open) {
    gate::open(gate, kicks, pointer(there), now, wall_now());
  } else if (gate.stopped) {
    resume(gate, kicks, there.value_or(WgDevice()), now, wall_now());
  }
  outcome.add(settle([&]() { return send_due(*entry, numbers_.mark_open, now); }));
  return outcome.take();
}

Result<> GateSocket::start_handshakes(const std::string& gateway, const std::vector<Kick>& kicks,
                                      Time now) {
  auto* entry = CW_TRY(find(gateway));
  if (!entry->gate.open || entry->gate.stopped) {
    return {};
  }
  const auto there = CW_TRY(read(*entry));
  if (!there || there->fwmark != numbers_.mark_open) {
    return {};  // made anew: compare() opens it
  }
  kick_again(entry->gate, kicks, *there, now);
  return change(*entry, std::nullopt, next_batch(entry->gate, &*there, now));
}

Result<> GateSocket::stop_initiating(const std::string& gateway) {
  stop(CW_TRY(find(gateway))->gate);
  return {};
}

Result<> GateSocket::close(const std::string& gateway, Time now) {
  auto* entry = CW_TRY(find(gateway));
  gate::close(entry->gate, now);
  return settle([&]() { return change(*entry, numbers_.mark_closed, {}); });
}

Result<> GateSocket::settle_device(Entry& entry, Time now) {
  const auto there = CW_TRY(read(entry));
  if (!there) {
    return {};
  }
  if (!entry.gate.open) {
    const bool closed = there->fwmark == numbers_.mark_closed;
    return change(entry, closed ? std::nullopt : std::optional(numbers_.mark_closed),
                  without_keepalive(*there));
  }
  if (there->fwmark == numbers_.mark_open) {
    return {};
  }
  reopen(entry.gate, *there, now, wall_now());
  return change(entry, numbers_.mark_open, next_batch(entry.gate, &*there, now));
}

Result<> GateSocket::compare(Time now) {
  return settle([&]() {
    Outcome outcome;
    for (auto& entry : entries_) {
      outcome.add(settle_device(entry, now));
    }
    return outcome.take();
  });
}

Result<> GateSocket::on_time(Time now) {
  Outcome outcome;
  for (auto& entry : entries_) {
    if (entry.gate.next && *entry.gate.next <= now) {
      outcome.add(send_due(entry, std::nullopt, now));
    }
  }
  return outcome.take();
}

std::optional<Time> GateSocket::wake() const {
  std::optional<Time> first;
  for (const auto& entry : entries_) {
    if (entry.gate.next && (!first || *entry.gate.next < *first)) {
      first = entry.gate.next;
    }
  }
  return first;
}

Result<> GateSocket::stand_down() {
  Outcome outcome;
  const auto rules = CW_TRY(routes_.rules());
  for (const auto& rule : rules) {
    if (rule.gate_protocol != 0) {
      outcome.add(routes_.remove_rule(rule));
    }
  }
  for (const auto& entry : entries_) {
    outcome.add(clear(entry.table));
  }
  return outcome.take();
}

}  // namespace cw::ha::gate
