// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "netlink/codec/route_values.h"

// What RouteSocket asks of the kernel, as whole rtnetlink messages built by libnl-route. `index`
// is that of the device.
namespace cw::netlink {

using Request = std::vector<std::uint8_t>;

[[nodiscard]] Result<Request> new_wireguard(const std::string& device, std::uint32_t mtu);
[[nodiscard]] Result<Request> change_mtu(int index, std::uint32_t mtu);
[[nodiscard]] Result<Request> change_to_up(int index);
[[nodiscard]] Result<Request> delete_link(const std::string& device);
[[nodiscard]] Result<Request> new_address(const Address& address, int index);
[[nodiscard]] Result<Request> new_route(const Route& route, int index, const Ownership& ownership);
[[nodiscard]] Result<Request> new_rule(const Rule& rule, const Ownership& ownership);

}  // namespace cw::netlink
