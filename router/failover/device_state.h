// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

// Whether a network device can carry anything, as the kernel says (netdevice(7)).
namespace cw::failover {

// There is one of this name, and it is up. Where the kernel cannot be asked: false.
[[nodiscard]] bool device_is_up(const std::string& device);

}  // namespace cw::failover
