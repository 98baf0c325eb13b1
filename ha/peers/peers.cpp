// SPDX-License-Identifier: Apache-2.0
#include "ha/peers/peers.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "ha/wire/bytes.h"
#include "ha/wire/sealed.h"

namespace cw::ha::peers {

namespace {

constexpr std::uint8_t kWhole = 1U << 0U;
constexpr std::uint8_t kLast = 1U << 1U;
constexpr std::uint8_t kKnownFlags = kWhole | kLast;

constexpr std::uint8_t kNoAddress = 0;
constexpr std::uint8_t kV4 = 4;
constexpr std::uint8_t kV6 = 6;

constexpr std::size_t kHeaderBytes = 8 + 2 + 1 + 1 + 8;
constexpr std::size_t kMostPeerBytes = net::kKeySize + 1 + 16 + 2 + 8 + 8;
static_assert(kHeaderBytes + kPeersInPiece * kMostPeerBytes <= wire::kMostPayload);
static_assert(kMostPieces * kPeersInPiece >= kMostPeers);

Error refused(std::string_view why) {
  return Error::invalid(fmt::format("no account of a gateway's peers: {}", why));
}

bool is_well_formed(const Piece& piece) {
  const auto is_well_told = [](const PeerFact& peer) {
    return peer.key != net::PublicKey() && is_plausible(peer.handshake) &&
           is_plausible(peer.active) && (!peer.endpoint || peer.endpoint->port != 0);
  };
  const auto descends = [](const PeerFact& before, const PeerFact& after) {
    return before.key >= after.key;
  };
  return piece.peers.size() <= kPeersInPiece && piece.index < kMostPieces &&
         (piece.whole || (piece.index == 0 && !piece.last)) && is_plausible(piece.accepted_from) &&
         std::ranges::all_of(piece.peers, is_well_told) &&
         std::ranges::adjacent_find(piece.peers, descends) == piece.peers.end();
}

void write(wire::Writer& writer, const PeerFact& peer) {
  writer.append(peer.key.bytes());
  if (peer.endpoint) {
    writer.number(peer.endpoint->ip.is_v4() ? kV4 : kV6);
    writer.append(peer.endpoint->ip.bytes());
    writer.number(peer.endpoint->port);
  } else {
    writer.number(kNoAddress);
  }
  writer.number(static_cast<std::uint64_t>(peer.handshake.time_since_epoch().count()));
  writer.number(static_cast<std::uint64_t>(peer.active.time_since_epoch().count()));
}

Wall read_time(wire::Reader& reader) {
  return Wall(Wall::duration(reader.number<std::int64_t>()));
}

Result<PeerFact> read_peer(wire::Reader& reader) {
  PeerFact peer;
  net::KeyBytes key{};
  std::ranges::copy(reader.take(key.size()), key.begin());
  peer.key = net::PublicKey(key);
  const auto family = reader.number<std::uint8_t>();
  if (family != kNoAddress && family != kV4 && family != kV6) {
    return refused("an address of no family");
  }
  if (family != kNoAddress) {
    const auto bytes = reader.take(family == kV4 ? 4 : 16);
    const auto port = reader.number<std::uint16_t>();
    if (reader.was_short()) {
      return refused("it ends in the middle");
    }
    const net::Ip ip = CW_TRY(net::Ip::from_bytes(bytes));
    peer.endpoint = net::SocketAddress{.ip = ip, .port = port};
  }
  peer.handshake = read_time(reader);
  peer.active = read_time(reader);
  return peer;
}

}  // namespace

Result<std::vector<std::uint8_t>> write(const Piece& piece) {
  if (!is_well_formed(piece)) {
    return Error::make(ErrorKind::Bug, "an account of peers that cannot be sent");
  }
  wire::Writer writer;
  writer.bytes.reserve(kHeaderBytes + piece.peers.size() * kMostPeerBytes);
  writer.number(piece.round);
  writer.number(piece.index);
  writer.number(static_cast<std::uint8_t>((piece.whole ? kWhole : 0U) | (piece.last ? kLast : 0U)));
  writer.number(static_cast<std::uint8_t>(piece.peers.size()));
  writer.number(static_cast<std::uint64_t>(piece.accepted_from.time_since_epoch().count()));
  for (const PeerFact& peer : piece.peers) {
    write(writer, peer);
  }
  return std::move(writer.bytes);
}

Result<Piece> read(std::span<const std::uint8_t> payload) {
  wire::Reader reader(payload);
  Piece piece;
  piece.round = reader.number<std::uint64_t>();
  piece.index = reader.number<std::uint16_t>();
  const auto flags = reader.number<std::uint8_t>();
  const auto count = reader.number<std::uint8_t>();
  piece.accepted_from = read_time(reader);
  if ((flags & ~kKnownFlags) != 0 || count > kPeersInPiece) {
    return refused("a value that none has");
  }
  piece.whole = (flags & kWhole) != 0;
  piece.last = (flags & kLast) != 0;
  for (std::size_t i = 0; i < count; ++i) {
    const PeerFact peer = CW_TRY(read_peer(reader));
    piece.peers.push_back(peer);
  }
  if (!reader.is_at_end()) {
    return refused(reader.was_short() ? "it ends in the middle" : "it goes on behind its end");
  }
  if (!is_well_formed(piece)) {
    return refused("a value that none has");
  }
  return piece;
}

}  // namespace cw::ha::peers
