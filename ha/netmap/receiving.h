// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ha/netmap/payload.h"
#include "ha/netmap/sending.h"
#include "ha/values.h"

// A netmap that a sibling hands over, until it is whole. One at a time: a newer one takes its
// place, and of two that are equal or older the first one stays unless its sender has gone silent.
// What another sibling has the rest of goes on where it was. It needs memory for what has come and
// a window. The sender is not believed but for the bytes being the file's: whoever takes the file
// verifies it. Pure; no thread.
namespace cw::ha::netmap {

// So long without a piece, somebody else's offer is taken up.
inline constexpr Duration kSilence{1000};

class Receiving {
 public:
  struct Heard {
    std::optional<Payload> answer;
    std::optional<Bundle> whole;  // came just now
  };

  // `serial`: in force here; none: this router takes no signed netmap.
  [[nodiscard]] Heard hear(const std::string& from, const Said& said,
                           std::optional<std::uint64_t> serial, Time now);

  // What came whole could not be kept here: it may be offered again.
  void not_kept() { done_.reset(); }

  // What is coming and no newer came from somewhere else.
  void in_force(std::uint64_t serial);

  struct Progress {
    std::string from;
    std::uint64_t serial = 0;
    std::uint64_t arrived = 0;  // bytes
    std::uint64_t size = 0;
  };

  // None: nothing is coming.
  [[nodiscard]] std::optional<Progress> progress(Time now) const;

 private:
  struct Incoming {
    Id id;
    std::string from;
    Time heard;
    std::size_t size = 0;
    std::string bytes;  // all pieces before next()
    // The window: pieces from next() on.
    std::vector<std::string> ahead;

    [[nodiscard]] std::uint32_t next() const { return pieces_of(bytes.size()); }

    [[nodiscard]] Have have() const;
    [[nodiscard]] std::size_t length(std::uint32_t index) const;
    void put(Piece piece);
  };

  [[nodiscard]] bool begins(const std::string& from, const Id& id, Time now) const;

  std::optional<Incoming> incoming_;
  std::optional<Id> done_;  // the last that was whole
};

}  // namespace cw::ha::netmap
