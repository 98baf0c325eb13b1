// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

// How a signed netmap goes from one sibling to another, as bytes: the inside of letters of
// Kind::Netmap. The sender offers, the receiver says which pieces it has, the sender sends some
// that are missing, and so on until the receiver has had enough:
//
//   version, kind                      a byte each
//   serial, digest                     8 bytes each: which file it is about
//   Offer   its size                   4 bytes
//   Piece   index, ask, content        4 bytes, a byte, up to kPieceBytes
//   Have    next, further              4 bytes, 2 bytes
//   Enough  nothing more
//
// Numbers are in network order. Nobody is trusted with the file: whoever gets it verifies its
// signature. Refused: what no write() makes. Pure.
namespace cw::ha::netmap {

// The largest that a router takes from anywhere (network/signed_netmap.h); 10,000 peers are some
// 3 MB.
inline constexpr std::size_t kMostNetmap = std::size_t{64} << 20U;
// With what stands before it, below a letter's largest payload.
inline constexpr std::size_t kPieceBytes = 1024;
// Pieces that may be on their way. With 4,352 bytes of a socket's buffer for each letter, a third
// of what it holds by default: heartbeats and what is told of peers have room beside it.
inline constexpr std::uint32_t kWindow = 16;

using Payload = std::vector<std::uint8_t>;

// One file. The digest only tells it from others of the same serial, against mistakes.
struct Id {
  std::uint64_t serial = 0;
  std::uint64_t digest = 0;

  friend auto operator<=>(const Id&, const Id&) = default;
};

[[nodiscard]] Id id_of(std::uint64_t serial, std::string_view bytes);

[[nodiscard]] constexpr std::uint32_t pieces_of(std::size_t size) {
  return static_cast<std::uint32_t>((size + kPieceBytes - 1) / kPieceBytes);
}

struct Offer {
  std::uint32_t size = 0;  // from 1 to kMostNetmap

  friend bool operator==(const Offer&, const Offer&) = default;
};

struct Piece {
  std::uint32_t index = 0;
  bool ask = false;     // say what you have
  std::string content;  // of kPieceBytes; of the last one what is left

  friend bool operator==(const Piece&, const Piece&) = default;
};

struct Have {
  std::uint32_t next = 0;     // all before it are there
  std::uint16_t further = 0;  // bit i: next + i is there too; never bit 0

  friend bool operator==(const Have&, const Have&) = default;
};

// It needs none of it, or no more.
struct Enough {
  friend bool operator==(const Enough&, const Enough&) = default;
};

struct Said {
  Id of;
  std::variant<Offer, Piece, Have, Enough> what;

  friend bool operator==(const Said&, const Said&) = default;
};

[[nodiscard]] Payload write(const Said& said);
// Invalid: not of this form. Unsupported: of another version.
[[nodiscard]] Result<Said> read(std::span<const std::uint8_t> payload);

}  // namespace cw::ha::netmap
