// SPDX-License-Identifier: Apache-2.0
#include "router/failover/handing.h"

#include <algorithm>
#include <utility>

#include "network/signed_netmap.h"

namespace cw::failover {

namespace netmap = ha::netmap;

void Handing::configure(const std::string& file, std::uint64_t serial) {
  if (serial != serial_ || file != file_) {
    bundle_.reset();
    sendings_.clear();
    read_after_ = ha::kNever;
  }
  file_ = file;
  serial_ = serial;
  receiving_.in_force(serial_);
}

bool Handing::look(const Lacking& lacking) {
  std::erase_if(sendings_, [&](const auto& each) { return !lacking.contains(each.first); });
  return sendings_.size() < lacking.size();
}

std::optional<std::string> Handing::file_to_read(ha::Time now) const {
  const bool due = !sendings_.empty() && !bundle_ && now >= read_after_;
  return due ? std::optional(file_) : std::nullopt;
}

Result<> Handing::have_read(Result<std::string> bytes, ha::Time now) {
  read_after_ = now + kReadsAgain;
  if (!bytes) {
    return bytes.error().kind == ErrorKind::NotFound ? Result<>() : std::move(bytes).error();
  }
  const auto statement = CW_TRY(network::read_statement(*bytes));
  if (statement.serial != serial_ || statement.content != content_) {
    return {};
  }
  const auto id = netmap::id_of(serial_, *bytes);
  bundle_ = netmap::Bundle{.id = id, .bytes = std::move(*bytes)};
  return {};
}

Handing::Turn Handing::step(const Lacking& lacking, const Believed& believed, ha::Time now) {
  Turn turn;
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

Result<Handing::Heard> Handing::hear(const std::string& from, std::span<const std::uint8_t> payload,
                                     ha::Time now) {
  const auto said = CW_TRY(netmap::read(payload));
  if (const auto* offer = std::get_if<netmap::Offer>(&said.what);
      offer != nullptr && offer->size > largest_) {
    return Error::make(ErrorKind::Exhausted, "a sibling offers more than such a file ever has");
  }
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
