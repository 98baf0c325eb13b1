// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ha/netmap/payload.h"
#include "ha/values.h"

// How one sibling that is behind gets the netmap that is in force here: one file at a time, a
// window of pieces at once, as far as the sibling says that it has them. What is lost is sent
// again, since the sibling goes on saying what it lacks. One for each sibling. Pure; no thread. A
// step costs a window's copies at most.
namespace cw::ha::netmap {

// Between two windows: 0.8 MB/s at most, so that heartbeats find room.
inline constexpr Duration kPace{20};
// Some letter was lost, or the sibling does not run: ask again.
inline constexpr Duration kPatience{250};
// While nothing is answered, twice as long each time, up to this.
inline constexpr Duration kMostPatience{2000};
// Who had enough is asked again later: its agent may have been unable to take it just then.
inline constexpr Duration kOfferAgain{60'000};

struct Bundle {
  Id id;
  std::string bytes;  // from 1 to kMostNetmap
};

class Sending {
 public:
  struct Turn {
    std::vector<Payload> payloads;  // at most kWindow
    std::optional<Time> due;        // step again then; none: there is nothing to do
  };

  // `bundle`: what the sibling lacks; null: nothing, or it is not there. Another one than before
  // drops what was on its way.
  [[nodiscard]] Turn step(const Bundle* bundle, Time now);

  // What the sibling says. Step afterwards.
  void hear(const Said& said, Time now);

 private:
  struct Transfer {
    Id id;
    std::optional<Have> have;  // none: not answered yet
    bool answered = false;     // since the last window or offer
    bool enough = false;
    Duration patience = kPatience;
    Time due;
    Time window;  // the last was sent
  };

  static void send_window(const Bundle& bundle, const Have& have, Turn& turn);

  std::optional<Transfer> transfer_;
};

}  // namespace cw::ha::netmap
