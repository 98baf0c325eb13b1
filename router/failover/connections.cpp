// SPDX-License-Identifier: Apache-2.0
#include "router/failover/connections.h"

#include <algorithm>
#include <utility>

#include "ha/wire/sealed.h"
#include "netlink/codec/connection_filter.h"

namespace cw::failover {

static_assert(ha::replica::kMostPayload <= ha::wire::kMostPayload, "each payload is one letter");

namespace {

bool is_of(const ha::replica::Said& said, const std::vector<net::Prefix>& blocks) {
  const auto* changes = std::get_if<ha::replica::Changes>(&said.what);
  const auto concerns = [&](const netlink::ConnectionId& id) {
    return netlink::concerns(netlink::Connection{.id = id}, blocks);
  };
  return changes == nullptr ||
         (std::ranges::all_of(changes->gone, concerns) &&
          std::ranges::all_of(changes->there, concerns, &netlink::Connection::id));
}

}  // namespace

Result<Connections> Connections::open(ha::reset::Moving moving, std::uint64_t start, ha::Time now) {
  auto kernel = CW_TRY(netlink::ReplicationSocket::create(moving.blocks));
  Connections connections(std::move(kernel), std::move(moving), start);
  CW_TRY(connections.stand_by(now));
  return connections;
}

Result<> Connections::own(std::uint64_t term, ha::Time now) {
  const auto told = standby_ ? standby_->picture() : ha::replica::Picture();
  standby_.reset();
  owner_ = std::make_unique<ha::replica::Owner>(ha::replica::Stream{.term = term, .start = start_});
  CW_TRY(dump(now));
  ended_ = ha::reset::ended(told, owner_->picture(), moving_);
  return {};
}

Result<> Connections::stand_by(ha::Time now) {
  owner_.reset();
  ended_.clear();
  missing_ = false;
  auto found = kernel_.dump();
  standby_ = std::make_unique<ha::replica::Standby>(
      found ? *found : std::vector<netlink::Connection>(), now);
  return found ? Result<>() : Result<>(found.error());
}

// Events that still wait are older than the dump, and would undo some of it.
Result<> Connections::dump(ha::Time now) {
  dump_at_ = now + kRetryEvery;
  for (bool more = true; more;) {
    const auto read = CW_TRY(kernel_.read());
    for (const auto& event : read.events) {
      take(event, now);
    }
    more = read.more;
  }
  auto all = CW_TRY(kernel_.dump());
  std::erase_if(all, [&](const netlink::Connection& each) {
    return !ha::reset::concerns_siblings(each, moving_);
  });
  owner_->dumped(all, now);
  dump_at_ = now + kDumpEvery;
  return {};
}

void Connections::take(const netlink::ConnectionEvent& event, ha::Time now) {
  if (event.gone || ha::reset::concerns_siblings(event.connection, moving_)) {
    owner_->changed(event, now);
  }
}

Result<> Connections::on_ready(ha::Time now) {
  bool lost = false;
  for (int i = 0; i < kMostReads; ++i) {
    const auto read = CW_TRY(kernel_.read());
    lost = lost || read.lost;
    for (const auto& event : read.events) {
      if (owner_) {
        take(event, now);
      }
    }
    if (!read.more) {
      break;
    }
  }
  return lost && owner_ ? dump(now) : Result<>();
}

Result<> Connections::heard(std::string_view sibling, std::span<const std::uint8_t> payload,
                            ha::Time now) {
  if (owner_) {
    return owner_->heard(sibling, payload, now);
  }
  if (!is_of(CW_TRY(ha::replica::read(payload)), moving_.blocks)) {
    return Error::invalid("connections that are not this gateway's");
  }
  return standby_->heard(payload, now);
}

Connections::Turn Connections::step(ha::Time now) {
  Turn turn;
  if (owner_) {
    if (now >= dump_at_) {
      turn.kernel = dump(now);
    }
    turn.say = owner_->step(now);
    return turn;
  }
  auto next = standby_->step(now);
  turn.say = std::move(next.say);
  turn.kernel = kernel_.remove(next.remove);
  // With the translation of the router before they would go nowhere.
  std::erase_if(next.inject, [&](const netlink::Connection& each) {
    return !ha::reset::goes_on(each, moving_);
  });
  if (const auto injected = kernel_.inject(next.inject); !injected) {
    turn.kernel = injected.error();
    missing_ = true;
    retry_at_ = now + kRetryEvery;
  } else if (missing_ && now >= retry_at_) {
    standby_->inject_again(now);  // which of them were refused is not known
    missing_ = false;
  }
  return turn;
}

ha::Time Connections::due() const {
  if (owner_) {
    return std::min(owner_->due(), dump_at_);
  }
  return missing_ ? std::min(standby_->due(), retry_at_) : standby_->due();
}

std::size_t Connections::count() const {
  return owner_ ? owner_->sum().count : standby_->sum().count;
}

std::optional<ha::Duration> Connections::lag(std::string_view sibling, ha::Time now) const {
  return owner_ ? owner_->lag(sibling, now) : standby_->silence(now);
}

}  // namespace cw::failover
