// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

// What causeway-failover leaves for the agent, in its own runtime folder: files that the agent
// reads when they change (docs/adr/0033-a-netmap-from-a-sibling.md). Pure.
namespace cw::api {

inline constexpr auto kFailoverFolder = "/run/causeway-failover";

// Whoever is in them is named by them.
inline constexpr mode_t kSiblingFilesMode = 0600;

// A signed netmap that a sibling handed over, as it came. Nobody has verified it.
inline constexpr auto kOfferedNetmap = "netmap.offered";

// The same of a signed list of revocations.
inline constexpr auto kOfferedRevocations = "revoked.offered";

// The highest serial that siblings or their record speak of: the source is looked at now. It is
// nothing but a number, and makes no netmap count.
inline constexpr auto kWantedSerial = "netmap.wanted";
inline constexpr std::size_t kLargestWantedSerial = 32;

[[nodiscard]] std::string wanted_text(std::uint64_t serial);  // "42\n"
// None: not of this form.
[[nodiscard]] std::optional<std::uint64_t> wanted_serial(std::string_view text);

}  // namespace cw::api
