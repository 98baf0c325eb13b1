// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "ha/replica/owner.h"
#include "tests/unit/ha/replica/random_connection.h"

namespace cw::ha::replica {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using LookEnd = Owner::LookEnd;

netlink::Connection without_state(netlink::Connection connection) {
  connection.tcp_state.reset();
  connection.original_end = {};
  connection.reply_end = {};
  return connection;
}

class OwnerLookTest : public testing::Test {
 protected:
  void change(const netlink::Connection& connection, bool gone = false) {
    owner.changed({.gone = gone, .connection = connection}, now);
  }

  void look(const std::vector<netlink::Connection>& part) { owner.looked(part, now); }

  std::vector<netlink::ConnectionId> known() {
    std::vector<netlink::ConnectionId> ids;
    for (const auto& [id, connection] : owner.picture()) {
      ids.push_back(id);
    }
    return ids;
  }

  Time now{std::chrono::hours(1)};
  Owner owner{{.term = 1, .start = 1}};
};

TEST_F(OwnerLookTest, NothingIsSaidBeforeItsEnd) {
  owner.begin_look();
  look({told(1)});
  EXPECT_THAT(owner.step(now), IsEmpty());
  now += kGather;
  look({told(2)});
  EXPECT_THAT(owner.step(now), IsEmpty());
  EXPECT_EQ(owner.end_look(now), LookEnd::Whole);
  EXPECT_LE(owner.due(), now);
  EXPECT_THAT(owner.step(now), SizeIs(3));
}

TEST_F(OwnerLookTest, WhatWasNotToldOfIsGone) {
  owner.dumped(std::vector{told(1), told(2)}, now);
  owner.begin_look();
  look({told(2)});
  look({told(3)});
  EXPECT_THAT(owner.picture(), SizeIs(3));
  EXPECT_EQ(owner.end_look(now), LookEnd::Whole);
  EXPECT_THAT(known(), testing::UnorderedElementsAre(told(2).id, told(3).id));
}

TEST_F(OwnerLookTest, WhatEndedMeanwhileDoesNotComeBack) {
  owner.dumped(std::vector{told(1)}, now);
  owner.begin_look();
  change(told(1), true);
  look({told(1)});
  EXPECT_EQ(owner.end_look(now), LookEnd::Whole);
  EXPECT_THAT(owner.picture(), IsEmpty());
}

TEST_F(OwnerLookTest, WhatBeganMeanwhileStays) {
  owner.begin_look();
  look({told(1)});
  change(told(2));
  EXPECT_EQ(owner.end_look(now), LookEnd::Whole);
  EXPECT_THAT(owner.picture(), SizeIs(2));
}

TEST_F(OwnerLookTest, AnOlderDumpDoesNotUndoAChange) {
  owner.begin_look();
  change(told(1, 16));
  look({told(1)});
  EXPECT_EQ(owner.end_look(now), LookEnd::Whole);
  EXPECT_EQ(owner.picture().at(told(1).id).tcp_state, told(1, 16).tcp_state);
}

// Its mark changed, and nothing else was told; nor had anything been.
TEST_F(OwnerLookTest, TheStateThatAnEventLacksIsTheDumps) {
  owner.begin_look();
  change(without_state(told(1, 4)));
  look({told(1)});
  EXPECT_EQ(owner.end_look(now), LookEnd::Whole);
  const auto& known = owner.picture().at(told(1).id);
  EXPECT_EQ(known.mark, told(1, 4).mark);
  EXPECT_EQ(known.original_end.scale, told(1).original_end.scale);
  EXPECT_NE(known.reply_end.flags, 0U);
}

TEST_F(OwnerLookTest, OneThatIsBegunAnewCountsForNothing) {
  owner.dumped(std::vector{told(1), told(2)}, now);
  owner.begin_look();
  look({told(1)});
  owner.begin_look();
  look({told(2)});
  EXPECT_EQ(owner.end_look(now), LookEnd::Whole);
  EXPECT_THAT(known(), testing::ElementsAre(told(2).id));
}

std::vector<netlink::Connection> many(std::size_t count) {
  std::vector<netlink::Connection> all;
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back(told(static_cast<std::uint16_t>(i % 50'000)));
    all.back().id.original.destination_port = static_cast<std::uint16_t>(i / 50'000);
  }
  return all;
}

TEST_F(OwnerLookTest, WhatIsGoneIsLookedForInParts) {
  owner.dumped(many(3 * kMostSwept), now);
  owner.begin_look();
  int parts = 1;
  while (owner.end_look(now) == LookEnd::NotYet) {
    ++parts;
    EXPECT_THAT(owner.picture(), Not(IsEmpty()));
  }
  EXPECT_THAT(owner.picture(), IsEmpty());
  EXPECT_GE(parts, 3);
}

TEST_F(OwnerLookTest, MoreChangesThanItCanRememberAreADoubt) {
  owner.dumped(std::vector{told(7)}, now);
  owner.begin_look();
  for (const auto& each : many(2 * kMostConnections + 1)) {
    change(each, true);
  }
  change(told(7));
  EXPECT_EQ(owner.end_look(now), LookEnd::Doubtful);
  EXPECT_THAT(known(), testing::ElementsAre(told(7).id)) << "what was told of last is kept";
  owner.begin_look();
  EXPECT_EQ(owner.end_look(now), LookEnd::Whole);
  EXPECT_THAT(owner.picture(), IsEmpty());
}

// A kernel whose events and parts of a dump wait to be read, each in its own order.
class Kernel {
 public:
  // From before anybody listened.
  void have(const netlink::Connection& connection) { table_.emplace(connection.id, connection); }

  void put(const netlink::Connection& connection) {
    table_[connection.id] = connection;
    events_.push_back({.connection = connection});
  }

  void remove(const netlink::ConnectionId& id) {
    if (const auto found = table_.find(id); found != table_.end()) {
      events_.push_back({.gone = true, .connection = found->second});
      table_.erase(found);
    }
  }

  void mark(const netlink::ConnectionId& id, std::uint32_t mark) {
    if (const auto found = table_.find(id); found != table_.end()) {
      found->second.mark = mark;
      events_.push_back({.connection = without_state(found->second)});
    }
  }

  // The next part is as the table is now.
  void dump(std::size_t count) {
    auto next = dumped_ ? table_.upper_bound(*dumped_) : table_.begin();
    for (; next != table_.end() && count > 0; ++next, --count) {
      dump_.push_back(next->second);
      dumped_ = next->first;
    }
  }

  void read_events(Owner& owner, std::size_t count, Time now) {
    for (; !events_.empty() && count > 0; events_.pop_front(), --count) {
      owner.changed(events_.front(), now);
    }
  }

  void read_dump(Owner& owner, std::size_t count, Time now) {
    for (; !dump_.empty() && count > 0; dump_.pop_front(), --count) {
      owner.looked(std::vector{dump_.front()}, now);
    }
  }

  [[nodiscard]] const Picture& table() const { return table_; }

 private:
  Picture table_;
  std::deque<netlink::ConnectionEvent> events_;
  std::deque<netlink::Connection> dump_;
  std::optional<netlink::ConnectionId> dumped_;
};

RC_GTEST_PROP(OwnerLook, HoweverEventsAndDumpAreMixedThePictureIsTheKernels, ()) {
  Time now{std::chrono::hours(1)};
  Owner owner{{.term = 1, .start = 1}};
  Kernel kernel;
  const auto below = [](int most) {
    return *rc::gen::noShrink(rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, most)));
  };
  const auto act = [&] {
    const auto one =
        told(static_cast<std::uint16_t>(below(12)), static_cast<std::uint32_t>(below(32)));
    // Events are read soon and the dump is slow, or every event would mend what the dump broke.
    switch (below(12)) {
      case 0:
      case 1:
      case 2:
        return kernel.put(one);
      case 3:
      case 4:
        return kernel.remove(one.id);
      case 5:
      case 6:
        return kernel.mark(one.id, static_cast<std::uint32_t>(below(8)));
      case 7:
        return kernel.dump(static_cast<std::size_t>(below(3)));
      case 8:
        return kernel.read_dump(owner, 1, now);
      default:
        return kernel.read_events(owner, static_cast<std::size_t>(below(20)), now);
    }
  };
  for (int i = below(20); i > 0; --i) {
    kernel.have(told(static_cast<std::uint16_t>(below(12))));
    kernel.put(told(static_cast<std::uint16_t>(below(12))));
  }
  kernel.read_events(owner, static_cast<std::size_t>(below(30)), now);
  owner.begin_look();
  for (int i = below(100); i > 0; --i) {
    act();
  }
  kernel.dump(SIZE_MAX);
  kernel.read_dump(owner, SIZE_MAX, now);
  while (owner.end_look(now) == LookEnd::NotYet) {
  }
  kernel.read_events(owner, SIZE_MAX, now);
  RC_ASSERT(std::ranges::equal(owner.picture(), kernel.table(), [](const auto& a, const auto& b) {
    return same_but_time(a.second, *worth_keeping(b.second, nullptr));
  }));
}

}  // namespace
}  // namespace cw::ha::replica
