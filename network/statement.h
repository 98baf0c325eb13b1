// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "net/prefix.h"

// What a signature says about the file it signs: one line, the trusted comment of the signature.
//
//   causeway netmap serial=42 network=fd5e:3a1c:9b04::/48 time=2026-11-28T13:00:00Z revocations=3
//   causeway revocations serial=4 network=fd5e:3a1c:9b04::/48 time=2026-11-28T13:00:00Z
//
// with ` confirm=600` at the end of a netmap's where it is provisional. Only this form is read.
// Pure.
namespace cw::network {

enum class Content : std::uint8_t { Netmap, Revocations };

[[nodiscard]] std::string_view to_text(Content content);  // "netmap", "revocations"

// What a program that keeps numbers in doubles reads exactly. A serial that nothing can follow
// would end a network.
inline constexpr std::uint64_t kLargestSerial = std::uint64_t{1} << 53U;

// Beyond a day nobody waits beside it.
inline constexpr std::chrono::seconds kLongestConfirm = std::chrono::hours(24);

struct Statement {
  Content content = Content::Netmap;
  std::uint64_t serial = 1;  // from 1 to kLargestSerial; a higher one replaces a lower one
  net::Prefix network;       // the network's ULA, which no other network has
  WallTime time;             // when it was signed
  // Of a netmap: the serial of the last revocation file whose content it took in, 0 for none.
  std::uint64_t revocations = 0;
  // Of a netmap: a router that has not met a higher serial by then goes back to the one before.
  std::optional<std::chrono::seconds> confirm;

  friend bool operator==(const Statement&, const Statement&) = default;
};

[[nodiscard]] std::string to_text(const Statement& statement);

// Only what to_text writes, and no serial over the largest.
Result<Statement> parse_statement(std::string_view text);

}  // namespace cw::network
