// SPDX-License-Identifier: Apache-2.0
#include "router/agent/settle.h"

#include <algorithm>

namespace cw::agent {

void Settle::changed(SteadyTime now) {
  first_ = first_.value_or(now);
  const auto latest = *first_ + kLongestSilence;
  if (due_ && now >= latest) {
    return;  // the readings are made, whatever goes on
  }
  read_once_ = false;
  due_ = std::min(now + kSilence, latest);
}

Settle::Verdict Settle::read(bool differs, SteadyTime now) {
  if (!read_once_) {
    read_once_ = true;
    due_ = now + kBetweenReadings;
    return Verdict::ReadAgain;
  }
  if (differs) {
    first_ = now;
    changed(now);
    return Verdict::ReadAgain;
  }
  forget();
  return Verdict::Take;
}

void Settle::forget() {
  read_once_ = false;
  due_.reset();
  first_.reset();
}

}  // namespace cw::agent
