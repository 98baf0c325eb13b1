// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

// What benchmarks print: "NAME VALUE UNIT (limit LIMIT) ok", or "... falls short".
namespace cw::bench {

using Milliseconds = std::chrono::duration<double, std::milli>;

// False where it falls short.
[[nodiscard]] bool report(std::string_view name, double value, std::string_view unit, double limit);

// Of milliseconds: ours and those of the kernel's own tools.
[[nodiscard]] bool report_ratio(std::string_view name, double ours, double theirs, double limit);

template <class Work>
double time_of(Work work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return Milliseconds(std::chrono::steady_clock::now() - start).count();
}

// Of some values; less than 100 percent.
[[nodiscard]] double percentile(std::vector<double> values, std::size_t percent);
[[nodiscard]] double median(std::vector<double> values);

// Ends the program: a benchmark that cannot go on has measured nothing.
[[noreturn]] void fail(std::string_view why);

template <class T>
T must(Result<T> result) {
  if (!result) {
    fail(result.error().to_text());
  }
  return detail::take(std::move(result));
}

}  // namespace cw::bench
