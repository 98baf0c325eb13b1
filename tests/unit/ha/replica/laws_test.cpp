// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <memory>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "ha/replica/owner.h"
#include "ha/replica/standby.h"
#include "tests/unit/ha/replica/random_connection.h"

namespace cw::ha::replica {
namespace {

// Steps until all that was lost has been asked for, said again and taken: three seconds and a half.
constexpr int kQuietSteps = 70;

struct Datagram {
  int at = 0;
  bool to_owner = false;
  std::size_t standby = 0;
  Payload bytes;
};

// What one way's datagrams may suffer, in percent, and how many steps late they may come.
struct Weather {
  int loss = 0;
  int copies = 0;
  int late = 0;
};

// An owner, its kernel, and two standbys with theirs; the network between them.
class World {
 public:
  World() { owner_->dumped({}, now_); }

  void add(std::uint16_t number, std::uint32_t look) {
    const auto connection = told(number, look);
    kernel_[connection.id] = connection;
    owner_->changed({.connection = connection}, now_);
  }

  void remove(std::uint16_t number) {
    const auto found = kernel_.find(told(number).id);
    if (found != kernel_.end()) {
      owner_->changed({.gone = true, .connection = found->second}, now_);
      kernel_.erase(found);
    }
  }

  // The kernel changes, and its events are lost.
  void lose_events(std::uint16_t number, std::uint32_t look) {
    kernel_.erase(told(static_cast<std::uint16_t>(number + 1)).id);
    kernel_[told(number).id] = told(number, look);
    std::vector<netlink::Connection> all;
    for (const auto& [id, connection] : kernel_) {
      all.push_back(connection);
    }
    owner_->dumped(all, now_);
  }

  void restart_owner() {
    owner_ = std::make_unique<Owner>(Stream{.term = 1, .start = ++start_});
    std::vector<netlink::Connection> all;
    for (const auto& [id, connection] : kernel_) {
      all.push_back(connection);
    }
    owner_->dumped(all, now_);
  }

  // With what its kernel has.
  void restart_standby(std::size_t which) {
    std::vector<netlink::Connection> found;
    for (const auto& [id, connection] : sides_[which].kernel) {
      found.push_back(connection);
      found.back().status = told(1).status;
    }
    sides_[which].standby = Standby(found, now_);
  }

  void step(const Weather& weather) {
    now_ += kGather;
    ++steps_;
    if (owner_->due() <= now_) {
      for (const auto& payload : owner_->step(now_)) {
        for (std::size_t i = 0; i < kStandbys; ++i) {
          send({.standby = i, .bytes = payload}, weather);
        }
      }
    }
    deliver();
    for (std::size_t i = 0; i < kStandbys; ++i) {
      if (sides_[i].standby.due() <= now_) {
        carry_out(i, weather);
      }
    }
  }

  void check() {
    Picture wanted;
    for (const auto& [id, connection] : kernel_) {
      wanted.emplace(id, *worth_keeping(connection, nullptr));
    }
    RC_ASSERT(same(owner_->picture(), wanted));
    for (const auto& side : sides_) {
      RC_ASSERT(side.standby.complete());
      RC_ASSERT(side.standby.picture() == owner_->picture());
      RC_ASSERT(same(side.kernel, wanted));
      RC_ASSERT(side.standby.sum() == owner_->sum());
    }
    RC_ASSERT(owner_->lag("0", now_) == Duration{0});
  }

 private:
  static constexpr std::size_t kStandbys = 2;

  struct Side {
    Standby standby;
    Picture kernel;
  };

  static bool same(const Picture& a, const Picture& b) {
    return std::ranges::equal(
        a, b, [](const auto& x, const auto& y) { return same_but_time(x.second, y.second); });
  }

  void send(Datagram datagram, const Weather& weather) {
    const auto percent = [] { return *rc::gen::noShrink(rc::gen::inRange(0, 100)); };
    const int copies = 1 + (percent() < weather.copies ? 1 : 0);
    for (int i = 0; i < copies; ++i) {
      if (percent() >= weather.loss) {
        datagram.at = steps_ + (weather.late == 0 ? 0 : percent() % weather.late);
        underway_.push_back(datagram);
      }
    }
  }

  void deliver() {
    std::vector<Datagram> now;
    std::erase_if(underway_, [&](const Datagram& datagram) {
      if (datagram.at > steps_) {
        return false;
      }
      now.push_back(datagram);
      return true;
    });
    for (const auto& datagram : now) {
      if (datagram.to_owner) {
        RC_ASSERT(owner_->heard(std::to_string(datagram.standby), datagram.bytes, now_));
      } else {
        RC_ASSERT(sides_[datagram.standby].standby.heard(datagram.bytes, now_));
      }
    }
  }

  void carry_out(std::size_t which, const Weather& weather) {
    auto& side = sides_[which];
    const auto turn = side.standby.step(now_);
    for (const auto& id : turn.remove) {
      side.kernel.erase(id);
    }
    for (const auto& connection : turn.inject) {
      side.kernel[connection.id] = connection;
    }
    for (const auto& payload : turn.say) {
      send({.to_owner = true, .standby = which, .bytes = payload}, weather);
    }
  }

  Time now_{std::chrono::hours(1)};
  int steps_ = 0;
  std::uint64_t start_ = 1;
  std::unique_ptr<Owner> owner_ = std::make_unique<Owner>(Stream{.term = 1, .start = start_});
  Picture kernel_;
  std::array<Side, kStandbys> sides_{Side{.standby = Standby({}, now_), .kernel = {}},
                                     Side{.standby = Standby({}, now_), .kernel = {}}};
  std::vector<Datagram> underway_;
};

RC_GTEST_PROP(Replica, WhateverTheNetworkDidThePicturesAreEqualAfterAQuietWhile, ()) {
  World world;
  const Weather weather{.loss = *rc::gen::inRange(0, 70),
                        .copies = *rc::gen::inRange(0, 50),
                        .late = *rc::gen::inRange(0, 12)};
  const auto steps = *rc::gen::inRange(1, 60);
  for (int i = 0; i < steps; ++i) {
    const auto changes = *rc::gen::inRange(0, 25);
    for (int change = 0; change < changes; ++change) {
      const auto number = *rc::gen::noShrink(rc::gen::inRange<std::uint16_t>(0, 300));
      const auto look = *rc::gen::noShrink(rc::gen::inRange<std::uint32_t>(0, 32));
      const auto kind = *rc::gen::noShrink(rc::gen::inRange(0, 1000));
      if (kind < 600) {
        world.add(number, look);
      } else if (kind < 985) {
        world.remove(number);
      } else if (kind < 993) {
        world.lose_events(number, look);
      } else if (kind < 996) {
        world.restart_owner();
      } else {
        world.restart_standby(static_cast<std::size_t>(kind % 2));
      }
    }
    world.step(weather);
  }
  for (int i = 0; i < kQuietSteps; ++i) {
    world.step({});
  }
  world.check();
}

}  // namespace
}  // namespace cw::ha::replica
