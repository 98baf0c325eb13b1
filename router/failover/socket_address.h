// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include "net/endpoint.h"

// Both families' addresses, as the socket calls want them. Pure.
namespace cw::failover {

struct SocketName {
  sockaddr_storage storage{};
  socklen_t size = 0;

  [[nodiscard]] sockaddr* generic() { return reinterpret_cast<sockaddr*>(&storage); }
};

[[nodiscard]] SocketName name_of(const net::SocketAddress& address);

}  // namespace cw::failover
