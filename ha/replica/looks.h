// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "ha/values.h"

// When a router looks at all of a gateway's connections that its kernel has, and what becomes of a
// look that does not come to its end. Of an owner: at once, every minute, and soon after events of
// the kernel were lost, whose place only a look can take. Of a standby: once, for what is there. A
// look is in parts, and the loop does other things between them; how it is carried out is the
// caller's. Pure: tell it what happened, begin when due() has come. One thread. Costs nothing.
namespace cw::ha::replica {

// A flow in a flowtable announces nothing, and connections from before we listened do not announce
// their end: so the owner looks this often.
inline constexpr Duration kLookEvery{60'000};

// The least from the beginning of one look to that of the next, where it failed or events were lost
// meanwhile: where they are lost all the time, there are looks all the time else, which is why they
// are lost.
inline constexpr Duration kLookAgain{3'000};

// In a row that the kernel interrupted, each begun at once, before it is a failure.
inline constexpr unsigned kMostInterrupted = 5;

class Looks {
 public:
  // The first is due at once. Without `every` none follows one that went well.
  explicit Looks(Time now, std::optional<Duration> every = std::nullopt)
      : every_(every), due_(now) {}

  [[nodiscard]] bool under_way() const { return under_way_; }

  // The next part, of the one that is under way or that is to be begun. None: never.
  [[nodiscard]] std::optional<Time> due() const;

  void begin(Time now);

  // The one that is under way has told all.
  void done(Time now);

  // It told all that the kernel said, but the table changed. True: this is one too many, and a
  // failure.
  bool interrupted(Time now);
  void failed(Time now);

  // Events were lost, or what they told was.
  void lost(Time now);

 private:
  [[nodiscard]] Time soon(Time now) const;

  std::optional<Duration> every_;
  std::optional<Time> due_;
  std::optional<Time> began_;
  unsigned interrupted_ = 0;
  bool under_way_ = false;
  bool lost_ = false;  // while it was under way
};

}  // namespace cw::ha::replica
