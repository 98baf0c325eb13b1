// SPDX-License-Identifier: Apache-2.0
#include "base/rfc3339.h"

#include <charconv>
#include <chrono>

#include <fmt/format.h>

namespace cw {

std::string to_rfc3339(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

Result<WallTime> from_rfc3339(std::string_view text) {
  const auto number = [&](std::size_t at, std::size_t size) {
    int value = -1;
    if (at + size <= text.size()) {
      std::from_chars(text.data() + at, text.data() + at + size, value);
    }
    return value;
  };
  using namespace std::chrono;
  const year_month_day date(year(number(0, 4)), month(static_cast<unsigned>(number(5, 2))),
                            day(static_cast<unsigned>(number(8, 2))));
  if (date.ok()) {
    const WallTime time =
        sys_days(date) + hours(number(11, 2)) + minutes(number(14, 2)) + seconds(number(17, 2));
    // Whatever was read wrongly, or is out of range, is written differently.
    if (to_rfc3339(time) == text) {
      return time;
    }
  }
  return Error::invalid(
      fmt::format("'{}' is not a time; it is written as 2027-01-31T18:00:00Z", text));
}

}  // namespace cw
