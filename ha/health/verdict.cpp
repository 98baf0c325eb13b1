// SPDX-License-Identifier: Apache-2.0
#include "ha/health/verdict.h"

#include <algorithm>
#include <utility>

namespace cw::ha::health {

bool Verdict::note(bool good) {
  const int most = std::max(rows_.bad, rows_.good);
  in_a_row_ = good == last_ ? std::min(in_a_row_ + 1, most) : 1;
  last_ = good;
  const bool first = !std::exchange(looked_, true);
  const bool before = good_;
  if (in_a_row_ >= (good ? rows_.good : rows_.bad) || (first && good)) {
    good_ = good;
  }
  return good_ != before;
}

}  // namespace cw::ha::health
