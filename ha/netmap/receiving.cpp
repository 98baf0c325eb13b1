// SPDX-License-Identifier: Apache-2.0
#include "ha/netmap/receiving.h"

#include <algorithm>
#include <utility>

namespace cw::ha::netmap {

Have Receiving::Incoming::have() const {
  Have have{.next = next()};
  for (std::uint32_t i = 0; i < kWindow; ++i) {
    if (!ahead[i].empty()) {
      have.further = static_cast<std::uint16_t>(have.further | 1U << i);
    }
  }
  return have;
}

std::size_t Receiving::Incoming::length(std::uint32_t index) const {
  return std::min(kPieceBytes, size - index * kPieceBytes);
}

void Receiving::Incoming::put(Piece piece) {
  if (piece.index < next() || piece.index >= pieces_of(size) || piece.index - next() >= kWindow ||
      piece.content.size() != length(piece.index)) {
    return;
  }
  ahead[piece.index - next()] = std::move(piece.content);
  std::size_t taken = 0;
  while (taken < ahead.size() && !ahead[taken].empty()) {
    bytes += std::exchange(ahead[taken], {});
    ++taken;
  }
  std::ranges::rotate(ahead, ahead.begin() + static_cast<std::ptrdiff_t>(taken));
}

bool Receiving::begins(const std::string& from, const Id& id, Time now) const {
  if (!incoming_ || id.serial > incoming_->id.serial) {
    return true;
  }
  const bool silent = now - incoming_->heard >= kSilence;
  return silent || (from == incoming_->from && id != incoming_->id);
}

void Receiving::in_force(std::uint64_t serial) {
  if (incoming_ && incoming_->id.serial <= serial) {
    incoming_.reset();
  }
}

Receiving::Heard Receiving::hear(const std::string& from, const Said& said,
                                 std::optional<std::uint64_t> serial, Time now) {
  const auto* offer = std::get_if<Offer>(&said.what);
  const auto* piece = std::get_if<Piece>(&said.what);
  if (offer == nullptr && piece == nullptr) {
    return {};
  }
  if (!serial || said.of.serial <= *serial || done_ == said.of) {
    return {.answer = write({.of = said.of, .what = Enough{}}), .whole = std::nullopt};
  }
  if (offer != nullptr && begins(from, said.of, now)) {
    if (!incoming_ || incoming_->id != said.of || incoming_->size != offer->size) {
      incoming_ = Incoming{.id = said.of,
                           .from = from,
                           .heard = now,
                           .size = offer->size,
                           .bytes = {},
                           .ahead = std::vector<std::string>(kWindow)};
    }
    incoming_->from = from;
  }
  if (!incoming_ || incoming_->id != said.of || incoming_->from != from) {
    return {};  // it is offered again
  }
  auto& incoming = *incoming_;
  incoming.heard = now;
  if (piece != nullptr) {
    incoming.put(*piece);
  }
  if (incoming.bytes.size() == incoming.size) {
    done_ = said.of;  // also where it is not what it should be: not again from the same
    Bundle whole{.id = said.of, .bytes = std::move(incoming.bytes)};
    incoming_.reset();
    Heard heard{.answer = write({.of = said.of, .what = Enough{}}), .whole = std::nullopt};
    if (id_of(whole.id.serial, whole.bytes) == whole.id) {
      heard.whole = std::move(whole);
    }
    return heard;
  }
  if (offer == nullptr && !piece->ask) {
    return {};
  }
  return {.answer = write({.of = said.of, .what = incoming.have()}), .whole = std::nullopt};
}

std::optional<Receiving::Progress> Receiving::progress(Time now) const {
  if (!incoming_ || now - incoming_->heard >= 2 * kMostPatience) {
    return std::nullopt;
  }
  return Progress{.from = incoming_->from,
                  .serial = incoming_->id.serial,
                  .arrived = incoming_->bytes.size(),
                  .size = incoming_->size};
}

}  // namespace cw::ha::netmap
