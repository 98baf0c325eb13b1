// SPDX-License-Identifier: Apache-2.0
#include "router/failover/netmaps.h"

#include <algorithm>

namespace cw::failover {

static_assert(ha::netmap::kMostNetmap == network::kLargestSignedNetmap);

void Netmaps::configure(const Setup& setup) {
  handing_.configure(setup.netmap, setup.serial);
  offered_ = setup.offered;
  looked_ = setup.looked;
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
      wanted_ > handing_.serial() && looked_ < wanted_ && now - wanted_since_ < kSourcePatience;
  return may_have ? std::max(offered_, wanted_) : offered_;
}

Netmaps::News Netmaps::look(const ha::State& state, ha::Time now) {
  News news;
  if (const auto newest_known = newest(state);
      handing_.has_file() && newest_known > std::max(handing_.serial(), wanted_)) {
    wanted_ = newest_known;
    wanted_since_ = now;
    news.wanted = wanted_;
  }
  if (const ha::NetmapChanged now_so{.serial = handing_.serial(), .offered = offered(now)};
      told_ != now_so) {
    told_ = now_so;
    news.changed = now_so;
  }
  news.step = handing_.look(behind(state, now));
  return news;
}

// Who is not heard is sent nothing.
Handing::Lacking Netmaps::behind(const ha::State& state, ha::Time now) const {
  if (!handing_.has_file() || handing_.serial() == 0) {
    return {};
  }
  return heard_siblings(state, now, [this](const ha::Sibling& sibling) {
    return sibling.beat.serial < handing_.serial();
  });
}

}  // namespace cw::failover
