// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>

// Times by which a test compares us with the system's own tool in the same run.
namespace cw::kernel {

using Milliseconds = std::chrono::duration<double, std::milli>;

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kTimesCount = false;  // the tool runs without the sanitizer
#else
inline constexpr bool kTimesCount = true;
#endif

template <class F>
Milliseconds best_of(int runs, const F& f) {
  auto best = Milliseconds::max();
  for (int i = 0; i < runs; ++i) {
    const auto start = std::chrono::steady_clock::now();
    f();
    best = std::min(best, Milliseconds(std::chrono::steady_clock::now() - start));
  }
  return best;
}

}  // namespace cw::kernel
