// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include <sys/types.h>

#include "base/result.h"

// Who is at the other end of the control socket, as the kernel says (unix(7), SO_PEERCRED and
// SO_PEERGROUPS), and what they may do. The credentials are those of the moment of connect(2).
namespace cw::agent {

// Members may change things through the socket; systemd-sysusers makes it.
inline constexpr auto kGroup = "causeway";

struct Caller {
  pid_t pid = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;

  friend bool operator==(const Caller&, const Caller&) = default;
};

[[nodiscard]] Result<Caller> caller_of(int connection);

// Root and members of `group`. Pure.
[[nodiscard]] bool may_change(const Caller& caller, std::optional<gid_t> group);

// None where this system has no such group.
[[nodiscard]] std::optional<gid_t> control_group();

}  // namespace cw::agent
