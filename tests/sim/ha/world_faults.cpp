// SPDX-License-Identifier: Apache-2.0
// What goes wrong in the world, and that it ends.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "tests/sim/ha/world.h"

namespace cw::sim {

void World::strike(const Fault& fault) {
  if (const auto* partition = std::get_if<Partition>(&fault.what)) {
    tell(fmt::format("r{} is cut off from {}, one way, for {} ms", partition->from, partition->to,
                     partition->lasts / kMillisecond));
    ++cut_[partition->from][partition->to];
    at(now_ + partition->lasts, LinkUp{partition->from, partition->to});
  } else if (const auto* outage = std::get_if<ArbiterOutage>(&fault.what)) {
    tell(fmt::format("the arbiter is down for {} ms", outage->lasts / kMillisecond));
    ++arbiter_out_;
    at(now_ + outage->lasts, ArbiterUp{});
  } else if (const auto* pause = std::get_if<Pause>(&fault.what)) {
    tell(fmt::format("r{} stops for {} ms", pause->router, pause->lasts / kMillisecond));
    Router& router = routers_[pause->router];
    router.paused_until = std::max(router.paused_until, now_ + pause->lasts);
    at(router.paused_until, Resume{pause->router});
  } else if (const auto* crash = std::get_if<Crash>(&fault.what)) {
    std::size_t who = crash->router;
    if (crash->owner && records_[0].record) {
      who =
          static_cast<std::size_t>(std::ranges::find(scenario_.routers, records_[0].record->owner) -
                                   scenario_.routers.begin());
    }
    if (crash->at) {
      routers_[who].ambushes.push_back(*crash);
      return;
    }
    die(who, crash->machine, crash->lasts);
    crashed_at_ = now_;
  } else if (const auto* order = std::get_if<MoveOrder>(&fault.what)) {
    for (std::size_t i = 0; i < routers_.size(); ++i) {
      if (routers_[i].state && ha::is_owning(routers_[i].state->gateways[order->gateway].role)) {
        give(i, ha::MoveGateway{.gateway = scenario_.gateways[order->gateway].name,
                                .to = scenario_.routers[order->to]});
        return;
      }
    }
  } else if (const auto* skew = std::get_if<Skew>(&fault.what)) {
    tell(fmt::format("r{}'s calendar is {} ms ahead", skew->router, skew->ahead.count()));
    routers_[skew->router].skew = skew->ahead;
  } else if (const auto* news = std::get_if<Tell>(&fault.what)) {
    if (const auto* netmap = std::get_if<ha::NetmapChanged>(&news->event)) {
      routers_[news->router].serial = netmap->serial;
    }
    give(news->router, news->event);
  }
}

// Everything works from here on, and everybody that can be there is. The dead who stay dead leave
// at least one router.
void World::heal() {
  healed_ = true;
  tell("-- no more faults --");
  trouble_ = Trouble{.arbiter_most = trouble_.arbiter_most, .fabric_most = trouble_.fabric_most};
  for (auto& row : cut_) {
    std::ranges::fill(row, 0U);
  }
  arbiter_out_ = 0;
  std::uint64_t newest = 1;
  for (Router& router : routers_) {
    router.ambushes.clear();
    router.skew = {};
    newest = std::max(newest, router.serial);
  }
  const bool nobody =
      std::ranges::none_of(routers_, [](const Router& each) { return each.state.has_value(); });
  for (std::size_t i = 0; i < routers_.size(); ++i) {
    Router& router = routers_[i];
    router.serial = newest;
    if (router.paused_until > now_) {
      router.paused_until = now_;
      at(now_, Resume{i});
    }
    if (!router.state && nobody) {
      at(now_, Boot{.router = i, .life = router.life, .machine = true});
    }
    const auto say = [&](ha::Event event) {
      at(now_ + kMillisecond, ForRouter{i, router.life, std::move(event)});
    };
    say(ha::Checked{.gateway = "", .fitness = ha::Fitness::Fit});
    for (const auto& gateway : scenario_.gateways) {
      say(ha::Checked{.gateway = gateway.name, .fitness = ha::Fitness::Fit});
    }
    say(ha::TargetsTried{});
    say(ha::ClockChecked{.synchronised = true});
    say(ha::DrainRouter{.on = false});
    say(ha::RestartSoon{ha::Duration{0}});
    say(ha::NetmapChanged{.serial = newest, .offered = newest});
  }
}

}  // namespace cw::sim
