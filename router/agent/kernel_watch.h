// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

// What the kernel announces of changes that somebody else made to what is ours.
namespace cw::agent {

struct Disturbance {
  bool any = false;
  bool firewall = false;  // our table was touched, or notifications were lost: read it whole
  std::string what;       // "route", "rule, nft table": for people
  // The watch itself fails, and would at once again: do not ask before a while has passed. Nothing
  // can be concluded but that something may have changed.
  std::optional<Error> broken;

  friend bool operator==(const Disturbance&, const Disturbance&) = default;
};

class KernelWatch {
 public:
  virtual ~KernelWatch() = default;

  [[nodiscard]] virtual std::vector<int> descriptors() const = 0;
  // All that has come; never blocks.
  [[nodiscard]] virtual Disturbance drain() = 0;
};

}  // namespace cw::agent
