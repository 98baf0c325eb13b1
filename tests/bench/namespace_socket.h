// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/unique_fd.h"

// Sockets in network namespaces, for benchmarks that are both ends of what they measure.
namespace cw::bench {

// A call into the kernel that has to succeed; otherwise fail() with errno.
void check(bool done, const char* what);

// It belongs to the namespace (one of `ip netns`) in which it was made. The calling thread stays in
// that namespace.
[[nodiscard]] UniqueFd socket_in(const std::string& name, int family, int type, int protocol);

}  // namespace cw::bench
