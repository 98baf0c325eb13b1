// SPDX-License-Identifier: Apache-2.0
#include "ha/peers/telling.h"

#include <algorithm>
#include <span>
#include <utility>

namespace cw::ha::peers {

namespace {

// PeerBook has nothing in it that write() refuses.
void tell(const Piece& piece, Telling::Told& told) {
  if (auto payload = write(piece)) {
    told.payloads.push_back(std::move(*payload));
  }
}

// The oldest of the news, as many as can be told at once, by their keys.
std::vector<const KnownPeer*> news_since(const PeerBook& book, std::uint64_t version, bool& more) {
  std::vector<const KnownPeer*> news;
  for (const auto& [key, peer] : book.peers()) {
    if (peer.version > version) {
      news.push_back(&peer);
    }
  }
  constexpr std::size_t kMost = kMostAtOnce * kPeersInPiece;
  more = news.size() > kMost;
  if (more) {
    std::ranges::nth_element(news, news.begin() + kMost, {}, &KnownPeer::version);
    news.resize(kMost);
    std::ranges::sort(news, {}, [](const KnownPeer* peer) { return peer->fact.key; });
  }
  return news;
}

}  // namespace

Telling::Told Telling::next(const PeerBook& book, std::uint64_t to_boot, SteadyTime now) {
  Told told;
  if (to_boot == 0) {
    return told;
  }
  if (to_boot != to_boot_ || (!cursor_ && now - begun_ >= kRound)) {
    to_boot_ = to_boot;
    begin_round(book, now);
  }
  tell_news(book, told);
  tell_round(book, told);
  if (told.payloads.empty() && book.accepted_from() != accepted_from_) {
    tell({.round = round_, .accepted_from = book.accepted_from()}, told);
  }
  if (!told.payloads.empty()) {
    accepted_from_ = book.accepted_from();
  }
  return told;
}

void Telling::begin_round(const PeerBook& book, SteadyTime now) {
  ++round_;
  cursor_ = Cursor{};
  begun_ = now;
  version_ = book.version();  // what is older, the round tells
}

void Telling::tell_news(const PeerBook& book, Told& told) {
  if (book.version() == version_) {
    return;
  }
  const auto news = news_since(book, version_, told.more);
  version_ = book.version();
  if (told.more) {
    version_ = (*std::ranges::max_element(news, {}, &KnownPeer::version))->version;
  }
  for (std::size_t at = 0; at < news.size(); at += kPeersInPiece) {
    Piece piece{.round = round_, .accepted_from = book.accepted_from()};
    const std::size_t count = std::min(kPeersInPiece, news.size() - at);
    for (const KnownPeer* peer : std::span(news).subspan(at, count)) {
      piece.peers.push_back(peer->fact);
    }
    tell(piece, told);
  }
}

void Telling::tell_round(const PeerBook& book, Told& told) {
  while (cursor_ && told.payloads.size() < kMostAtOnce) {
    auto at = cursor_->key ? book.peers().upper_bound(*cursor_->key) : book.peers().begin();
    Piece piece{.round = round_,
                .whole = true,
                .index = cursor_->index,
                .accepted_from = book.accepted_from()};
    for (; at != book.peers().end() && piece.peers.size() < kPeersInPiece; ++at) {
      piece.peers.push_back(at->second.fact);
      cursor_->key = at->first;
    }
    piece.last = at == book.peers().end();
    tell(piece, told);
    if (piece.last || ++cursor_->index == kMostPieces) {
      cursor_.reset();
    }
  }
  told.more = told.more || cursor_.has_value();
}

}  // namespace cw::ha::peers
