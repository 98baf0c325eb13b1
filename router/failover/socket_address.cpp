// SPDX-License-Identifier: Apache-2.0
#include "router/failover/socket_address.h"

#include <cstring>

#include <netinet/in.h>

namespace cw::failover {

SocketName name_of(const net::SocketAddress& address) {
  SocketName name;
  if (address.ip.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(address.port);
    std::memcpy(&in.sin_addr, address.ip.bytes().data(), sizeof in.sin_addr);
    std::memcpy(&name.storage, &in, sizeof in);
    name.size = sizeof in;
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(address.port);
    std::memcpy(&in.sin6_addr, address.ip.bytes().data(), sizeof in.sin6_addr);
    std::memcpy(&name.storage, &in, sizeof in);
    name.size = sizeof in;
  }
  return name;
}

}  // namespace cw::failover
