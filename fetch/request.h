// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "fetch/location.h"

// What is asked of a place and what it answers. Plain values, pure.
namespace cw::fetch {

// What an answer may cost. They are enforced while it arrives, so a server that sends without end,
// or hardly at all, costs no more than this.
struct Limits {
  std::size_t size = 0;  // bytes of the file
  std::chrono::seconds total{0};
  // Slower than this, on average over that long, and it is given up.
  std::size_t slowest_bytes_a_second = 0;
  std::chrono::seconds slow_for{0};

  friend bool operator==(const Limits&, const Limits&) = default;
};

// Until a connection stands, name resolution and TLS included.
inline constexpr std::chrono::seconds kConnectTime{10};

// The largest signed netmap over a line of some 5 Mbit/s.
inline constexpr Limits kNetmapLimits{.size = std::size_t{64} << 20U,
                                      .total = std::chrono::seconds(120),
                                      .slowest_bytes_a_second = 1024,
                                      .slow_for = std::chrono::seconds(10)};
// Asked for every five seconds, so an answer that takes longer is asked for anew instead.
inline constexpr Limits kRevocationLimits{.size = std::size_t{1} << 20U,
                                          .total = std::chrono::seconds(5),
                                          .slowest_bytes_a_second = 1024,
                                          .slow_for = std::chrono::seconds(3)};

// How many redirects are followed, each to https:// only.
inline constexpr long kMostRedirects = 3;

// What a place says to tell one content from another: an entity tag (RFC 9110 section 8.8.3), or
// of a file on disk its identity. Opaque; empty where there is none.
using Version = std::string;

// A longer one is taken for none: it is sent back with every request.
inline constexpr std::size_t kLongestVersion = 256;

struct Request {
  Location from;
  Version known;  // of the content that the caller has; empty: none
  Limits limits = kNetmapLimits;

  friend bool operator==(const Request&, const Request&) = default;
};

struct Answer {
  std::optional<std::string> content;  // none: it is still the known one
  Version version;

  friend bool operator==(const Answer&, const Answer&) = default;
};

struct Upload {
  Location to;
  std::string content;
  // The content that this is to replace: where the place has another one by now, and can tell,
  // nothing is written (ErrorKind::Exists). Empty: whatever is there.
  Version replaces;
  bool only_new = false;          // nothing may be there yet; with `replaces` empty
  Limits limits = kNetmapLimits;  // the size is the content's own

  friend bool operator==(const Upload&, const Upload&) = default;
};

// What TLS is verified with. It is always verified.
struct Trust {
  std::string ca_file;  // authorities instead of the system's; empty: the system's

  friend bool operator==(const Trust&, const Trust&) = default;
};

// For programs that cannot wait, see fetch/http/client.h; blocking: fetch/store/store.h. Errors:
// NotFound (no such file), Permission (not let in), Exists (see Upload::replaces), Exhausted (over
// a limit of size), Retryable (unreachable, too slow, or the server's own trouble), Invalid
// (anything else: a certificate, a redirect, an answer that makes no sense).

// What an HTTP status (RFC 9110 section 15) means for a GET or PUT. Pure.
enum class Meaning : std::uint8_t { Done, NotModified };
[[nodiscard]] Result<Meaning> meaning_of(long status, bool was_conditional);

// An entity tag as a header has it, or none where it is too long or not printable. Pure.
[[nodiscard]] Version version_of(std::string_view header_value);

// May it stand in If-Match, which compares strongly (RFC 9110 section 13.1.1)?
[[nodiscard]] bool is_strong(const Version& version);

}  // namespace cw::fetch
