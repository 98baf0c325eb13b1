// SPDX-License-Identifier: Apache-2.0
#include "ha/health/targets.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace cw::ha::health {

namespace {

constexpr std::size_t kBits = std::numeric_limits<std::uint16_t>::digits;

}  // namespace

void Target::tried(std::string trouble, Time now) {
  const bool reaches = trouble.empty();
  const bool first = !std::exchange(was_tried_, true);
  const bool changed = of_standby_.note(reaches);
  (void)of_owner_.note(reaches);
  if (changed || first) {
    since_ = now;
  }
  if (!reaches) {
    trouble_ = std::move(trouble);
  } else if (of_standby_.good()) {
    trouble_.clear();
  }
}

bool Target::is_news(Time now) {
  if (reached() == told_reached_ || (told_ && now - *told_ < kTellEvery)) {
    return false;
  }
  told_reached_ = reached();
  told_ = now;
  return true;
}

OutOfReach out_of_reach(const std::vector<Target>& targets) {
  unsigned of_standby = 0;
  unsigned of_owner = 0;
  for (std::size_t i = 0; i < std::min(targets.size(), kBits); ++i) {
    of_standby |= targets[i].of_standby_.good() ? 0U : 1U << i;
    of_owner |= targets[i].of_owner_.good() ? 0U : 1U << i;
  }
  return {.of_standby = static_cast<std::uint16_t>(of_standby),
          .of_owner = static_cast<std::uint16_t>(of_owner)};
}

std::vector<Target> configured(std::vector<Target> before, const std::vector<std::string>& names) {
  std::vector<Target> targets;
  for (const auto& name : names) {
    const auto old = std::ranges::find(before, name, &Target::name);
    targets.push_back(old == before.end() ? Target(name) : std::move(*old));
  }
  return targets;
}

std::vector<std::string> named(std::uint16_t bits, const std::vector<Target>& targets) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(targets.size(), kBits); ++i) {
    if ((bits & (1U << i)) != 0) {
      names.push_back(targets[i].name());
    }
  }
  return names;
}

}  // namespace cw::ha::health
