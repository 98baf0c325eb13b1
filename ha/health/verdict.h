// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether something is in order, from looks of which each alone may err: it takes several in a row
// to believe the opposite of what was believed before. Pure; a few bytes.
namespace cw::ha::health {

class Verdict {
 public:
  struct Rows {
    int bad = 1;   // looks in a row until it is out of order
    int good = 1;  // until it is in order again
  };

  // `begins_good`: what is believed before the first look. That one, if it is good, is believed at
  // once: there is nothing to flap from.
  constexpr Verdict(Rows rows, bool begins_good) : rows_(rows), good_(begins_good) {}

  // One look; true: the verdict is another one now.
  bool note(bool good);

  [[nodiscard]] constexpr bool good() const { return good_; }

 private:
  Rows rows_;
  bool good_;
  bool looked_ = false;
  bool last_ = false;
  int in_a_row_ = 0;
};

}  // namespace cw::ha::health
