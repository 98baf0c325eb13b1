// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include <sys/types.h>

// Groups of this machine, from /etc/group (group(5)) alone. The C library would also ask name
// services, by plug-ins: a static program that loads one of them dies. The packages' group is
// always in the file.
namespace cw {

// In the text of such a file; lines that are none are passed over. Pure.
[[nodiscard]] std::optional<gid_t> group_in(std::string_view file, std::string_view name);

// The group that the packages make, for the agent and whoever may ask it; none without them.
[[nodiscard]] std::optional<gid_t> agent_group();

inline constexpr auto kAgentGroup = "causeway";

}  // namespace cw
