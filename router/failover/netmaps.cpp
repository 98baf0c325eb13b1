// SPDX-License-Identifier: Apache-2.0
#include "router/failover/netmaps.h"

#include <algorithm>
#include <utility>

#include "network/signed_netmap.h"

namespace cw::failover {

namespace netmap = ha::netmap;

static_assert(netmap::kMostNetmap == network::kLargestSignedNetmap);

void Netmaps::configure(const Setup& setup) {
  if (setup.serial != serial_ || setup.netmap != file_) {
    bundle_.reset();
    sendings_.clear();
    read_after_ = ha::kNever;
  }
  file_ = setup.netmap;
  serial_ = setup.serial;
  offered_ = setup.offered;
  looked_ = setup.looked;
  receiving_.in_force(serial_);
  std::erase_if(sendings_, [&](const auto& each) { return !setup.siblings.contains(each.first); });
}

std::uint64_t Netmaps::newest(const ha::State& state) {
  std::uint64_t newest = state.serial;
  for (const auto& gateway : state.gateways) {
    if (gateway.record.record) {
      newest = std::max(newest, gateway.record.record->serial);
    }
    for (const auto& sibling : gateway.siblings) {
      newest = std::max(newest, sibling.beat.serial);
    }
  }
  return newest;
}

std::uint64_t Netmaps::offered(ha::Time now) const {
  const bool may_have =
      wanted_ > serial_ && looked_ < wanted_ && now - wanted_since_ < kSourcePatience;
  return may_have ? std::max(offered_, wanted_) : offered_;
}

Netmaps::News Netmaps::look(const ha::State& state, ha::Time now) {
  News news;
  if (const auto newest_known = newest(state);
      !file_.empty() && newest_known > std::max(serial_, wanted_)) {
    wanted_ = newest_known;
    wanted_since_ = now;
    news.wanted = wanted_;
  }
  if (const ha::NetmapChanged now_so{.serial = serial_, .offered = offered(now)}; told_ != now_so) {
    told_ = now_so;
    news.changed = now_so;
  }
  const auto lacking = behind(state, now);
  std::erase_if(sendings_, [&](const auto& each) { return !lacking.contains(each.first); });
  news.step = sendings_.size() < lacking.size();
  return news;
}

// Each with the gateways that it shares. Who is not heard is sent nothing.
std::map<std::string, std::vector<std::string>> Netmaps::behind(const ha::State& state,
                                                                ha::Time now) const {
  std::map<std::string, std::vector<std::string>> behind;
  if (file_.empty() || serial_ == 0) {
    return behind;
  }
  const auto& timers = state.config.timers;
  for (const auto& gateway : state.gateways) {
    for (const auto& sibling : gateway.siblings) {
      const bool heard =
          sibling.known && now - sibling.heard <
                               timers.suspect + std::min(sibling.beat.silence, timers.silence_most);
      if (heard && sibling.beat.serial < serial_) {
        behind[sibling.router].push_back(gateway.name);
      }
    }
  }
  return behind;
}

std::optional<std::string> Netmaps::file_to_read(ha::Time now) const {
  const bool due = !sendings_.empty() && !bundle_ && now >= read_after_;
  return due ? std::optional(file_) : std::nullopt;
}

Result<> Netmaps::have_read(Result<std::string> bytes, ha::Time now) {
  read_after_ = now + kReadsAgain;
  if (!bytes) {
    return bytes.error().kind == ErrorKind::NotFound ? Result<>() : std::move(bytes).error();
  }
  const auto statement = CW_TRY(network::read_statement(*bytes));
  if (statement.serial != serial_) {
    return {};
  }
  const auto id = netmap::id_of(serial_, *bytes);
  bundle_ = netmap::Bundle{.id = id, .bytes = std::move(*bytes)};
  return {};
}

Netmaps::Turn Netmaps::step(const ha::State& state, const Believed& believed, ha::Time now) {
  Turn turn;
  const auto lacking = behind(state, now);
  std::erase_if(sendings_, [&](const auto& each) { return !lacking.contains(each.first); });
  if (lacking.empty()) {
    bundle_.reset();
    return turn;
  }
  for (const auto& [sibling, gateways] : lacking) {
    auto& sending = sendings_[sibling];
    const auto by = std::ranges::find_if(
        gateways, [&, to = sibling](const auto& gateway) { return believed(gateway, to); });
    const bool reachable = bundle_ && by != gateways.end();
    auto next = sending.step(reachable ? &*bundle_ : nullptr, now);
    for (auto& payload : next.payloads) {
      turn.letters.push_back({.gateway = *by, .to = sibling, .payload = std::move(payload)});
    }
    const auto due = next.due.value_or(std::max(now, read_after_) + netmap::kPace);
    turn.due = std::min(turn.due.value_or(due), due);
  }
  return turn;
}

Result<Netmaps::Heard> Netmaps::hear(const std::string& from, std::span<const std::uint8_t> payload,
                                     ha::Time now) {
  const auto said = CW_TRY(netmap::read(payload));
  Heard heard;
  if (const auto sending = sendings_.find(from); sending != sendings_.end()) {
    sending->second.hear(said, now);
    heard.step = true;
  }
  const auto serial = file_.empty() ? std::nullopt : std::optional(serial_);
  auto received = receiving_.hear(from, said, serial, now);
  heard.answer = std::move(received.answer);
  heard.whole = std::move(received.whole);
  return heard;
}

}  // namespace cw::failover
