// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/namespace_socket.h"

#include <cerrno>
#include <cstring>

#include <sys/socket.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>

#include "tests/bench/figures.h"

namespace cw::bench {

void check(bool done, const char* what) {
  if (!done) {
    fail(fmt::format("{}: {}", what, std::strerror(errno)));
  }
}

UniqueFd socket_in(const std::string& name, int family, int type, int protocol) {
  const UniqueFd there(::open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC));
  check(there && ::setns(there.get(), CLONE_NEWNET) == 0, "cannot enter the namespace");
  UniqueFd made(::socket(family, type | SOCK_CLOEXEC, protocol));
  check(static_cast<bool>(made), "cannot make a socket");
  return made;
}

}  // namespace cw::bench
