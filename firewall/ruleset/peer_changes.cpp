// SPDX-License-Identifier: Apache-2.0
#include "firewall/ruleset/peer_changes.h"

#include <cstddef>

namespace cw::firewall {

namespace {

// A file or two are edited at a time, or a handful; with more, starting over costs little beside
// what they change in the kernel.
constexpr std::size_t kMostChanges = 64;

// So many neighbours may come, go or change at once.
constexpr std::size_t kLooksAhead = 8;

using Peers = std::vector<PeerFilter>;

// In both lists.
struct Places {
  Peers::const_iterator before;
  Peers::const_iterator after;
};

bool is_at_end(const Places& rest, const Places& ends) {
  return rest.before == ends.before || rest.after == ends.after;
}

// The nearest ones where both go on alike.
std::optional<Places> alike_again(const Places& from, const Places& ends) {
  const auto left_before = ends.before - from.before;
  const auto left_after = ends.after - from.after;
  for (std::ptrdiff_t steps = 1; steps <= 2 * std::ptrdiff_t{kLooksAhead}; ++steps) {
    for (std::ptrdiff_t gone = 0; gone <= steps; ++gone) {
      const auto came = steps - gone;
      if (gone < left_before && came < left_after &&
          *(from.before + gone) == *(from.after + came)) {
        return Places{.before = from.before + gone, .after = from.after + came};
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<PeerChanges> peer_changes(const Peers& before, const Peers& after) {
  PeerChanges changes;
  const auto take = [&](const Places& from, const Places& to) {
    changes.gone.insert(changes.gone.end(), from.before, to.before);
    changes.came.insert(changes.came.end(), from.after, to.after);
    return changes.gone.size() + changes.came.size() <= kMostChanges;
  };
  const Places ends{.before = before.end(), .after = after.end()};
  Places rest{.before = before.begin(), .after = after.begin()};
  while (!is_at_end(rest, ends)) {
    if (*rest.before == *rest.after) {
      ++rest.before;
      ++rest.after;
      continue;
    }
    const auto next = alike_again(rest, ends);
    if (!next) {
      break;
    }
    if (!take(rest, *next)) {
      return std::nullopt;
    }
    rest = *next;
  }
  const auto left =
      static_cast<std::size_t>((ends.before - rest.before) + (ends.after - rest.after));
  if (left > kMostChanges || !take(rest, {.before = ends.before, .after = ends.after})) {
    return std::nullopt;
  }
  return changes;
}

}  // namespace cw::firewall
