// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

// Where a file is that is fetched or published: a path, or an https:// address. Refuses other
// schemes, http:// to anything but a loopback address, and what would put a secret where it is
// shown (user names, passwords, queries). Plain values, pure.
namespace cw::fetch {

inline constexpr std::size_t kLongestLocation = 2048;

struct Location {
  enum class Kind : std::uint8_t {
    Path,
    Https,
    LoopbackHttp,  // for tests and for a proxy on this machine
  };

  Kind kind = Kind::Path;
  std::string text;  // a path as it was given; an address with its scheme in small letters

  friend bool operator==(const Location&, const Location&) = default;
};

// Anything without "scheme://" in front is a path.
Result<Location> parse_location(std::string_view text);

[[nodiscard]] inline bool is_remote(const Location& location) {
  return location.kind != Location::Kind::Path;
}

// The file of that name with `suffix` behind it, in the same place: netmap.signed.revoked.
[[nodiscard]] Location beside(const Location& location, std::string_view suffix);

}  // namespace cw::fetch
