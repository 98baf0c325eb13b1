// SPDX-License-Identifier: Apache-2.0
#include "ha/arp/lan.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace cw::ha::arp {

namespace {

Moving* find(Lan& lan, const std::string& gateway) {
  const auto found = std::ranges::find(lan.gateways, gateway, &Moving::gateway);
  return found == lan.gateways.end() ? nullptr : &*found;
}

Moving* find(Lan& lan, const net::Ip& ip) {
  const auto found = std::ranges::find_if(lan.gateways, [&](const Moving& moving) {
    return std::ranges::find(moving.addresses, ip) != moving.addresses.end();
  });
  return found == lan.gateways.end() ? nullptr : &*found;
}

class Turn {
 public:
  Turn(Lan lan, Time now) : outcome_{.lan = std::move(lan), .actions = {}, .wake = {}}, now_(now) {}

  void operator()(const Moved& moved) {
    if (auto* moving = find(outcome_.lan, moved.gateway)) {
      moving->overtaken = false;
      moving->arriving = true;
      moving->release.reset();
      moving->look.reset();
      moving->move = moved.request;
      moving->burst = Moving::Burst{.began = now_, .sent = 1};
      act(Announce{.gateway = moving->gateway});
    }
  }

  void operator()(const Asked& asked) {
    auto* moving = find(outcome_.lan, asked.gateway);
    if (moving == nullptr) {
      return;
    }
    moving->look.reset();
    if (asked.presence == Presence::Absent || moving->overtaken) {
      answer(*moving, asked.request, FabricOutcome::Elsewhere);
      return;
    }
    moving->look = Moving::Look{.request = asked.request, .until = now_ + kProbeWait};
    act(Probe{.gateway = moving->gateway});
  }

  void operator()(const Withdrawn& withdrawn) {
    if (auto* moving = find(outcome_.lan, withdrawn.gateway)) {
      moving->burst.reset();
      moving->arriving = false;
      moving->move.reset();
      moving->look.reset();
      moving->release = now_ + kLinger;
    }
  }

  void operator()(const Claimed& claimed) {
    if (auto* moving = find(outcome_.lan, claimed.ip)) {
      moving->overtaken = true;
      give_up(*moving, FabricOutcome::Elsewhere);
    }
  }

  void operator()(const Reached& reached) {
    if (auto* moving = find(outcome_.lan, reached.ip)) {
      arrive(*moving);
    }
  }

  void operator()(const Unsent& unsent) {
    if (auto* moving = find(outcome_.lan, unsent.gateway)) {
      give_up(*moving, FabricOutcome::Unknown);
    }
  }

  void operator()(const Waited& /*waited*/) {
    for (auto& moving : outcome_.lan.gateways) {
      settle(moving);
      announce(moving);
      conclude(moving);
      if (moving.release && now_ >= *moving.release) {
        moving.release.reset();
        act(Release{.gateway = moving.gateway});
      }
    }
  }

  Outcome take() {
    for (const auto& moving : outcome_.lan.gateways) {
      if (moving.burst) {
        due(moving.burst->began + kAnnounceAt[moving.burst->sent]);
        if (moving.arriving || moving.move) {
          due(moving.burst->began + kSettle);
        }
      }
      if (moving.look) {
        due(moving.look->until);
      }
      if (moving.release) {
        due(*moving.release);
      }
    }
    return std::move(outcome_);
  }

 private:
  void act(Action action) { outcome_.actions.push_back(std::move(action)); }

  void due(Time when) { outcome_.wake = std::min(outcome_.wake.value_or(when), when); }

  void answer(const Moving& moving, std::uint64_t request, FabricOutcome outcome) {
    act(FabricAnswer{
        .gateway = moving.gateway, .request = request, .outcome = outcome, .retry_after = {}});
  }

  void arrive(Moving& moving) {
    if (std::exchange(moving.arriving, false)) {
      act(AddressArrived{.gateway = moving.gateway});
    }
    if (const auto request = std::exchange(moving.move, std::nullopt)) {
      answer(moving, *request, FabricOutcome::Here);
    }
  }

  // Ends what was begun, with that answer.
  void give_up(Moving& moving, FabricOutcome outcome) {
    moving.burst.reset();
    moving.arriving = false;
    if (const auto request = std::exchange(moving.move, std::nullopt)) {
      answer(moving, *request, outcome);
    }
    if (const auto look = std::exchange(moving.look, std::nullopt)) {
      answer(moving, look->request, outcome);
    }
  }

  void settle(Moving& moving) {
    if (!moving.burst || (!moving.arriving && !moving.move)) {
      return;
    }
    const auto heard = moving.burst->began + kSettle;
    if (now_ > heard + kPause) {
      give_up(moving, FabricOutcome::Unknown);
    } else if (now_ >= heard) {
      arrive(moving);
    }
  }

  void announce(Moving& moving) {
    if (!moving.burst) {
      return;
    }
    auto& burst = *moving.burst;
    const auto when = burst.began + kAnnounceAt[burst.sent];
    if (now_ < when) {
      return;
    }
    if (now_ > when + kPause) {
      moving.burst.reset();
      return;
    }
    // One, however many are due.
    while (burst.sent < std::size(kAnnounceAt) && burst.began + kAnnounceAt[burst.sent] <= now_) {
      ++burst.sent;
    }
    act(Announce{.gateway = moving.gateway});
    if (burst.sent == std::size(kAnnounceAt)) {
      moving.burst.reset();
    }
  }

  void conclude(Moving& moving) {
    if (moving.look && now_ >= moving.look->until) {
      // A pause does no harm here: what came meanwhile was told before.
      answer(moving, moving.look->request, FabricOutcome::Here);
      moving.look.reset();
    }
  }

  Outcome outcome_;
  Time now_;
};

}  // namespace

Outcome step(Lan lan, const Event& event, Time now) {
  Turn turn(std::move(lan), now);
  std::visit(turn, event);
  return turn.take();
}

}  // namespace cw::ha::arp
