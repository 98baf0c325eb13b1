// SPDX-License-Identifier: Apache-2.0
#include "router/agent/settle.h"

#include <utility>

namespace cw::agent {

void Settle::changed(SteadyTime now) {
  first_.reset();
  due_ = now + kSilence;
}

Settle::Verdict Settle::read(std::string fingerprint, SteadyTime now) {
  if (!first_) {
    first_ = std::move(fingerprint);
    due_ = now + kBetweenReadings;
    return Verdict::ReadAgain;
  }
  if (*first_ != fingerprint) {
    changed(now);
    return Verdict::ReadAgain;
  }
  forget();
  return Verdict::Take;
}

void Settle::forget() {
  first_.reset();
  due_.reset();
}

}  // namespace cw::agent
