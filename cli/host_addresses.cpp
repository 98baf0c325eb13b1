// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <fmt/format.h>
#include <ifaddrs.h>

#include "base/printable.h"
#include "cli/init_verb.h"
#include "net/prefix.h"

namespace cw::cli {

std::optional<std::string> uses_shared_addresses() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) {
    return std::nullopt;  // a warning less
  }
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> all(first, ::freeifaddrs);
  const auto shared = net::Prefix::of(net::Ip::v4(0x64400000), 10);  // RFC 6598
  for (const auto* each = all.get(); each != nullptr; each = each->ifa_next) {
    if (std::string_view(each->ifa_name) == "tailscale0") {
      return "this machine runs Tailscale, which has its addresses from 100.64.0.0/10, too";
    }
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET) {
      continue;
    }
    const auto* address = reinterpret_cast<const sockaddr_in*>(each->ifa_addr);
    const auto ip = net::Ip::v4(ntohl(address->sin_addr.s_addr));
    if (shared.contains(ip)) {
      return fmt::format("this machine has the address {} of 100.64.0.0/10 on {}", ip.to_text(),
                         printable(each->ifa_name));
    }
  }
  return std::nullopt;
}

}  // namespace cw::cli
