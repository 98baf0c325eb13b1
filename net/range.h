// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "net/ip.h"

// Addresses of one family from the first to the last, both included. Plain value.
namespace cw::net {

struct Range {
  Ip first;
  Ip last;

  // A bare address, a prefix wherever it is one, else "10.0.0.1-10.0.0.9".
  [[nodiscard]] std::string to_text() const;

  friend auto operator<=>(const Range&, const Range&) = default;
};

// The addresses beside this one; none beyond the family's ends.
[[nodiscard]] std::optional<Ip> after(const Ip& ip);
[[nodiscard]] std::optional<Ip> before(const Ip& ip);

}  // namespace cw::net
