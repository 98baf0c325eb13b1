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
  Connections connections(std::move(kernel), std::move(moving), start, now);
  connections.stand_by(now);
  return connections;
}

void Connections::own(std::uint64_t term, ha::Time now) {
  if (standby_) {
    told_ = std::move(standby_);
  }
  owner_ = std::make_unique<ha::replica::Owner>(ha::replica::Stream{.term = term, .start = start_});
  looks_ = ha::replica::Looks(now, ha::replica::kLookEvery);
  phase_ = Phase::Begin;
  looked_ = false;
}

void Connections::stand_by(ha::Time now) {
  owner_.reset();
  told_.reset();
  missing_ = false;
  standby_ = std::make_unique<ha::replica::Standby>(std::vector<netlink::Connection>(), now);
  standby_->begin_look();
  looks_ = ha::replica::Looks(now);
  phase_ = Phase::Begin;
  looked_ = false;
}

Connections::Looked Connections::look(ha::Time now) {
  Looked looked;
  if (phase_ == Phase::Begin && looked_ && told_) {
    looked.ended = end_some();
    return looked;
  }
  if (phase_ == Phase::Sweep) {
    sweep(now);
  } else {
    const auto done = phase_ == Phase::Begin ? begin_look(now) : take_part(now);
    if (!done) {
      give_up(done.error(), looked, now);
      return looked;
    }
  }
  looked.over = phase_ == Phase::Begin;
  return looked;
}

std::optional<ha::Time> Connections::look_due() const {
  return looked_ && told_ ? ha::Time{} : looks_.due();
}

Result<> Connections::begin_look(ha::Time now) {
  looks_.begin(now);
  CW_TRY(kernel_.begin_dump());
  if (owner_) {
    owner_->begin_look();
  } else {
    standby_->begin_look();
  }
  phase_ = Phase::Dump;
  return {};
}

Result<> Connections::take_part(ha::Time now) {
  auto part = CW_TRY(kernel_.dump_part());
  if (!owner_) {
    standby_->looked(part.connections, now);
    if (part.last) {
      standby_->end_look(now);
      end_look(now);
    }
    return {};
  }
  std::erase_if(part.connections, [&](const netlink::Connection& each) {
    return !ha::reset::concerns_siblings(each, moving_);
  });
  owner_->looked(part.connections, now);
  if (part.last) {
    phase_ = Phase::Sweep;
  }
  return {};
}

void Connections::sweep(ha::Time now) {
  const auto end = owner_->end_look(now);
  if (end == ha::replica::Owner::LookEnd::NotYet) {
    return;
  }
  if (end == ha::replica::Owner::LookEnd::Doubtful) {
    looks_.lost(now);
  }
  end_look(now);
}

void Connections::end_look(ha::Time now) {
  looks_.done(now);
  phase_ = Phase::Begin;
  looked_ = true;
}

// What the kernel interrupts is begun anew at once, a few times.
void Connections::give_up(const Error& error, Looked& looked, ha::Time now) {
  phase_ = Phase::Begin;
  if (error.kind == ErrorKind::Interrupted && !looks_.interrupted(now)) {
    return;
  }
  if (error.kind != ErrorKind::Interrupted) {
    looks_.failed(now);
  }
  if (standby_) {
    standby_->end_look(now);  // it is given what the owner tells, whatever is there
  }
  looked.over = true;
  looked.kernel = error;
}

std::vector<netlink::Connection> Connections::end_some() {
  const auto told = told_->release();
  if (told.empty()) {
    told_.reset();
  }
  return ha::reset::ended(told, owner_->picture(), moving_);
}

// As a standby they are read to be out of the way.
Result<> Connections::on_ready(ha::Time now) {
  const auto read = CW_TRY(kernel_.read());
  if (!owner_) {
    return {};
  }
  for (const auto& event : read.events) {
    if (event.gone || ha::reset::concerns_siblings(event.connection, moving_)) {
      owner_->changed(event, now);
    }
  }
  if (read.lost) {
    looks_.lost(now);
  }
  return {};
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
    return owner_->due();
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
