// SPDX-License-Identifier: Apache-2.0
#include "router/agent/settle.h"

namespace cw::agent {

void Settle::changed(SteadyTime now) {
  read_once_ = false;
  due_ = now + kSilence;
}

Settle::Verdict Settle::read(bool differs, SteadyTime now) {
  if (!read_once_) {
    read_once_ = true;
    due_ = now + kBetweenReadings;
    return Verdict::ReadAgain;
  }
  if (differs) {
    changed(now);
    return Verdict::ReadAgain;
  }
  forget();
  return Verdict::Take;
}

void Settle::forget() {
  read_once_ = false;
  due_.reset();
}

}  // namespace cw::agent
