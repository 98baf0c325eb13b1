// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "base/result.h"
#include "netlink/codec/connection.h"

// What siblings tell each other of connections, as bytes: the inside of datagrams that somebody
// else seals, so that what comes is authentic; it may be lost, doubled and overtaken. Bounded, and
// read to the last byte. Pure.
//
// The owner numbers what it says: changes, and from time to time a whole picture (Begin, changes,
// End). A standby takes it in this order alone, so that its picture is one that the owner had; it
// may begin at any Begin.
namespace cw::ha::replica {

// What a letter has room for (ha/wire/sealed.h), less what a longer header of it may need.
inline constexpr std::size_t kMostPayload = 1180;

using Payload = std::vector<std::uint8_t>;

// One owner's tenure. Later ones are greater: `term` is the arbiter's, `start` grows with each
// start of the owner's program (its wall clock in milliseconds does).
struct Stream {
  std::uint64_t term = 0;
  std::uint64_t start = 0;

  friend auto operator<=>(const Stream&, const Stream&) = default;
};

// A picture's size and the sum of its connections.
struct Sum {
  std::uint32_t count = 0;
  std::uint64_t digest = 0;

  friend bool operator==(const Sum&, const Sum&) = default;
};

// Of the owner; all but Tail are numbered from 1.
struct Begin {
  friend bool operator==(const Begin&, const Begin&) = default;
};

struct Changes {
  std::vector<netlink::Connection> there;
  std::vector<netlink::ConnectionId> gone;  // taken before `there`

  friend bool operator==(const Changes&, const Changes&) = default;
};

// All that has not been told since Begin is gone.
struct End {
  friend bool operator==(const End&, const End&) = default;
};

// The last number so far, and the picture at it. Sent while nothing else is.
struct Tail {
  Sum sum;

  friend bool operator==(const Tail&, const Tail&) = default;
};

// Of a standby: `sequence` is the last number taken, 0 for none.
struct Have {
  friend bool operator==(const Have&, const Have&) = default;
};

// Numbers that are missing; or, `whole`, a picture.
struct Want {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  bool whole = false;

  friend bool operator==(const Want&, const Want&) = default;
};

struct Said {
  Stream stream;  // 0 and 0 from a standby that knows of none
  std::uint64_t sequence = 0;
  std::variant<Begin, Changes, End, Tail, Have, Want> what;

  friend bool operator==(const Said&, const Said&) = default;
};

[[nodiscard]] Payload write(const Said& said);
// Invalid: not of this form. Unsupported: of another version.
[[nodiscard]] Result<Said> read(std::span<const std::uint8_t> payload);

// What one connection adds to a payload of changes, and the payload without any.
[[nodiscard]] std::size_t bytes_of(const netlink::Connection& connection);
[[nodiscard]] std::size_t bytes_of(const netlink::ConnectionId& gone);
inline constexpr std::size_t kChangesBytes = 1 + 1 + 16 + 8 + 2 + 2;

}  // namespace cw::ha::replica
