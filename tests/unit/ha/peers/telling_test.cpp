// SPDX-License-Identifier: Apache-2.0
#include "ha/peers/telling.h"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/unit/ha/peers/examples.h"

namespace cw::ha::peers {
namespace {

constexpr std::uint64_t kSibling = 77;

SteadyTime steady(std::int64_t ms) {
  return SteadyTime(milliseconds(ms));
}

std::vector<PeerFact> picture(const PeerBook& book) {
  std::vector<PeerFact> facts;
  for (const auto& [key, peer] : book.peers()) {
    facts.push_back(peer.fact);
  }
  return facts;
}

std::vector<netlink::WgPeer> device(std::uint32_t peers, Wall handshake = at(0)) {
  std::vector<netlink::WgPeer> dump;
  for (std::uint32_t i = 1; i <= peers; ++i) {
    dump.push_back(seen(i, handshake, 1));
  }
  return dump;
}

// An owner, and what it tells one sibling until there is no more.
struct Owner {
  PeerBook book;
  Telling telling{1'000'000};

  std::vector<std::vector<std::uint8_t>> tell(SteadyTime now, std::uint64_t boot = kSibling) {
    std::vector<std::vector<std::uint8_t>> payloads;
    for (bool more = true; more;) {
      auto told = telling.next(book, boot, now);
      EXPECT_LE(told.payloads.size(), kMostAtOnce);
      std::ranges::move(told.payloads, std::back_inserter(payloads));
      more = told.more;
    }
    return payloads;
  }
};

void give(PeerBook& book, const std::vector<std::vector<std::uint8_t>>& payloads, Wall now) {
  for (const auto& payload : payloads) {
    const auto piece = read(payload);
    ASSERT_TRUE(piece);
    book.merge(*piece, now);
  }
}

TEST(Telling, TellsEverythingWhenTheyMeet) {
  Owner owner;
  owner.book.note(device(100), at(1), true);
  const auto payloads = owner.tell(steady(0));
  EXPECT_EQ(payloads.size(), 6U);
  PeerBook book;
  give(book, payloads, at(1));
  EXPECT_EQ(picture(book), picture(owner.book));
  EXPECT_EQ(book.accepted_from(), owner.book.accepted_from());
  EXPECT_TRUE(owner.tell(steady(2000)).empty());
}

TEST(Telling, TellsNobodyNothing) {
  Owner owner;
  owner.book.note(device(1), at(1), true);
  EXPECT_TRUE(owner.tell(steady(0), 0).empty());
}

TEST(Telling, TellsASiblingThatRestartedEverything) {
  Owner owner;
  owner.book.note(device(1), at(1), true);
  EXPECT_EQ(owner.tell(steady(0)).size(), 1U);
  EXPECT_EQ(owner.tell(steady(2000), kSibling + 1).size(), 1U);
  EXPECT_TRUE(owner.tell(steady(4000), kSibling + 1).empty());
}

TEST(Telling, TellsInBetweenWhatChanged) {
  Owner owner;
  auto dump = device(100);
  owner.book.note(dump, at(1), true);
  PeerBook book;
  give(book, owner.tell(steady(0)), at(1));
  dump[41] = seen(42, at(1500), 2, 7);
  owner.book.note(dump, at(2000), true);
  const auto payloads = owner.tell(steady(2000));
  ASSERT_EQ(payloads.size(), 1U);
  const auto piece = read(payloads[0]);
  ASSERT_TRUE(piece);
  EXPECT_FALSE(piece->whole);
  EXPECT_EQ(piece->peers.size(), 1U);
  give(book, payloads, at(2000));
  EXPECT_EQ(picture(book), picture(owner.book));
}

TEST(Telling, TellsAnInitiationThoughNoPeerChanged) {
  Owner owner;
  owner.book.note(device(1), at(1), true);
  PeerBook book;
  give(book, owner.tell(steady(0)), at(1));
  owner.book.note_initiation(at(1000));
  give(book, owner.tell(steady(2000)), at(2000));
  EXPECT_EQ(book.accepted_from(), at(1018));
  EXPECT_TRUE(owner.tell(steady(2100)).empty());
}

TEST(Telling, WhatWasLostIsToldWithTheNextRound) {
  Owner owner;
  owner.book.note(device(100), at(1), true);
  PeerBook book;
  (void)owner.tell(steady(0));
  EXPECT_TRUE(owner.tell(steady(29'999)).empty());
  give(book, owner.tell(steady(30'000)), at(30'000));
  EXPECT_EQ(picture(book), picture(owner.book));
}

TEST(Telling, APeerThatIsGoneIsGoneAfterARound) {
  Owner owner;
  owner.book.note(device(100), at(1), true);
  PeerBook book;
  give(book, owner.tell(steady(0)), at(1));
  owner.book.note(device(90), at(2), true);
  give(book, owner.tell(steady(30'000)), at(30'000));
  EXPECT_EQ(picture(book), picture(owner.book));
  owner.book.note({}, at(3), true);
  give(book, owner.tell(steady(60'000)), at(60'000));
  EXPECT_TRUE(book.peers().empty());
}

TEST(Telling, TenThousandPeersAreToldInNineteenCalls) {
  Owner owner;
  owner.book.note(device(kMostPeers), at(1), true);
  PeerBook book;
  std::int64_t calls = 0;
  for (bool more = true; more; ++calls) {
    const auto told = owner.telling.next(owner.book, kSibling, steady(100 * calls));
    give(book, told.payloads, at(1));
    more = told.more;
  }
  EXPECT_EQ(calls, 19);
  EXPECT_EQ(picture(book), picture(owner.book));
  // After a takeover all of them have new handshakes at once.
  owner.book.note(device(kMostPeers, at(5000)), at(6000), true);
  give(book, owner.tell(steady(6000)), at(6000));
  EXPECT_EQ(picture(book), picture(owner.book));
}

TEST(Telling, AnOwnerTellsOnWhatTheOneBeforeItTold) {
  Owner first;
  first.book.note(device(3), at(1), true);
  Owner second;
  give(second.book, first.tell(steady(0)), at(1));
  std::vector<netlink::WgPeer> dump;
  for (std::uint32_t i = 1; i <= 3; ++i) {
    dump.push_back({.key = key_of(i)});  // nobody has answered yet
  }
  second.book.note(dump, at(1000), true);
  PeerBook third;
  give(third, second.tell(steady(0)), at(1000));
  EXPECT_EQ(picture(third), picture(first.book));
  EXPECT_EQ(third.kicks(at(1000)).size(), 3U);
}

// A gateway's device as time goes by: peers come, go, are active, roam and have handshakes. Who is
// gone does not return: siblings that missed it would know more of him than the owner.
void live(std::vector<netlink::WgPeer>& dump, std::set<std::uint32_t>& gone, Wall now) {
  const auto number = *rc::gen::inRange<std::uint32_t>(1, 60);
  const auto known = std::ranges::find(dump, key_of(number), &netlink::WgPeer::key);
  const auto what = *rc::gen::inRange(0, 5);
  if (gone.contains(number)) {
    return;
  }
  if (known == dump.end()) {
    dump.push_back({.key = key_of(number)});
    std::ranges::sort(dump, {}, &netlink::WgPeer::key);
  } else if (what == 0) {
    dump.erase(known);
    gone.insert(number);
  } else {
    known->received_bytes += 32;
    if (what == 1 || !known->last_handshake) {
      known->last_handshake = now;
    }
    if (what <= 2 || !known->endpoint) {
      known->endpoint = endpoint("2001:db8::1", *rc::gen::inRange<std::uint16_t>(1, 65535));
    }
  }
}

RC_GTEST_PROP(Telling, AnyLossIsRightAgainAfterOneRound, ()) {
  Owner owner;
  PeerBook book;
  std::vector<netlink::WgPeer> dump;
  std::set<std::uint32_t> gone;
  std::vector<std::vector<std::uint8_t>> on_its_way;
  std::int64_t now = 0;
  const int looks = *rc::gen::inRange(0, 40);
  for (int look = 0; look < looks; ++look) {
    now += *rc::gen::element<std::int64_t>(2000, 2000, 2000, 31'000);
    for (int changes = *rc::gen::inRange(0, 30); changes > 0; --changes) {
      live(dump, gone, at(now));
    }
    owner.book.note(dump, at(now), true);
    std::ranges::move(owner.tell(steady(now)), std::back_inserter(on_its_way));
    for (int pieces = *rc::gen::inRange(0, 8); pieces > 0 && !on_its_way.empty(); --pieces) {
      const auto which = *rc::gen::inRange<std::size_t>(0, on_its_way.size());
      if (*rc::gen::inRange(0, 3) != 0) {
        give(book, {on_its_way[which]}, at(now));
      }
      if (*rc::gen::inRange(0, 3) != 0) {  // else it comes again
        on_its_way.erase(on_its_way.begin() + static_cast<std::ptrdiff_t>(which));
      }
    }
  }
  now += 30'000;
  give(book, owner.tell(steady(now)), at(now));
  RC_ASSERT(picture(book) == picture(owner.book));
  RC_ASSERT(book.accepted_from() == owner.book.accepted_from());
}

// Without a round: what arrives, in whatever order, never undoes a later handshake.
RC_GTEST_PROP(Telling, NothingOlderWins, ()) {
  std::vector<PeerFact> facts;
  const int count = *rc::gen::inRange(1, 20);
  for (int i = 0; i < count; ++i) {
    facts.push_back({.key = key_of(1),
                     .endpoint = endpoint("203.0.113.2", *rc::gen::inRange<std::uint16_t>(1, 9)),
                     .handshake = at(*rc::gen::inRange(0, 5)),
                     .active = at(*rc::gen::inRange(0, 5))});
  }
  PeerBook book;
  Wall newest{};
  for (const PeerFact& fact : facts) {
    book.merge({.round = 1, .peers = {fact}}, at(100));
    newest = std::max(newest, fact.handshake);
    RC_ASSERT(picture(book)[0].handshake == newest);
  }
}

}  // namespace
}  // namespace cw::ha::peers
