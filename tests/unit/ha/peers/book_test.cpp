// SPDX-License-Identifier: Apache-2.0
#include "ha/peers/book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/ha/peers/examples.h"

namespace cw::ha::peers {
namespace {

using testing::ElementsAre;

constexpr bool kOwning = true;
constexpr bool kStandingBy = false;

PeerFact fact(std::uint32_t number, Wall handshake, Wall active, std::uint16_t port = 51820) {
  return {.key = key_of(number),
          .endpoint = endpoint("203.0.113.2", port),
          .handshake = handshake,
          .active = active};
}

Piece change(std::vector<PeerFact> peers) {
  return {.round = 1, .peers = std::move(peers)};
}

const PeerFact& known(const PeerBook& book, std::uint32_t number) {
  return book.peers().at(key_of(number)).fact;
}

std::vector<net::PublicKey> asked(const PeerBook& book, Wall now) {
  std::vector<net::PublicKey> keys;
  for (const Kick& kick : book.kicks(now)) {
    keys.push_back(kick.key);
  }
  return keys;
}

TEST(PeerBook, KnowsOfItsOwnDeviceWhenPeersWereActive) {
  PeerBook book;
  book.note(std::vector{seen(1, at(0), 100)}, at(1000), kOwning);
  EXPECT_EQ(known(book, 1), fact(1, at(0), at(0)));  // the handshake is all that is certain
  book.note(std::vector{seen(1, at(0), 100)}, at(3000), kOwning);
  EXPECT_EQ(known(book, 1).active, at(0));
  book.note(std::vector{seen(1, at(0), 132, 999)}, at(5000), kOwning);
  EXPECT_EQ(known(book, 1), fact(1, at(0), at(5000), 999));
}

TEST(PeerBook, APeerThatWasAddedAgainCountsFromZero) {
  PeerBook book;
  book.note(std::vector{seen(1, at(0), 1000)}, at(1000), kOwning);
  const netlink::WgPeer again{.key = key_of(1), .endpoint = endpoint("203.0.113.2", 51820)};
  book.note(std::vector{again}, at(3000), kOwning);
  EXPECT_EQ(known(book, 1), fact(1, at(0), at(0)));  // what was known stays
  book.note(std::vector{seen(1, at(4000), 50)}, at(5000), kOwning);
  EXPECT_EQ(known(book, 1), fact(1, at(4000), at(5000)));
}

// Whoever recorded an initiation can move the endpoint of a device that has no session yet.
TEST(PeerBook, AnEndpointWithoutASessionProvesNothing) {
  PeerBook book;
  book.merge(change({fact(1, at(0), at(0), 1)}), at(0));
  netlink::WgPeer poisoned = seen(1, at(0), 148, 666);
  poisoned.last_handshake.reset();
  book.note({}, at(1000), kOwning);
  book.merge(change({fact(1, at(0), at(0), 1)}), at(0));
  book.note(std::vector{poisoned}, at(3000), kOwning);
  EXPECT_EQ(known(book, 1), fact(1, at(0), at(0), 1));
}

TEST(PeerBook, ALaterHandshakeWins) {
  PeerBook book;
  book.merge(change({fact(1, at(10), at(10), 1)}), at(100));
  book.merge(change({fact(1, at(20), at(20), 2)}), at(100));
  EXPECT_EQ(known(book, 1).endpoint->port, 2);
  book.merge(change({fact(1, at(10), at(90), 1)}), at(100));  // a former owner, still talking
  EXPECT_EQ(known(book, 1), fact(1, at(20), at(20), 2));
  book.merge(change({fact(1, at(20), at(30), 3)}), at(100));  // the same session, roamed
  EXPECT_EQ(known(book, 1), fact(1, at(20), at(30), 3));
  book.merge(change({fact(1, at(20), at(25), 2)}), at(100));
  EXPECT_EQ(known(book, 1).endpoint->port, 3);
}

TEST(PeerBook, APeerThatIsOnlyNamedKeepsWhatIsKnown) {
  PeerBook book;
  book.merge(change({fact(1, at(10), at(10))}), at(100));
  book.merge(change({{.key = key_of(1)}}), at(100));
  EXPECT_EQ(known(book, 1), fact(1, at(10), at(10)));
}

TEST(PeerBook, SaysWithWhomTheLastHandshakeWas) {
  PeerBook book;
  EXPECT_FALSE(book.seen_elsewhere(key_of(1)));
  book.note(std::vector{seen(1, at(0), 100)}, at(0), kOwning);
  EXPECT_FALSE(book.seen_elsewhere(key_of(1)));
  book.merge(change({fact(1, at(0), at(0))}), at(10));  // a sibling says on what we told it
  EXPECT_FALSE(book.seen_elsewhere(key_of(1)));
  book.merge(change({fact(1, at(5000), at(5000))}), at(5000));
  EXPECT_TRUE(book.seen_elsewhere(key_of(1)));
  book.note(std::vector{seen(1, at(0), 100)}, at(6000), kStandingBy);  // the dead session
  EXPECT_TRUE(book.seen_elsewhere(key_of(1)));
  EXPECT_EQ(known(book, 1), fact(1, at(5000), at(5000)));
  EXPECT_THAT(book.kicks(at(6000)), ElementsAre(Kick{.key = key_of(1),
                                                     .endpoint = endpoint("203.0.113.2", 51820),
                                                     .seen_elsewhere = true}));
  book.note(std::vector{seen(1, at(7000), 200)}, at(8000), kOwning);
  EXPECT_FALSE(book.seen_elsewhere(key_of(1)));
}

TEST(PeerBook, ARouterThatStartsKnowsItsSessionsAgain) {
  PeerBook book;
  book.merge(change({fact(1, at(0), at(500)), fact(2, at(0), at(0))}), at(1000));
  EXPECT_TRUE(book.seen_elsewhere(key_of(1)));
  book.note(std::vector{seen(1, at(0), 100)}, at(1000), kStandingBy);
  EXPECT_FALSE(book.seen_elsewhere(key_of(1)));
  EXPECT_TRUE(book.seen_elsewhere(key_of(2)));
}

TEST(PeerBook, WhatComesInADeadSessionMovesNothing) {
  PeerBook book;
  book.note(std::vector{seen(1, at(0), 100)}, at(0), kOwning);
  book.merge(change({fact(1, at(5000), at(5000), 7)}), at(5000));
  book.note(std::vector{seen(1, at(0), 300)}, at(6000), kStandingBy);
  EXPECT_EQ(known(book, 1), fact(1, at(5000), at(5000), 7));
}

TEST(PeerBook, OurClockMayBeSetBack) {
  PeerBook book;
  book.note(std::vector{seen(1, at(0), 100)}, at(0), kOwning);
  book.note(std::vector{seen(1, at(-3'600'000), 200, 9)}, at(-3'599'000), kOwning);
  EXPECT_EQ(known(book, 1).endpoint->port, 9);
  EXPECT_FALSE(book.seen_elsewhere(key_of(1)));
}

TEST(PeerBook, ATimeOfTheFutureIsOurs) {
  PeerBook book;
  book.merge(change({fact(1, at(3'600'000), at(900))}), at(0));
  EXPECT_EQ(known(book, 1), fact(1, at(0), at(900)));
}

TEST(PeerBook, AsksTheMostRecentlyActiveFirst) {
  PeerBook book;
  book.merge(change({fact(1, at(0), at(10)),
                     fact(2, at(0), at(30)),
                     fact(3, at(5), at(10)),
                     {.key = key_of(4), .handshake = at(0), .active = at(40)},
                     {.key = key_of(5), .endpoint = endpoint("203.0.113.2", 1)}}),
             at(100));
  EXPECT_THAT(asked(book, at(100)), ElementsAre(key_of(2), key_of(3), key_of(1)));
}

TEST(PeerBook, AsksWhoHadAHandshakeWithinTwoSessions) {
  PeerBook book;
  book.merge(change({fact(1, at(0), at(0)), fact(2, at(1000), at(1000))}), at(1000));
  EXPECT_THAT(asked(book, at(0) + kAskedWithin), ElementsAre(key_of(2), key_of(1)));
  EXPECT_THAT(asked(book, at(1) + kAskedWithin), ElementsAre(key_of(2)));
  EXPECT_THAT(asked(book, at(1001) + kAskedWithin), ElementsAre());
}

TEST(PeerBook, InitiationsAreAcceptedAfterTheLastOfAnyOwner) {
  PeerBook book;
  EXPECT_EQ(book.accepted_from(), Wall{});
  book.note_initiation(at(100));
  EXPECT_EQ(book.accepted_from(), at(118));
  book.note_initiation(at(50));
  EXPECT_EQ(book.accepted_from(), at(118));
  // The kernel's own: whatever a peer accepted became a handshake, later.
  book.note(std::vector{seen(1, at(200), 1)}, at(300), kOwning);
  EXPECT_EQ(book.accepted_from(), at(218));
  book.merge({.round = 1, .accepted_from = at(90'000)}, at(300));  // true, however far ahead
  EXPECT_EQ(book.accepted_from(), at(90'000));
  book.merge({.round = 1, .accepted_from = at(1)}, at(300));
  EXPECT_EQ(book.accepted_from(), at(90'000));
}

TEST(PeerBook, AnOwnerForgetsPeersThatItsDeviceLacks) {
  PeerBook book;
  book.merge(change({fact(1, at(0), at(0)), fact(2, at(0), at(0))}), at(0));
  book.note(std::vector{seen(2, at(0), 0)}, at(10), kStandingBy);
  EXPECT_EQ(book.peers().size(), 2U);
  book.note(std::vector{seen(2, at(0), 0)}, at(10), kOwning);
  EXPECT_EQ(book.peers().size(), 1U);
}

TEST(PeerBook, ForgetsWhatAWholeRoundDidNotName) {
  PeerBook book;
  book.note(std::vector{seen(5, at(0), 0)}, at(0), kStandingBy);
  book.merge(change({fact(1, at(0), at(0)), fact(2, at(0), at(0))}), at(0));
  const Piece first{.round = 2, .whole = true, .index = 0, .peers = {fact(2, at(0), at(0))}};
  const Piece last{.round = 2, .whole = true, .last = true, .index = 1};
  book.merge(last, at(0));
  EXPECT_EQ(book.peers().size(), 3U);                                 // a piece is missing
  book.merge({.round = 2, .peers = {fact(3, at(0), at(0))}}, at(0));  // new, while it was told
  book.merge(first, at(0));
  EXPECT_EQ(book.peers().size(), 3U);
  EXPECT_FALSE(book.peers().contains(key_of(1)));
  EXPECT_TRUE(book.peers().contains(key_of(5)));  // ours
}

TEST(PeerBook, RefusesMorePeersThanANetworkHas) {
  PeerBook book;
  for (std::uint32_t i = 1; i <= kMostPeers + 3; ++i) {
    book.merge(change({fact(i, at(0), at(0))}), at(0));
  }
  EXPECT_EQ(book.peers().size(), kMostPeers);
  EXPECT_EQ(book.refused(), 3U);
  book.merge(change({fact(1, at(5), at(5))}), at(5));  // who is known stays known
  EXPECT_EQ(known(book, 1).handshake, at(5));
}

TEST(PeerBook, ActivityAloneIsRarelyNews) {
  PeerBook book;
  book.note(std::vector{seen(1, at(0), 1)}, at(0), kOwning);
  std::uint64_t received = 1;
  std::uint64_t news = 0;
  for (std::int64_t look = 1; look <= 60; ++look) {  // two minutes
    const std::uint64_t before = book.version();
    book.note(std::vector{seen(1, at(0), ++received)}, at(2000 * look), kOwning);
    news += book.version() - before;
  }
  EXPECT_EQ(news, 2U);
}

}  // namespace
}  // namespace cw::ha::peers
