// SPDX-License-Identifier: Apache-2.0
#include "router/failover/device_state.h"

#include <algorithm>

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/unique_fd.h"

namespace cw::failover {

bool device_is_up(const std::string& device) {
  ifreq asked{};
  if (device.size() >= sizeof asked.ifr_name) {
    return false;
  }
  std::ranges::copy(device, std::begin(asked.ifr_name));
  const UniqueFd any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return any && ::ioctl(any.get(), SIOCGIFFLAGS, &asked) == 0 && (asked.ifr_flags & IFF_UP) != 0;
}

}  // namespace cw::failover
