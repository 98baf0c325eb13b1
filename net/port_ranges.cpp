// SPDX-License-Identifier: Apache-2.0
#include "net/port_ranges.h"

#include <algorithm>

namespace cw::net {

PortRanges merged(PortRanges ranges) {
  std::ranges::sort(ranges);
  PortRanges out;
  for (const auto& range : ranges) {
    if (!out.empty() && range.first <= out.back().second + 1) {
      out.back().second = std::max(out.back().second, range.second);
    } else {
      out.push_back(range);
    }
  }
  return out;
}

PortRanges without(const PortRanges& ranges, const PortRanges& taken) {
  PortRanges out;
  for (auto [first, last] : ranges) {
    for (const auto& [from, to] : taken) {
      if (to < first || from > last) {
        continue;
      }
      if (from > first) {
        out.emplace_back(first, from - 1);
      }
      first = to + 1;
    }
    if (first <= last) {
      out.emplace_back(first, last);
    }
  }
  return out;
}

}  // namespace cw::net
