// SPDX-License-Identifier: Apache-2.0
#include "ha/netmap/sending.h"

#include <algorithm>

namespace cw::ha::netmap {

Sending::Turn Sending::step(const Bundle* bundle, Time now) {
  Turn turn;
  if (bundle == nullptr || bundle->bytes.empty() || bundle->bytes.size() > kMostNetmap) {
    transfer_.reset();
    return turn;
  }
  if (!transfer_ || transfer_->id != bundle->id) {
    transfer_ = Transfer{.id = bundle->id, .have = std::nullopt, .due = now, .window = now - kPace};
  }
  auto& transfer = *transfer_;
  turn.due = transfer.due;
  if (now < transfer.due) {
    return turn;
  }
  const auto pieces = pieces_of(bundle->bytes.size());
  if (transfer.answered && !transfer.enough && transfer.have && transfer.have->next < pieces) {
    send_window(*bundle, *transfer.have, turn);
    transfer.window = now;
    transfer.patience = kPatience;
  } else {
    const Offer offer{.size = static_cast<std::uint32_t>(bundle->bytes.size())};
    turn.payloads.push_back(write({.of = bundle->id, .what = offer}));
    transfer.enough = false;
  }
  transfer.answered = false;
  transfer.due = now + transfer.patience;
  transfer.patience = std::min(2 * transfer.patience, kMostPatience);
  turn.due = transfer.due;
  return turn;
}

// The last one asks: what comes after it would come too late for the answer.
void Sending::send_window(const Bundle& bundle, const Have& have, Turn& turn) {
  const auto pieces = pieces_of(bundle.bytes.size());
  std::vector<Piece> window;
  for (std::uint32_t i = 0; i < kWindow && have.next + i < pieces; ++i) {
    if ((have.further >> i & 1U) == 0) {
      const std::uint32_t index = have.next + i;
      window.push_back({.index = index,
                        .ask = false,
                        .content = bundle.bytes.substr(index * kPieceBytes, kPieceBytes)});
    }
  }
  window.back().ask = true;  // `next` itself is missing
  for (auto& piece : window) {
    turn.payloads.push_back(write({.of = bundle.id, .what = std::move(piece)}));
  }
}

void Sending::hear(const Said& said, Time now) {
  if (!transfer_ || said.of != transfer_->id) {
    return;  // about what is not sent any more
  }
  auto& transfer = *transfer_;
  if (const auto* have = std::get_if<Have>(&said.what)) {
    transfer.have = *have;
    transfer.answered = true;
    transfer.enough = false;
    transfer.due = std::max(now, transfer.window + kPace);
  } else if (std::holds_alternative<Enough>(said.what)) {
    transfer.have.reset();
    transfer.answered = true;
    transfer.enough = true;
    transfer.patience = kPatience;
    transfer.due = now + kOfferAgain;
  }
}

}  // namespace cw::ha::netmap
