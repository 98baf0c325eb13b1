// SPDX-License-Identifier: Apache-2.0
#include "ha/replica/looks.h"

#include <algorithm>

namespace cw::ha::replica {

std::optional<Time> Looks::due() const {
  return under_way_ ? began_ : due_;
}

void Looks::begin(Time now) {
  under_way_ = true;
  lost_ = false;
  began_ = now;
}

void Looks::done(Time now) {
  under_way_ = false;
  interrupted_ = 0;
  due_.reset();
  if (lost_) {
    due_ = soon(now);
  } else if (every_) {
    due_ = now + *every_;
  }
}

bool Looks::interrupted(Time now) {
  if (++interrupted_ >= kMostInterrupted) {
    failed(now);
    return true;
  }
  under_way_ = false;
  due_ = now;
  return false;
}

void Looks::failed(Time now) {
  under_way_ = false;
  interrupted_ = 0;
  due_ = now + kLookAgain;
}

void Looks::lost(Time now) {
  if (under_way_) {
    lost_ = true;
  } else {
    due_ = std::min(due_.value_or(Time::max()), soon(now));
  }
}

Time Looks::soon(Time now) const {
  return began_ ? std::max(now, *began_ + kLookAgain) : now;
}

}  // namespace cw::ha::replica
