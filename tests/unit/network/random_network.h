// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rapidcheck.h>

#include "tests/unit/network/directory_text.h"

// Random networks that are right. They are drawn as text, so that what is shown of them holds from
// the files on.
namespace cw::network {

// Both ends included.
template <class T>
T pick(T least, T most) {
  return *rc::gen::inRange<T>(least, static_cast<T>(most + 1));
}

inline bool coin() {
  return *rc::gen::arbitrary<bool>();
}

// 1 to 4 sites s0, s1 ... of 1, 2 or 4 gateways, 2 to 12 peers p0, p1 ... in the pool
// 100.80.0.0/12.
Texts random_network();

// A public key as text, another one for each number but those of random_network()'s gateways.
std::string numbered_key(unsigned number);

}  // namespace cw::network
