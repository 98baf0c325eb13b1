// SPDX-License-Identifier: Apache-2.0
#include "router/agent/access.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <sys/socket.h>

#include <grp.h>

namespace cw::agent {

namespace {

// NGROUPS_MAX is 65536; nobody who is in so many needs this socket.
constexpr std::size_t kMaxGroups = 1024;

// A group's entry with its members; longer ones are read as "no such group" and only root may.
constexpr std::size_t kGroupBuffer = std::size_t{64} << 10U;

}  // namespace

Result<Caller> caller_of(int connection) {
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
    return Error::from_errno(errno, "cannot tell who is calling");
  }
  std::array<gid_t, kMaxGroups> groups{};
  length = sizeof groups;
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length) != 0) {
    return Error::from_errno(errno, "cannot tell the groups of who is calling");
  }
  return Caller{.pid = credentials.pid,
                .uid = credentials.uid,
                .gid = credentials.gid,
                .groups = {groups.begin(), groups.begin() + length / sizeof(gid_t)}};
}

bool may_change(const Caller& caller, std::optional<gid_t> group) {
  return caller.uid == 0 ||
         (group && (caller.gid == *group ||
                    std::ranges::find(caller.groups, *group) != caller.groups.end()));
}

std::optional<gid_t> control_group() {
  std::vector<char> buffer(kGroupBuffer);
  group entry{};
  group* found = nullptr;
  if (::getgrnam_r(kGroup, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return std::nullopt;
  }
  return found->gr_gid;
}

}  // namespace cw::agent
