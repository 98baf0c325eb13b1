// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/figures.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

namespace cw::bench {

bool report(std::string_view name, double value, std::string_view unit, double limit) {
  const bool good = value <= limit;
  fmt::print("{} {:.3g} {} (limit {}) {}\n", name, value, unit, limit, good ? "ok" : "falls short");
  std::fflush(stdout);
  return good;
}

bool report_ratio(std::string_view name, double ours, double theirs, double limit) {
  fmt::print("  {:.1f} ms, the kernel's tools {:.1f} ms\n", ours, theirs);
  return report(name, ours / theirs, "x", limit);
}

double percentile(std::vector<double> values, std::size_t percent) {
  std::ranges::sort(values);
  return values[values.size() * percent / 100];
}

double median(std::vector<double> values) {
  return percentile(std::move(values), 50);
}

void fail(std::string_view why) {
  fmt::print(stderr, "{}\n", why);
  std::exit(2);
}

}  // namespace cw::bench
